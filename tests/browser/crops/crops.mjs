// Edits crops in ComfyUI's page: by mouse, by keys alone, by touch.
//
//   node crops.mjs --port N --scene NAME --out FOLDER [--folder NAME] [--renamed NAME]
//
// Prints one JSON object as its last line: what was seen. The scene "picture" makes
// crop_editor.png for the documentation. Folders are below the input folder; "renamed" has the
// same pictures under other names.
import { parseArgs } from "node:util";
import {
  choose,
  drag,
  drawNodes,
  findChosen,
  leave,
  openEditor,
  openInNewPage,
  readChosen,
  readCrops,
  readText,
  setWidget,
} from "./editor_page.mjs";
import { pinch, swipe, tap } from "./fingers.mjs";
import { fitView, launch } from "../driver.mjs";
import { scrollManyPictures } from "./strip.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").Locator} Locator */

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    scene: { type: "string", default: "picture" },
    out: { type: "string", default: "." },
    folder: { type: "string", default: "hunyuan_lora_demo/character" },
    renamed: { type: "string", default: "" },
  },
});
const address = `http://127.0.0.1:${options.port}`;
const CROPS = "HunyuanLoraCropToBuckets";
const LOAD = "HunyuanLoraLoadImages";

/**
 * Everything that is done with a mouse, in the classic drawing of nodes.
 *
 * @param {Browser} browser
 */
async function mouse(browser) {
  const page = await openInNewPage(browser, address, { folder: options.folder });
  await page.evaluate(() => {
    const state = /** @type {any} */ (window);
    state.__nodes = [...state.app.graph._nodes];
  });
  const editor = await openEditor(page);
  const proposals = await readCrops(editor);
  const dragged = await dragThrice(page, editor, proposals[4]?.box[2] ?? NaN);
  const added = await addAndDelete(page, editor);
  const crops = await readCrops(editor);
  await page.screenshot({ path: `${options.out}/mouse.png` });
  const text = await leave(page, editor);
  const workflow = await page.evaluate(() => /** @type {any} */ (window).app.graph.serialize());
  const isSameGraph = await page.evaluate(() => {
    const state = /** @type {any} */ (window);
    return state.__nodes.every((/** @type {any} */ node, /** @type {number} */ place) => state.app.graph._nodes[place] === node);
  });
  const odd = await oddTexts(page);
  await page.context().close();
  const later = await reopened(browser, workflow);
  return {
    proposals, ...dragged, added, crops, text, isSameGraph, odd, later,
    errors: [...page.errors, ...later.errors],
  }; // prettier-ignore
}

/**
 * Move a crop, resize it, give it another shape; then take all back and do it again.
 *
 * @param {Page} page
 * @param {Locator} editor
 * @param {number} width of the fifth crop in pixels of the picture
 */
async function dragThrice(page, editor, width) {
  await choose(editor, 5);
  const rect = await findChosen(editor);
  const scale = rect.width / width;
  await drag(page, rect.middle, { x: 30, y: -20 });
  const moved = await readChosen(editor);
  const again = await findChosen(editor);
  await drag(page, { x: again.x + again.width, y: again.y + again.height }, { x: 60, y: 30 });
  const resized = await readChosen(editor);
  const wide = await findChosen(editor);
  await page.keyboard.down("Shift");
  await drag(page, { x: wide.x + wide.width, y: wide.y + wide.height / 2 }, { x: 90, y: 0 });
  await page.keyboard.up("Shift");
  const reshaped = await readChosen(editor);
  await page.waitForTimeout(400);
  const stored = await readText(page);
  for (let turn = 0; turn < 3; turn++) await page.keyboard.press("Control+z");
  await page.waitForTimeout(400);
  const undone = await readText(page);
  for (let turn = 0; turn < 3; turn++) await page.keyboard.press("Control+Shift+z");
  const redone = await readChosen(editor);
  return { scale, moved, resized, reshaped, stored, undone, redone };
}

/**
 * @param {Page} page
 * @param {Locator} editor
 */
async function addAndDelete(page, editor) {
  await editor.locator(".hunyuan-lora-crops-adding select").first().selectOption("headshot");
  await editor.getByRole("button", { name: "Add crop" }).click();
  const stage = await editor.locator(".hunyuan-lora-crops-stage").boundingBox();
  if (!stage) throw new Error("no stage");
  await page.mouse.click(stage.x + stage.width / 2, stage.y + stage.height / 2);
  const one = await readChosen(editor);
  const count = (await readCrops(editor)).length;
  await editor.getByLabel("Duplicate to").selectOption("256x192");
  const twin = await readChosen(editor);
  await page.keyboard.press("Tab");
  await editor.getByRole("button", { name: "Delete" }).click();
  const left = (await readCrops(editor)).length;
  await editor.getByLabel("View").selectOption("side");
  return { one, count, twin, left };
}

/**
 * Texts that cannot be used as they are, and a plan that the server does not know any more.
 *
 * @param {Page} page
 */
async function oddTexts(page) {
  const broken = "{broken";
  await setWidget(page, CROPS, "boxes", broken);
  const button = page.getByRole("button", { name: "Edit crops" });
  const question = page.locator(".hunyuan-lora-question");
  await button.click();
  const said = await question.innerText();
  await question.getByRole("button", { name: "Cancel" }).click();
  const kept = await readText(page);
  const box = [0.1, 0.1, 0.3, 0.225, "torso", "192x256"];
  const pictures = { ffffffffffff: { name: "alva_front.png", boxes: [box] }, eeeeeeeeeeee: { name: "away.png", boxes: [] } };
  await setWidget(page, CROPS, "boxes", JSON.stringify({ version: 1, pictures }));
  let asked = 0;
  await page.route("**/crop_plans/*", (route) =>
    asked++ === 0 ? route.fulfill({ status: 404, json: { error: "gone" } }) : route.continue(),
  );
  const editor = await openEditor(page);
  const plans = asked;
  const rescued = await forgetPicture(page, editor);
  const offer = await editor.locator(".hunyuan-lora-crops-notices").innerText();
  await editor.getByRole("button", { name: "Carry over" }).click();
  const carried = await readCrops(editor);
  const text = await leave(page, editor);
  return { said, kept, plans, rescued, offer, carried, text };
}

/**
 * The server does not know the next picture, as after a restart, until the node has run again.
 *
 * @param {Page} page
 * @param {Locator} editor
 */
async function forgetPicture(page, editor) {
  await choose(editor, 1);
  await page.keyboard.press("Delete");
  let ran = 0;
  await page.route("**/api/prompt", (route) => (ran++, route.continue()));
  await page.route("**/pictures/**side=1600", (route) =>
    ran === 0 ? route.fulfill({ status: 404, json: { error: "gone" } }) : route.continue(),
  );
  await page.keyboard.press("PageDown");
  await editor.getByRole("heading", { name: "alva_front.png" }).waitFor();
  await page.waitForFunction(() => {
    const shown = /** @type {HTMLImageElement | null} */ (document.querySelector(".hunyuan-lora-crops-picture"));
    return shown?.src.includes("1600") && shown.complete && shown.naturalWidth > 0;
  });
  const name = await editor.locator("h2").first().innerText();
  await editor.locator(".hunyuan-lora-crops-stage").focus();
  await page.keyboard.press("Control+z");
  await page.unroute("**/api/prompt");
  await page.unroute("**/pictures/**side=1600");
  const { length: count } = await readCrops(editor);
  return { ran, name, after: await editor.locator("h2").first().innerText(), count };
}

/**
 * The stored workflow in another browser, in the newer drawing, its pictures elsewhere and renamed.
 *
 * @param {Browser} browser
 * @param {object} workflow
 */
async function reopened(browser, workflow) {
  const page = await openInNewPage(browser, address, { folder: options.folder, nodes2: true });
  await page.evaluate((graph) => /** @type {any} */ (window).app.loadGraphData(graph, true, true), workflow);
  await page.waitForTimeout(300);
  await fitView(page);
  const editor = await openEditor(page);
  const same = await readCrops(editor);
  await leave(page, editor);
  await setWidget(page, LOAD, "folder", options.renamed);
  const other = await openEditor(page);
  await other.getByRole("button", { name: "Run again" }).click();
  await other.getByRole("heading", { name: "a.png" }).waitFor({ timeout: 20_000 });
  const renamed = await readCrops(other);
  const keys = await byKeys(page, other);
  const isNewer = (await page.locator("[data-node-id]").count()) >= 2;
  await drawNodes(page, false);
  await page.context().close();
  return { same, renamed, keys, isNewer, errors: page.errors };
}

/**
 * From the closed editor to a changed crop and back without a pointer.
 *
 * @param {Page} page
 * @param {Locator} open
 */
async function byKeys(page, open) {
  await leave(page, open);
  const editor = await openEditor(page, "keys");
  const press = async (/** @type {string[]} */ ...keys) => {
    for (const key of keys) await page.keyboard.press(key);
    await page.waitForTimeout(60);
  };
  const proposals = await readCrops(editor);
  await press("n", "n", "n", "n", "n");
  const before = await readChosen(editor);
  await press("ArrowLeft", "Shift+ArrowDown");
  const nudged = await readChosen(editor);
  await press("Alt+ArrowUp", "Control+Shift+ArrowRight");
  const grown = await readChosen(editor);
  await press("a", "Enter");
  const added = { crop: await readChosen(editor), count: (await readCrops(editor)).length };
  await press("d");
  const twin = await readChosen(editor);
  await press("Delete", "Control+z", "Control+z", "Control+y");
  const count = (await readCrops(editor)).length;
  await press("?");
  const help = await page.locator(".hunyuan-lora-key-list").innerText();
  await press("Escape");
  const stops = await tabStops(page);
  const spoken = await editor.locator("[aria-live]").innerText();
  await editor.locator(".hunyuan-lora-crops-stage").focus();
  await press("PageDown");
  await readCrops(editor);
  const next = await editor.locator("h2").first().innerText();
  const text = await leave(page, editor);
  const focus = await page.evaluate(() => document.activeElement?.textContent ?? "");
  const shown = await page.evaluate(() => [...document.querySelectorAll("textarea")].map((area) => area.value));
  return { proposals, before, nudged, grown, added, twin, count, help, stops, spoken, next, text, focus, shown };
}

/**
 * What Tab stops at, once around, and whether each shows that it has the focus.
 *
 * @param {Page} page
 */
async function tabStops(page) {
  /** @type {{ name: string, isSeen: boolean, turn: number }[]} */
  const stops = [];
  for (let turn = 0; turn < 40; turn++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element?.closest("dialog")) return null;
      const label = element.closest("label");
      const name = element.getAttribute("aria-label") ?? label?.innerText.split("\n")[0] ?? element.textContent;
      return { name: name ?? "", isSeen: getComputedStyle(element).outlineStyle !== "none" };
    });
    if (stop && stops.some(({ name, turn: seen }) => name === stop.name && turn - seen > 15)) break;
    if (stop) stops.push({ ...stop, turn });
  }
  return stops;
}

/**
 * Fingers on a small screen.
 *
 * @param {Browser} browser
 */
async function touch(browser) {
  const viewport = { width: 820, height: 1100 };
  const page = await openInNewPage(browser, address, { folder: options.folder, hasTouch: true, viewport });
  const editor = await openEditor(page, "keys");
  const scale = async () => parseInt(await editor.locator("output").innerText(), 10);
  const stage = await editor.locator(".hunyuan-lora-crops-stage").boundingBox();
  if (!stage) throw new Error("no stage");
  const middle = { x: stage.x + stage.width / 2, y: stage.y + stage.height / 2 };
  await tap(page, middle);
  const chosen = await readChosen(editor);
  const rect = await findChosen(editor);
  await swipe(page, rect.middle, { x: 25, y: 15 });
  const moved = await readChosen(editor);
  const corner = await findChosen(editor);
  await swipe(page, { x: corner.x + corner.width + 5, y: corner.y + corner.height + 5 }, { x: -40, y: -40 });
  const resized = await readChosen(editor);
  const before = await scale();
  await pinch(page, middle, 40, 110);
  const zoomed = await scale();
  const unchanged = await readChosen(editor);
  await page.screenshot({ path: `${options.out}/touch.png` });
  const text = await leave(page, editor);
  return { chosen, moved, resized, before, zoomed, unchanged, text, errors: page.errors };
}

/**
 * What the documentation shows: a photograph, a crop just drawn.
 *
 * @param {Browser} browser
 */
async function picture(browser) {
  const folder = "hunyuan_lora_demo/photographs";
  const page = await openInNewPage(browser, address, { folder });
  const editor = await openEditor(page);
  await editor.locator(".hunyuan-lora-crops-adding select").first().selectOption("headshot");
  await editor.locator(".hunyuan-lora-crops-adding select").last().selectOption("192x256");
  await editor.getByRole("button", { name: "Add crop" }).click();
  const stage = await editor.locator(".hunyuan-lora-crops-stage").boundingBox();
  if (!stage) throw new Error("no stage");
  await page.mouse.click(stage.x + stage.width * 0.456, stage.y + stage.height * 0.24);
  await page.waitForTimeout(1200);
  await page.screenshot({ path: `${options.out}/crop_editor.png` });
  return { crops: await readCrops(editor) };
}

/** @type {Record<string, (browser: Browser) => Promise<object>>} */
const scenes = { mouse, touch, picture, many: (browser) => scrollManyPictures(browser, options.out) };
const scene = scenes[options.scene];
if (!scene) throw new Error(`no scene ${options.scene}; there are ${Object.keys(scenes)}`);
const browser = await launch();
try {
  process.stdout.write(`${JSON.stringify(await scene(browser))}\n`);
} finally {
  await browser.close();
}
