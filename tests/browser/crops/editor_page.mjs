// Drives the crop editor: loads a small graph, opens the editor, reads what it keeps.
import { fitView, openPage, watch } from "../driver.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/**
 * @typedef {object} Setup
 * @property {string} folder below the input folder
 * @property {string} [boxes] text of the `boxes` widget
 * @property {boolean} [nodes2] draw the nodes the newer way
 * @property {boolean} [hasTouch]
 * @property {{ width: number, height: number }} [viewport]
 */

/**
 * A page with Load Training Images and Crop to Buckets in it.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 * @param {Setup} setup
 */
export async function openInNewPage(browser, address, setup) {
  const viewport = setup.viewport ?? { width: 1600, height: 1000 };
  const context = await browser.newContext({ viewport, hasTouch: setup.hasTouch ?? false });
  const page = await context.newPage();
  const { errors } = await watch(page);
  await openPage(page, address);
  await drawNodes(page, setup.nodes2 ?? false);
  await loadGraph(page, setup);
  return Object.assign(page, { errors });
}

/**
 * Choose how the page draws nodes; ComfyUI keeps it for later pages too.
 *
 * @param {Page} page
 * @param {boolean} isNewer
 */
export async function drawNodes(page, isNewer) {
  await page.evaluate(
    (value) => /** @type {any} */ (window).app.extensionManager.setting.set("Comfy.VueNodes.Enabled", value),
    isNewer,
  );
}

/**
 * @param {Page} page
 * @param {Setup} setup
 */
async function loadGraph(page, { folder, boxes = "" }) {
  await page.evaluate(
    ({ folder, boxes }) => {
      const state = /** @type {any} */ (window);
      const { graph } = state.app;
      graph.clear();
      const add = (/** @type {string} */ type, /** @type {number} */ x, /** @type {object} */ values) => {
        const node = state.LiteGraph.createNode(type);
        node.pos = [x, 60];
        graph.add(node);
        for (const [name, value] of Object.entries(values)) {
          node.widgets.find((/** @type {any} */ widget) => widget.name === name).value = value;
        }
        return node;
      };
      const load = add("HunyuanLoraLoadImages", 40, { folder, minimum_side: 64 });
      const crops = add("HunyuanLoraCropToBuckets", 520, {
        buckets: "144x256, 192x256, 256x256, 256x192",
        heads_tall: 3.5,
        boxes,
      });
      load.connect(0, crops, 0);
    },
    { folder, boxes },
  );
  await fitView(page);
}

/**
 * Change a widget, as if it had been typed.
 *
 * @param {Page} page
 * @param {string} type of the node
 * @param {string} name of the widget
 * @param {string} value
 */
export async function setWidget(page, type, name, value) {
  await page.evaluate(
    ({ type, name, value }) => {
      const nodes = /** @type {any} */ (window).app.graph._nodes;
      const node = nodes.find((/** @type {any} */ one) => one.type === type);
      node.widgets.find((/** @type {any} */ widget) => widget.name === name).value = value;
    },
    { type, name, value },
  );
}

/**
 * Press the node's button and wait for the pictures.
 *
 * @param {Page} page
 * @param {"mouse" | "keys"} by
 */
export async function openEditor(page, by = "mouse") {
  const button = page.getByRole("button", { name: "Edit crops" });
  if (by === "mouse") await button.click();
  else {
    await button.focus();
    await page.keyboard.press("Enter");
  }
  const editor = page.locator("dialog.hunyuan-lora-crops");
  await editor.locator(".hunyuan-lora-crops-overlay .crop").first().waitFor({ timeout: 60_000 });
  return editor;
}

/**
 * The text of the `boxes` widget.
 *
 * @param {Page} page
 * @returns {Promise<string>}
 */
export function readText(page) {
  return page.evaluate(() => {
    const nodes = /** @type {any} */ (window).app.graph._nodes;
    const node = nodes.find((/** @type {any} */ one) => one.type === "HunyuanLoraCropToBuckets");
    return node.widgets.find((/** @type {any} */ widget) => widget.name === "boxes").value;
  });
}

/**
 * Wait until what was changed is shown: the editor draws before the next frame.
 *
 * @param {Locator} editor
 */
function drawn(editor) {
  return editor.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

/**
 * The crops of the chosen picture as the list says them: shot, bucket and box in pixels.
 *
 * @param {Locator} editor
 * @returns {Promise<{ shot: string, bucket: string, box: number[] }[]>}
 */
export async function readCrops(editor) {
  await drawn(editor);
  const list = editor.getByRole("listbox", { name: "Crops of this picture" });
  const labels = await list
    .getByRole("option")
    .evaluateAll((rows) => rows.map((row) => row.getAttribute("aria-label") ?? ""));
  return labels.map((label) => {
    const found = /^Crop \d+, ([\w ]+), (\d+) × (\d+), (\d+) × (\d+) pixels at (\d+), (\d+)/.exec(label);
    if (!found) throw new Error(`unreadable: ${label}`);
    const [, shot = "", across, along, width, height, left, top] = found;
    return { shot, bucket: `${across}x${along}`, box: [left, top, width, height].map(Number) };
  });
}

/**
 * The chosen crop as the list says it.
 *
 * @param {Locator} editor
 */
export async function readChosen(editor) {
  const crops = await readCrops(editor);
  const chosen = await editor
    .getByRole("listbox", { name: "Crops of this picture" })
    .getByRole("option")
    .evaluateAll((rows) => rows.findIndex((row) => row.getAttribute("aria-selected") === "true"));
  return crops[chosen] ?? null;
}

/**
 * Where the chosen crop is on the screen.
 *
 * @param {Locator} editor
 */
export async function findChosen(editor) {
  await drawn(editor);
  const rect = await editor.locator(".hunyuan-lora-crops-overlay .crop.selected .line").boundingBox();
  if (!rect) throw new Error("no crop is chosen");
  const { x, y, width, height } = rect;
  return { x, y, width, height, middle: { x: x + width / 2, y: y + height / 2 } };
}

/**
 * Choose a crop of the list by its number.
 *
 * @param {Locator} editor
 * @param {number} number
 */
export async function choose(editor, number) {
  await editor.getByRole("option", { name: new RegExp(`^Crop ${number},`) }).click();
}

/**
 * @param {Page} page
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} by
 */
export async function drag(page, from, by) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  for (let step = 1; step <= 6; step++) {
    await page.mouse.move(from.x + (by.x * step) / 6, from.y + (by.y * step) / 6);
  }
  await page.mouse.up();
}

/**
 * Wait until what was edited is in the widget, and close the editor by Escape.
 *
 * @param {Page} page
 * @param {Locator} editor
 */
export async function leave(page, editor) {
  for (let turn = 0; turn < 3 && (await editor.count()) > 0; turn++) {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(80);
  }
  await editor.waitFor({ state: "detached", timeout: 5000 });
  return readText(page);
}
