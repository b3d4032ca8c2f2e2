// Edits captions in ComfyUI's page, with a real server behind it.
//
//   node captions.mjs --port N --scene edit|keys|files|many|picture --out FOLDER [--input FOLDER]
//
// Prints one JSON object as its last line: what was seen. "picture" only writes captions.png, the
// picture of the README, into --out. --input is the server's input folder.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { fitView, launch, openPage, run, turnOnVueNodes, watch } from "./driver.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    scene: { type: "string" },
    out: { type: "string", default: "." },
    input: { type: "string", default: "" },
  },
});
const address = `http://127.0.0.1:${options.port}`;
const NODE = "HunyuanLoraCaptionTemplate";
const EDITOR = "dialog.hunyuan-lora-captions";
const FOLDER = "hunyuan_lora_demo/character";

/**
 * The demo workflow up to the captions.
 *
 * @param {Page} page
 * @param {Record<string, Record<string, unknown>>} [widgets] values by class and widget
 */
async function loadCaptions(page, widgets = {}) {
  const path = "/api/workflow_templates/hunyuan-lora-studio/hunyuan_lora_demo.json";
  const workflow = await (await page.request.get(address + path)).json();
  await page.evaluate(
    async ({ workflow, widgets }) => {
      const app = /** @type {any} */ (window).app;
      await app.loadGraphData(workflow, true, true, "captions");
      const wanted = ["DemoModels", "LoadImages", "CropToBuckets", "CaptionTemplate"];
      for (const node of [...app.graph._nodes]) {
        if (!wanted.includes(node.type.replace("HunyuanLora", ""))) app.graph.remove(node);
        for (const widget of node.widgets ?? []) {
          if (widget.name in (widgets[node.type] ?? {})) widget.value = widgets[node.type]?.[widget.name];
        }
      }
    },
    { workflow, widgets },
  );
  await fitView(page);
}

/**
 * Press the node's button, where the renderer has drawn it.
 *
 * @param {Page} page
 */
async function pressButton(page) {
  const drawn = page.locator("[data-node-id]").getByRole("button", { name: "Edit captions" });
  if ((await drawn.count()) > 0) {
    await drawn.click();
    return;
  }
  const place = await page.evaluate((type) => {
    const app = /** @type {any} */ (window).app;
    const node = app.graph._nodes.find((/** @type {any} */ one) => one.type === type);
    const widget = node.widgets.find((/** @type {any} */ one) => one.name === "Edit captions");
    const { scale, offset } = app.canvas.ds;
    const view = app.canvas.canvas.getBoundingClientRect();
    return {
      x: view.left + (node.pos[0] + node.size[0] / 2 + offset[0]) * scale,
      y: view.top + (node.pos[1] + (widget.last_y ?? widget.y) + 10 + offset[1]) * scale,
    };
  }, NODE);
  await page.mouse.click(place.x, place.y);
}

/**
 * Open the editor and wait for its captions.
 *
 * @param {Page} page
 */
async function openEditor(page) {
  await pressButton(page);
  const editor = page.locator(EDITOR);
  await editor.locator("article").first().waitFor();
  await settled(editor);
  return editor;
}

/**
 * Wait until the server has answered everything.
 *
 * @param {Locator} editor
 */
async function settled(editor) {
  await editor.page().waitForTimeout(60);
  await editor.page().waitForFunction(
    (query) => document.querySelector(query)?.getAttribute("aria-busy") === "false",
    EDITOR,
    { timeout: 30_000 },
  );
  await editor.page().waitForTimeout(40);
}

/**
 * A new page with the captions' part of the demo in it.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {{ isVue?: boolean, widgets?: Record<string, Record<string, unknown>> }} [how]
 */
async function newPage(browser, how = {}) {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const { errors } = await watch(page);
  await openPage(page, address);
  if (how.isVue) await turnOnVueNodes(page);
  await loadCaptions(page, how.widgets);
  return { page, errors };
}

/**
 * A widget of the node.
 *
 * @param {Page} page
 * @param {string} name
 * @param {string} [type]
 */
function widget(page, name, type = NODE) {
  return page.evaluate(
    ({ name, type }) => {
      const nodes = /** @type {any} */ (window).app.graph._nodes;
      const node = nodes.find((/** @type {any} */ one) => one.type === type);
      return String(node.widgets.find((/** @type {any} */ one) => one.name === name).value);
    },
    { name, type },
  );
}

/** What the node's report says after a run. @param {Page} page */
async function runNode(page) {
  await run(page, 60_000);
  await page.waitForTimeout(100);
  return page.evaluate((type) => {
    const { app } = /** @type {any} */ (window);
    const node = app.graph._nodes.find((/** @type {any} */ one) => one.type === type);
    return /** @type {string[]} */ (app.nodeOutputs[String(node.id)].hunyuan_report);
  }, NODE);
}

/** The captions that are shown, in order. @param {Locator} editor */
function captions(editor) {
  return editor
    .locator("article textarea")
    .evaluateAll((areas) => areas.map((area) => /** @type {HTMLTextAreaElement} */ (area).value));
}

/** @param {Locator} editor */
async function closeEditor(editor) {
  await editor.getByRole("button", { name: "Close", exact: true }).click();
  await editor.waitFor({ state: "detached" });
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
async function edit(browser, out) {
  const { page, errors } = await newPage(browser);
  const editor = await openEditor(page);
  const cards = editor.locator("article");
  const first = cards.nth(0);
  const before = await captions(editor);

  await first.locator("textarea").fill("alva, a woman, written by hand");
  await settled(editor);
  const byHand = { origin: await first.locator("[data-origin]").innerText(), bars: await first.locator("[role=img]").count() };
  await first.getByRole("button", { name: "Revert" }).click();
  await settled(editor);
  const reverted = (await captions(editor))[0];
  await page.keyboard.press("Control+z");
  await settled(editor);
  const undone = (await captions(editor))[0];

  const fields = await setFields(editor);
  const replaced = await replaceAll(editor);
  const selected = await changeSelected(editor);
  await first.locator("textarea").fill(`${"word ".repeat(90)}end`);
  await settled(editor);
  const beyond = await first.locator("mark[data-kind=beyond]").innerText();
  const count = await first.getByRole("img", { name: /CLIP-L/ }).getAttribute("aria-label");
  await page.screenshot({ path: `${out}/beyond.png` });
  const mended = await mendAll(editor);
  const last = await captions(editor);
  await closeEditor(editor);

  const stored = await widget(page, "edited_captions");
  const report = await runNode(page);
  const again = await openEditor(page);
  const reopened = await captions(again);
  await again.getByRole("button", { name: "Revert all" }).click();
  await settled(again);
  const afterAll = await captions(again);
  await closeEditor(again);
  const emptied = await widget(page, "edited_captions");
  const pose = await widget(page, "pose");
  return { before, byHand, reverted, undone, fields, replaced, selected, beyond, count, mended, last, stored, report, reopened, afterAll, emptied, pose, errors }; // prettier-ignore
}

/** Set the pose at all three levels. @param {Locator} editor */
async function setFields(editor) {
  const second = editor.locator("article").nth(1);
  await second.locator("[data-origin]").click();
  /** @type {Record<string, string[]>} */
  const seen = {};
  for (const [level, value] of [["Whole set", "jumping"], ["This picture", "sitting"], ["This crop", "running"]]) {
    await editor.getByRole("tab", { name: String(level) }).click();
    await editor.getByLabel("Pose", { exact: true }).fill(String(value));
    await settled(editor);
    const chip = editor.locator(".hunyuan-lora-cap-set", { hasText: "Pose" }).locator("[data-source]");
    seen[String(level)] = [await second.locator("textarea").inputValue(), await chip.innerText()];
  } // prettier-ignore
  await editor.getByRole("button", { name: "Take away this value of Pose" }).click();
  await settled(editor);
  return { seen, cleared: await second.locator("textarea").inputValue() };
}

/** @param {Locator} editor */
async function replaceAll(editor) {
  const page = editor.page();
  await page.keyboard.press("Control+f");
  await editor.getByLabel("Find", { exact: true }).fill("purple (DRESS)");
  await editor.getByLabel("Replace with", { exact: true }).fill("red $1");
  await editor.getByLabel("Regular expression").check();
  const panel = editor.getByRole("region", { name: "Find and replace" });
  const count = await panel.getByRole("status").innerText();
  const preview = await panel.locator("li").first().innerText();
  const marked = await editor.locator("mark[data-kind=hit]").first().innerText();
  await panel.getByRole("button", { name: "Replace all" }).click();
  await settled(editor);
  const after = await captions(editor);
  await editor.getByRole("button", { name: "Undo" }).click();
  await settled(editor);
  const undone = await captions(editor);
  await editor.getByRole("button", { name: "Redo" }).click();
  await settled(editor);
  return { count, preview, marked, after, undone, redone: await captions(editor) };
}

/** @param {Locator} editor */
async function changeSelected(editor) {
  const head = (/** @type {number} */ index) => editor.locator("article").nth(index).locator("[data-origin]");
  await head(1).click();
  await head(3).click({ modifiers: ["Shift"] });
  await head(2).click({ modifiers: ["Control"] });
  await editor.getByRole("tab", { name: "Selected (2)" }).click();
  const panel = editor.getByRole("region", { name: "Selected captions" });
  const title = await panel.locator("h3").first().innerText();
  await panel.getByLabel("Words to add").fill("Soft light.");
  await panel.getByRole("button", { name: "Put after" }).click();
  await settled(editor);
  const added = (await captions(editor)).map((text) => text.endsWith("Soft light."));
  await editor.getByLabel("Select", { exact: true }).selectOption({ label: "Shot: headshot" });
  const shots = await editor.locator("article[data-selected=true]").evaluateAll((all) => all.map((one) => one.getAttribute("data-crop")));
  await panel.getByRole("button", { name: "Revert selected" }).click();
  await settled(editor);
  return { title, added, shots };
}

/** Mention what must not be named in two captions, and mend both at once. @param {Locator} editor */
async function mendAll(editor) {
  for (const index of [4, 5]) {
    await editor.locator("article").nth(index).locator("textarea").fill("alva, a woman with teal hair and horns, standing.");
  }
  await settled(editor);
  const card = editor.locator("article").nth(4);
  const warning = await card.locator(".hunyuan-lora-cap-warning").allInnerTexts();
  await card.getByRole("button", { name: "All 2" }).first().click();
  await settled(editor);
  return { warning, after: (await captions(editor)).slice(4, 6) };
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
async function picture(browser, out) {
  const { page } = await newPage(browser);
  const editor = await openEditor(page);
  await editor.locator("img").first().waitFor();
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${out}/captions.png` });
  return {};
}

const browser = await launch();
try {
  const scenes = { edit, picture };
  const scene = scenes[/** @type {keyof typeof scenes} */ (options.scene)];
  process.stdout.write(`${JSON.stringify(await scene(browser, options.out))}\n`);
} finally {
  await browser.close();
}
