// The caption editor in ComfyUI's page, for the scenes: opening, waiting, reading.
import { fitView, openPage, run, turnOnVueNodes, watch } from "../driver.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

/**
 * Where a scene plays.
 *
 * @typedef {object} Place
 * @property {import("playwright-core").Browser} browser
 * @property {string} address of the server
 * @property {string} out folder for pictures
 * @property {string} input the server's input folder
 * @property {string} folder of the pictures, below the input folder
 * @property {{ page: Page, errors: string[] }} [opened] the page, once a scene has opened it
 */

export const NODE = "HunyuanLoraCaptionTemplate";
export const EDITOR = "dialog.hunyuan-lora-captions";

/**
 * The demo workflow up to the captions.
 *
 * @param {Page} page
 * @param {string} address
 * @param {Record<string, Record<string, unknown>>} [widgets] values by class and widget
 */
async function loadCaptions(page, address, widgets = {}) {
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
 * Press the node's button.
 *
 * @param {Page} page
 */
export async function pressButton(page) {
  await page.getByRole("button", { name: "Edit captions" }).click();
}

/**
 * Open the editor and wait for its captions.
 *
 * @param {Page} page
 */
export async function openEditor(page) {
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
export async function settled(editor) {
  await editor.page().waitForTimeout(60);
  await editor
    .page()
    .waitForFunction(
      (query) => document.querySelector(query)?.getAttribute("aria-busy") === "false",
      EDITOR,
      { timeout: 30_000 },
    );
  await editor.page().waitForTimeout(40);
}

/**
 * The page with the captions' part of the demo in it; opened once, because that takes longest.
 *
 * @param {Place} place
 * @param {{ isVue?: boolean, hasClip?: boolean, folder?: string }} [how]
 */
export async function startScene(place, how = {}) {
  place.opened ??= await openOnce(place);
  const { page, errors } = place.opened;
  errors.length = 0;
  await turnOnVueNodes(page, how.isVue ?? false);
  const folder = how.folder ?? place.folder;
  await loadCaptions(page, place.address, { HunyuanLoraLoadImages: { folder } });
  if (how.hasClip === false) await removeClip(page);
  return { page, errors: () => [...errors] };
}

/** @param {Page} page */
async function removeClip(page) {
  await page.evaluate(() => {
    const { graph } = /** @type {any} */ (window).app;
    graph.remove(graph._nodes.find((/** @type {any} */ one) => one.type === "HunyuanLoraDemoModels"));
  });
}

/** @param {Place} place */
async function openOnce({ browser, address }) {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const { errors } = await watch(page);
  await openPage(page, address);
  return { page, errors };
}

/**
 * A widget of the node.
 *
 * @param {Page} page
 * @param {string} name
 * @param {string} [type]
 */
export function widget(page, name, type = NODE) {
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
export async function runNode(page) {
  await run(page, 60_000);
  await page.waitForTimeout(100);
  return page.evaluate((type) => {
    const { app } = /** @type {any} */ (window);
    const node = app.graph._nodes.find((/** @type {any} */ one) => one.type === type);
    return /** @type {string[]} */ (app.nodeOutputs[String(node.id)].hunyuan_report);
  }, NODE);
}

/** The captions that are shown, in order. @param {Locator} editor */
export function captions(editor) {
  return editor
    .locator("article textarea")
    .evaluateAll((areas) => areas.map((area) => /** @type {HTMLTextAreaElement} */ (area).value));
}

/** @param {Locator} editor */
export async function closeEditor(editor) {
  await editor.getByRole("button", { name: "Close", exact: true }).click();
  await editor.waitFor({ state: "detached" });
}
