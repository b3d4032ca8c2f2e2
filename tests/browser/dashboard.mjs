// Watches and leads a real training in ComfyUI's page, and looks through runs that are over.
//
//   node dashboard.mjs --port N --scene live|library --out FOLDER
//
// Prints one JSON object as its last line: what was seen. "live" trains the demo workflow on a few
// small crops; "library" needs runs in the server's output folder.
import { parseArgs } from "node:util";
import { fitView, launch, openPage, watch } from "./driver.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

const { values: options } = parseArgs({
  options: { port: { type: "string" }, scene: { type: "string" }, out: { type: "string" } },
});
const address = `http://127.0.0.1:${options.port}`;
const RUN = "browser_live";
const PATIENCE_MS = 120_000;

/** @param {Page} page */
async function openSidebar(page) {
  await page.locator("button:has(.pi-chart-line)").first().click();
  const side = page.locator(".hunyuan-lora-side");
  await side.waitFor();
  return side;
}

/** @param {Locator} place */
async function readStatus(place) {
  const state = await place.locator(".hunyuan-lora-state").first().innerText();
  const words = await place.locator(".hunyuan-lora-strong").first().innerText();
  const [step, total] = words.replaceAll(",", "").match(/\d+/g)?.map(Number) ?? [];
  return { state, step: step ?? 0, total: total ?? 0 };
}

/**
 * Wait until a dashboard says something.
 *
 * @param {Locator} place
 * @param {(status: { state: string, step: number, total: number }) => boolean} isIt
 * @param {string} what for the error
 */
async function waitFor(place, isIt, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const status = await readStatus(place).catch(() => ({ state: "", step: 0, total: 0 }));
    if (isIt(status)) return status;
    if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(status)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * The demo workflow up to the training, with a few small crops and with previews.
 *
 * @param {Page} page
 */
async function loadTraining(page) {
  const path = "/api/workflow_templates/hunyuan-lora-studio/hunyuan_lora_demo.json";
  const workflow = await (await page.request.get(address + path)).json();
  await page.evaluate(
    async ({ workflow, run }) => {
      const state = /** @type {any} */ (window);
      await state.app.loadGraphData(workflow, true, true, "live");
      const nodes = () => state.app.graph._nodes;
      const find = (/** @type {string} */ type) => nodes().find((/** @type {any} */ node) => node.type === type);
      const set = (/** @type {any} */ node, /** @type {Record<string, unknown>} */ values) => {
        for (const widget of node.widgets ?? []) if (widget.name in values) widget.value = values[widget.name];
      };
      for (const type of ["HunyuanLoraPickCheckpoint", "HunyuanLoraLossPlot", "HunyuanLoraPreview"]) {
        state.app.graph.remove(find(type));
      }
      set(find("HunyuanLoraCropToBuckets"), { buckets: "96x160, 128x128", shots: "full_body, headshot" });
      set(find("HunyuanLoraBuildDataset"), { name: "browser_live" });
      const train = find("HunyuanLoraTrain");
      set(train, { run_name: run, length: 3000, length_unit: "steps", save_every: 10, save_unit: "steps", hold_out: 1, accumulation: 1 });
      set(find("HunyuanLoraPreviewSettings"), { prompts: "alva, a woman\na robot", width: 96, height: 96, steps: 2, every: 100000, unit: "steps" });
    },
    { workflow, run: RUN },
  );
  await fitView(page);
}

/**
 * Answer the pack's question.
 *
 * @param {Page} page
 * @param {string} yes
 */
async function confirm(page, yes) {
  await page.locator(".hunyuan-lora-question").getByRole("button", { name: yes, exact: true }).click();
}

/**
 * The steps in the table of numbers.
 *
 * @param {Locator} place
 */
async function readTable(place) {
  await place.getByText("Numbers as a table").click();
  await place.locator(".hunyuan-lora-fold .hl-chart-table").waitFor();
  return place.locator(".hunyuan-lora-fold .hl-chart-table").first().innerText();
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
async function live(browser, out) {
  const first = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const { errors } = await watch(first);
  await openPage(first, address);
  await loadTraining(first);
  await first.evaluate(() => /** @type {any} */ (window).app.queuePrompt(0, 1));
  const panel = first.locator(".hunyuan-lora-in-node");
  const early = await waitFor(panel, ({ step }) => step >= 3, "no live step in the node");
  const later = await waitFor(panel, ({ step }) => step > early.step, "the step does not grow");
  await fitView(first);
  await first.screenshot({ path: `${out}/node.png` });

  await first.reload();
  await openPage(first, address);
  const side = await openSidebar(first);
  const restored = await waitFor(side, ({ step }) => step > later.step, "not restored");
  await first.evaluate(() => /** @type {any} */ (window).app.api.socket.close());
  await waitFor(side, ({ step }) => step > restored.step + 20, "the connection did not come back");
  const table = await readTable(side);

  const second = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const others = await watch(second);
  await openPage(second, address);
  const remote = await openSidebar(second);
  await waitFor(remote, ({ step }) => step > restored.step, "the second browser sees nothing");
  await remote.getByRole("button", { name: "Pause" }).click();
  const paused = await waitFor(side, ({ state }) => state === "Paused", "not paused");
  await first.waitForTimeout(1500);
  const stillPaused = await readStatus(side);
  await side.screenshot({ path: `${out}/paused.png` });
  await side.getByRole("button", { name: "Resume" }).click();
  await waitFor(remote, ({ step, state }) => step > paused.step && state === "Running", "not resumed");

  const checkpoints = side.getByLabel("Back to").locator("option");
  const savedBefore = await checkpoints.count();
  await remote.getByRole("button", { name: "Save now" }).click();
  await waitForCount(checkpoints, savedBefore + 1);
  await remote.getByRole("button", { name: "Sample now" }).click();
  await waitForCount(side.locator("tbody tr:has(.hunyuan-lora-thumb)"), 2);
  const previews = await side.locator(".hunyuan-lora-grid tbody th").allInnerTexts();

  await remote.getByLabel("Steps in all").fill("2500");
  await remote.getByRole("button", { name: "Change" }).click();
  await confirm(second, "Change");
  const changed = await waitFor(side, ({ total }) => total === 2500, "the length did not change");

  await remote.getByLabel("Back to").selectOption({ index: 0 });
  const target = Number(await remote.getByLabel("Back to").inputValue());
  const before = await readStatus(remote);
  await remote.getByRole("button", { name: "Take back" }).click();
  await confirm(second, "Take back");
  const back = await waitFor(side, ({ step }) => step < before.step, "not taken back");

  await remote.screenshot({ path: `${out}/side.png` });
  await side.getByRole("button", { name: "Stop and keep" }).first().click();
  const stopped = await waitFor(remote, ({ state }) => state === "Stopped and kept", "not stopped");
  const history = await (await first.request.get(`${address}/api/hunyuan_lora/runs/${RUN}/history`)).json();
  const isLocked = await remote.getByRole("button", { name: "Save now" }).getAttribute("aria-disabled");

  await side.getByRole("tab", { name: "All runs" }).click();
  await side.getByRole("button", { name: "Copy settings" }).first().click();
  await confirm(first, "Open");
  await first.waitForFunction(
    (name) =>
      /** @type {any} */ (window).app.graph._nodes.some((/** @type {any} */ node) =>
        (node.widgets ?? []).some((/** @type {any} */ widget) => widget.value === name),
      ),
    `${RUN}_copy`,
  );
  return {
    early, later, restored, table, paused, stillPaused, previews, changed, before, target, back, stopped,
    history: { steps: history.step, actions: history.controls.map((/** @type {any} */ one) => one.action), stop: history.stop?.reason },
    isLocked,
    errors: [...errors, ...others.errors],
  }; // prettier-ignore
}

/**
 * @param {Locator} list
 * @param {number} least
 */
async function waitForCount(list, least) {
  const end = Date.now() + PATIENCE_MS;
  while ((await list.count()) < least) {
    if (Date.now() > end) throw new Error(`only ${await list.count()} instead of ${least}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
async function library(browser, out) {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const { errors } = await watch(page);
  await openPage(page, address);
  const side = await openSidebar(page);
  for (const palette of ["light", "dark"]) {
    await page.evaluate(
      (name) => /** @type {any} */ (window).app.extensionManager.setting.set("Comfy.ColorPalette", name),
      palette,
    );
    await page.waitForTimeout(800);
    await page.screenshot({ path: `${out}/${palette}.png` });
  }
  await side.getByRole("tab", { name: "All runs" }).click();
  const cards = side.locator("article");
  await cards.first().waitFor();
  const names = await cards.locator("h3").allInnerTexts();
  const markup = await side.locator("article b").count();
  for (const box of await side.locator("article input").all()) await box.check();
  await side.getByRole("button", { name: /^Compare/ }).first().click();
  const differs = side.getByRole("region", { name: "Comparison" });
  // Each run comes when the server has read it; until then it has no values.
  await differs.locator("tr").filter({ hasText: "rank (lora)", hasNotText: "-" }).waitFor();
  const differing = await differs.innerText();
  const verdict = await side.getByRole("region", { name: "Verdict" }).innerText();

  await side.locator("button.hunyuan-lora-thumb").first().click();
  const viewer = page.locator("dialog.hunyuan-lora-viewer");
  const title = () => viewer.locator(".hunyuan-lora-strong").innerText();
  const seen = [await title()];
  for (const key of ["ArrowDown", "ArrowRight", "ArrowUp"]) {
    await page.keyboard.press(key);
    seen.push(await title());
  }
  await page.keyboard.press("ArrowDown");
  await viewer.getByRole("button", { name: /Side by side/ }).click();
  const sideBySide = await viewer.locator("img").count();
  await page.screenshot({ path: `${out}/viewer.png` });
  await page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });

  await side.getByRole("button", { name: "Use this one" }).click();
  await page.getByText("is now in models/loras").first().waitFor();
  await side.getByRole("tab", { name: "All runs" }).click();
  const gone = names.at(-1) ?? "";
  await cards.last().getByRole("button", { name: "Delete" }).click();
  const question = await page.locator(".hunyuan-lora-question").innerText();
  await confirm(page, "Delete");
  await page.getByRole("button", { name: "Undo" }).waitFor();
  await side.getByRole("article", { name: gone, exact: true }).waitFor({ state: "detached" });
  const left = await cards.locator("h3").allInnerTexts();
  await side.getByRole("button", { name: "Undo" }).click();
  await cards.nth(names.length - 1).waitFor();
  return { names, markup, differing, verdict, seen, sideBySide, question, gone, left, errors };
}

const browser = await launch();
try {
  const scene = options.scene === "live" ? live : library;
  const outcome = await scene(browser, options.out ?? ".");
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
} finally {
  await browser.close();
}
