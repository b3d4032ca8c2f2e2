// Edits captions in ComfyUI's page, with a real server behind it.
//
//   node captions.mjs --port N --scene edit|files|vue|many|picture --out FOLDER [--input FOLDER]
//
// Prints one JSON object as its last line: what was seen. "picture" only writes captions.png, the
// picture of the README, into --out. --input is the server's input folder.
import { parseArgs } from "node:util";
import { fitView, launch, openPage, turnOnVueNodes, watch } from "./driver.mjs";

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
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
async function picture(browser, out) {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  await openPage(page, address);
  await loadCaptions(page);
  const editor = await openEditor(page);
  await editor.locator("img").first().waitFor();
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${out}/captions.png` });
  return {};
}

const browser = await launch();
try {
  const scenes = { picture };
  const scene = scenes[/** @type {keyof typeof scenes} */ (options.scene)];
  process.stdout.write(`${JSON.stringify(await scene(browser, options.out))}\n`);
} finally {
  await browser.close();
}
