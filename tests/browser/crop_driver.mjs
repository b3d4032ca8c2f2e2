// Drives the crop editor: loads a small graph, opens the editor, reads what it keeps.
import { fitView, openPage, turnOnVueNodes, watch } from "./driver.mjs";

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
  if (setup.nodes2) await turnOnVueNodes(page);
  await loadGraph(page, setup);
  return Object.assign(page, { errors });
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
  await editor.locator(".hunyuan-lora-crops-overlay .crop").first().waitFor({ timeout: 15_000 });
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
