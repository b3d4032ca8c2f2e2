// Opens ComfyUI's real page, loads an example workflow, runs it, and says what happened.
//
//   node shot.mjs --port N (--workflow NAME [--pack NAME] | --file PATH) --out FILE.png
//                 [--no-run] [--nodes2] [--seconds N] [--save FILE.json] [--set NODE.WIDGET=JSON]...
//
// --set changes a widget of every node of a type; --save writes the loaded graph in the form in which the page saves it.
// Prints one JSON object as its last line; see the typedef. Exit code 0 unless the page itself
// could not be driven. Nothing but 127.0.0.1 is ever reached.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

/**
 * @typedef {object} Outcome
 * @property {string} frontend version of ComfyUI's page
 * @property {string[]} nodes node types in the loaded graph
 * @property {string[]} missing node types that the page does not know
 * @property {Record<string, unknown>} prompt what the page would send to the server
 * @property {string} run_by "button", "app" or "" when the workflow was not run
 * @property {string[]} shown types of the nodes that show at least one loaded picture
 * @property {string[]} without_picture types of output nodes that showed "images" but no picture
 * @property {string} status "success", "error", "interrupted" or ""
 * @property {string[]} reports text of the pack's own reports on the nodes
 * @property {string[]} errors console errors, uncaught errors and failed requests of the page
 * @property {string[]} outside hosts that the page tried to reach
 */

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    workflow: { type: "string" },
    file: { type: "string" },
    pack: { type: "string", default: "hunyuan-lora-studio" },
    out: { type: "string" },
    save: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    "no-run": { type: "boolean", default: false },
    nodes2: { type: "boolean", default: false },
    seconds: { type: "string", default: "600" },
  },
});
const address = `http://127.0.0.1:${options.port}`;
const patience = Number(options.seconds) * 1000;

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-domain-reliability",
  "--metrics-recording-only",
  "--no-pings",
  "--disable-dev-shm-usage",
  "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/**
 * Watch a page: everything it complains about, and every host it wants to reach.
 *
 * @param {import("playwright-core").Page} page
 */
async function watch(page) {
  /** @type {string[]} */
  const errors = [];
  /** @type {Set<string>} */
  const outside = new Set();
  page.on("pageerror", (error) => errors.push(`pageerror: ${error.message}`));
  page.on("console", (message) => {
    // A failed request is reported below, with its address.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      errors.push(`console: ${message.text().slice(0, 400)}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      errors.push(`request: ${response.status()} ${new URL(response.url()).pathname}`);
    }
  });
  await page.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (["data:", "blob:"].includes(url.protocol) || url.hostname === "127.0.0.1") {
      return route.continue();
    }
    outside.add(url.hostname);
    return route.abort();
  });
  return { errors, outside };
}

/**
 * Wait until the page has loaded its own first graph; loading ours earlier would be undone.
 *
 * @param {import("playwright-core").Page} page
 */
async function openPage(page) {
  await page.goto(address, { waitUntil: "domcontentloaded", timeout: 120_000 });
  await page.waitForFunction(
    () => {
      const state = /** @type {any} */ (window);
      const graph = state.app?.graph;
      if (!graph || !state.app.canvas || !state.app.extensionManager) return false;
      const count = graph._nodes.length;
      if (state.__seenNodes !== count || count === 0) {
        state.__seenNodes = count;
        state.__seenAt = performance.now();
      }
      const quietFor = performance.now() - state.__seenAt;
      return quietFor > (count > 0 ? 1500 : 5000);
    },
    null,
    { timeout: 180_000, polling: 250 },
  );
  await page.keyboard.press("Escape");
  await tidyView(page);
}

/**
 * Make the picture readable: text at any zoom, no map over the graph, no announcement above it.
 *
 * @param {import("playwright-core").Page} page
 */
async function tidyView(page) {
  await page.evaluate(async () => {
    const app = /** @type {any} */ (window).app;
    app.canvas.min_font_size_for_lod = 0;
    await app.extensionManager.setting.set("Comfy.Minimap.Visible", false).catch(() => undefined);
  });
  await page.evaluate(() => {
    const banner = [...document.querySelectorAll("div")]
      .filter((box) => box.textContent?.includes("Introducing Nodes 2.0"))
      .filter((box) => box.querySelectorAll("button").length === 2)
      .at(-1);
    [...(banner?.querySelectorAll("button") ?? [])].at(-1)?.click();
  });
  await page.waitForTimeout(400);
}

/**
 * The workflow to load: a file, or an example as the template browser gets it.
 *
 * @param {import("playwright-core").Page} page
 */
async function readWorkflow(page) {
  if (options.file) return JSON.parse(await readFile(options.file, "utf8"));
  const path = `/api/workflow_templates/${options.pack}/${options.workflow}.json`;
  const answer = await page.request.get(address + path);
  if (!answer.ok()) throw new Error(`${path} answered ${answer.status()}`);
  return answer.json();
}

/**
 * Load the workflow and fit it into the window.
 *
 * @param {import("playwright-core").Page} page
 */
async function loadWorkflow(page) {
  const workflow = await readWorkflow(page);
  await page.evaluate(async ({ workflow, name }) => {
    const app = /** @type {any} */ (window).app;
    await app.loadGraphData(workflow, true, true, name);
  }, { workflow, name: options.workflow ?? "workflow" });
  await page.waitForFunction(
    (count) => /** @type {any} */ (window).app.graph._nodes.length === count,
    workflow.nodes.length,
    { timeout: 60_000 },
  );
  await fitView(page);
}

/**
 * Change widgets as `--set` says.
 *
 * @param {import("playwright-core").Page} page
 */
async function setWidgets(page) {
  const wanted = options.set.map((text) => {
    const [, type, name, value] = /^(\w+)\.(\w+)=(.*)$/s.exec(text) ?? [];
    if (!type || !name || value === undefined) throw new Error(`--set ${text}: NODE.WIDGET=JSON`);
    return { type, name, value: JSON.parse(value) };
  });
  await page.evaluate((changes) => {
    const nodes = /** @type {any} */ (window).app.graph._nodes;
    for (const { type, name, value } of changes) {
      const found = nodes
        .filter((/** @type {any} */ node) => node.type === type)
        .flatMap((/** @type {any} */ node) => node.widgets ?? [])
        .filter((/** @type {any} */ widget) => widget.name === name);
      if (found.length === 0) throw new Error(`no widget ${type}.${name}`);
      for (const widget of found) widget.value = value;
    }
  }, wanted);
}

/** @param {import("playwright-core").Page} page */
async function fitView(page) {
  await page.evaluate(() => {
    const app = /** @type {any} */ (window).app;
    const boxes = app.graph._nodes.map((/** @type {any} */ node) => node.boundingRect ?? node.getBounding());
    const left = Math.min(...boxes.map((/** @type {number[]} */ b) => b[0]));
    const top = Math.min(...boxes.map((/** @type {number[]} */ b) => b[1]));
    const right = Math.max(...boxes.map((/** @type {any} */ b) => b[0] + b[2]));
    const bottom = Math.max(...boxes.map((/** @type {any} */ b) => b[1] + b[3]));
    const view = app.canvas.canvas.getBoundingClientRect();
    const margin = 60;
    const above = 60; // the Run button's bar
    const scale = Math.min(
      (view.width - 2 * margin) / (right - left),
      (view.height - 2 * margin - above) / (bottom - top),
      1,
    );
    app.canvas.ds.scale = scale;
    app.canvas.ds.offset = [
      (view.width / scale - (right - left)) / 2 - left,
      ((view.height + above) / scale - (bottom - top)) / 2 - top,
    ];
    app.canvas.setDirty(true, true);
  });
  await page.waitForTimeout(800);
}

/**
 * Press the Run button; where this version has none that we know, ask the page itself.
 *
 * @param {import("playwright-core").Page} page
 */
async function run(page) {
  await page.evaluate(() => {
    const state = /** @type {any} */ (window);
    state.__status = "";
    for (const ending of ["success", "error", "interrupted"]) {
      state.app.api.addEventListener(`execution_${ending}`, () => (state.__status = ending));
    }
  });
  const button = page
    .locator('[data-testid="queue-button"] button, .queue-button-group button, .comfyui-queue-button button')
    .first();
  const isThere = await button.isVisible().catch(() => false);
  if (isThere) await button.click();
  else await page.evaluate(() => /** @type {any} */ (window).app.queuePrompt(0, 1));
  await page.waitForFunction(() => /** @type {any} */ (window).__status !== "", null, {
    timeout: patience,
    polling: 250,
  });
  return isThere ? "button" : "app";
}

/**
 * Wait until every picture that a node's output names is on the node.
 *
 * @param {import("playwright-core").Page} page
 */
async function readPictures(page) {
  await page
    .waitForFunction(
      () => {
        const app = /** @type {any} */ (window).app;
        return app.graph._nodes.every((/** @type {any} */ node) => {
          const output = app.nodeOutputs?.[String(node.id)];
          const expects = (output?.images ?? []).length > 0;
          return !expects || (node.imgs ?? []).some((/** @type {any} */ i) => i.naturalWidth > 0);
        });
      },
      null,
      { timeout: 20_000, polling: 250 },
    )
    .catch(() => undefined);
  return page.evaluate(() => {
    const app = /** @type {any} */ (window).app;
    /** @type {string[]} */
    const shown = [];
    /** @type {string[]} */
    const without = [];
    for (const node of app.graph._nodes) {
      const expects = (app.nodeOutputs?.[String(node.id)]?.images ?? []).length > 0;
      const has = (node.imgs ?? []).some((/** @type {any} */ image) => image.naturalWidth > 0);
      if (has) shown.push(node.type);
      else if (expects) without.push(node.type);
    }
    return { shown, without };
  });
}

async function main() {
  const flags = process.getuid?.() === 0 ? [...FLAGS, "--no-sandbox"] : FLAGS;
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    args: flags,
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
    const page = await context.newPage();
    const { errors, outside } = await watch(page);
    await openPage(page);
    if (options.nodes2) await turnOnVueNodes(page);
    await loadWorkflow(page);
    await setWidgets(page);
    const loaded = await page.evaluate(async () => {
      const app = /** @type {any} */ (window).app;
      const registered = /** @type {any} */ (window).LiteGraph.registered_node_types;
      const types = app.graph._nodes.map((/** @type {any} */ node) => node.type);
      return {
        frontend: String(/** @type {any} */ (window).__COMFYUI_FRONTEND_VERSION__ ?? ""),
        nodes: types,
        missing: types.filter((/** @type {string} */ type) => !registered[type]),
        prompt: (await app.graphToPrompt()).output,
      };
    });
    /** @type {Outcome} */
    const outcome = {
      ...loaded,
      run_by: "",
      shown: [],
      without_picture: [],
      status: "",
      reports: [],
      errors,
      outside: [],
    };
    if (!options["no-run"]) {
      outcome.run_by = await run(page);
      const pictures = await readPictures(page);
      outcome.shown = pictures.shown;
      outcome.without_picture = pictures.without;
      outcome.status = await page.evaluate(() => /** @type {any} */ (window).__status);
      await fitView(page);
    }
    outcome.reports = await page.locator(".hunyuan-lora-report").allInnerTexts();
    outcome.outside = [...outside];
    if (options.save) {
      const saved = await page.evaluate(() => /** @type {any} */ (window).app.graph.serialize());
      await writeFile(options.save, `${JSON.stringify(saved, null, 1)}\n`);
    }
    if (options.out) await page.screenshot({ path: options.out });
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  } finally {
    await browser.close();
  }
}

/**
 * Switch to the page's newer way of drawing nodes.
 *
 * @param {import("playwright-core").Page} page
 */
async function turnOnVueNodes(page) {
  await page.evaluate(async () => {
    const settings = /** @type {any} */ (window).app.ui.settings;
    const name = "Comfy.VueNodes.Enabled";
    if (settings.setSettingValueAsync) await settings.setSettingValueAsync(name, true);
    else settings.setSettingValue(name, true);
  });
}

await main();
