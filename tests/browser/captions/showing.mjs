// The caption editor with very many captions, and its picture for the README.
import { closeEditor, openEditor, settled, startScene } from "./page.mjs";

/**
 * A made-up sheet of 2,000 crops.
 *
 * @param {import("./page.mjs").Place} place
 */
export async function many(place) {
  const { page, errors } = await startScene(place);
  await page.route("**/caption_sheets/*", async (route) => {
    const sheet = await (await route.fetch()).json();
    const [crop] = sheet.crops;
    const crops = Array.from({ length: 2000 }, (_, index) => ({
      ...crop,
      id: `made/up/${index}`,
      name: `picture_${index}.png`,
    }));
    await route.fulfill({ json: { ...sheet, crops } });
  });
  await page.route("**/caption_sheets/*/fill", (route) => {
    const filled = (/** @type {number} */ index) => ({
      caption: `Caption ${index} of many. `.repeat(1 + (index % 9)),
      origin: "template",
      start: "",
      start_origin: "template",
      slots: {},
      file_mark: "",
      file: null,
      conflict: null,
      tokens: { clip: 20, llama: 20, clip_cut: null, llama_cut: null },
      warnings: [],
    });
    const crops = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`made/up/${index}`, filled(index)]),
    );
    return route.fulfill({ json: { crops, general: [] } });
  });
  const editor = await openEditor(page);
  /** @type {number[]} */
  const counts = [await editor.locator("article").count()];
  const frames = await page.evaluate(scrollThrough);
  for (const share of [0.31, 0.73, 1]) {
    await page.evaluate((at) => {
      const grid = document.querySelector(".hunyuan-lora-cap-grid");
      if (grid) grid.scrollTop = at * grid.scrollHeight;
    }, share);
    await page.waitForTimeout(150);
    counts.push(await editor.locator("article").count());
  }
  const last = await editor.locator("article").last().locator("textarea").inputValue();
  await page.screenshot({ path: `${place.out}/many.png` });
  await closeEditor(editor);
  await page.unroute("**/caption_sheets/*");
  await page.unroute("**/caption_sheets/*/fill");
  return { counts, frames, last, errors: errors() };
}

/** Scroll quickly through all of the grid; how long each frame took, in milliseconds. */
async function scrollThrough() {
  const grid = document.querySelector(".hunyuan-lora-cap-grid");
  /** @type {number[]} */
  const frames = [];
  let before = performance.now();
  for (let step = 0; step < 120 && grid; step += 1) {
    grid.scrollTop += 700;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  frames.sort((a, b) => a - b);
  return { median: frames[60] ?? 0, slow: frames[113] ?? 0 };
}

const LONG =
  "Cartoon style. alva, a woman with teal hair, wearing a purple dress with golden hems, standing upright and looking at the viewer with a calm smile. Plain light background. The 9:16 front view image shows her full body, from head to toe, with the yellow boots and the wide golden belt seen clearly, both arms hanging down, soft light from above.";

/**
 * The editor as people use it: a caption by hand that is too long, one with a trait too much, a pose
 * of one picture.
 *
 * @param {import("./page.mjs").Place} place
 */
export async function picture(place) {
  const { page } = await startScene(place);
  const editor = await openEditor(page);
  await editor.getByLabel("View", { exact: true }).selectOption("front");
  await settled(editor);
  const write = async (/** @type {number} */ index, /** @type {string} */ text) => {
    await editor.locator("article").nth(index).locator("textarea").fill(text);
    await settled(editor);
  };
  const second = await editor.locator("article").nth(1).locator("textarea").inputValue();
  await write(0, LONG);
  await write(1, second.replace("teal hair", "teal hair and horns"));
  await editor.locator("article").nth(4).locator("[data-origin]").click();
  await editor.getByLabel("Pose", { exact: true }).fill("arms crossed");
  await settled(editor);
  await page.evaluate(() => document.querySelector(".hunyuan-lora-cap-grid")?.scrollTo(0, 0));
  await page.waitForTimeout(1000);
  for (const palette of ["light", "dark"]) {
    await page.evaluate(
      (name) => /** @type {any} */ (window).app.extensionManager.setting.set("Comfy.ColorPalette", name),
      palette,
    );
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${place.out}/captions${palette === "dark" ? "" : "_light"}.png` });
  }
  await editor.getByRole("button", { name: "Revert all" }).click();
  await closeEditor(editor);
  return { errors: [] };
}
