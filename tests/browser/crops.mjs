// Edits crops in ComfyUI's page: by mouse, by keys alone, by touch.
//
//   node crops.mjs --port N --scene NAME --out FOLDER [--folder INPUT_FOLDER] [--text FILE]
//
// Prints one JSON object as its last line: what was seen. The scene "picture" makes
// crop_editor.png for the documentation. The other scenes need pictures in the input folder.
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { fitView, launch, openPage, turnOnVueNodes, watch } from "./driver.mjs";
import { openEditor, openInNewPage } from "./crop_driver.mjs";

/** @typedef {import("playwright-core").Page} Page */

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    scene: { type: "string", default: "picture" },
    out: { type: "string", default: "." },
    folder: { type: "string", default: "hunyuan_lora_demo/character" },
    text: { type: "string" },
  },
});
const address = `http://127.0.0.1:${options.port}`;
void [readFile, fitView, openPage, turnOnVueNodes, watch, openInNewPage];

/** @param {import("playwright-core").Browser} browser */
async function picture(browser) {
  const page = await openInNewPage(browser, address, { folder: options.folder });
  const editor = await openEditor(page).catch(async (e) => { await page.screenshot({ path: `${options.out}/fail.png` }); console.error(page.errors); throw e; });
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `${options.out}/crop_editor.png` });
  return { editor: await editor.count() };
}

/** @type {Record<string, (browser: import("playwright-core").Browser) => Promise<object>>} */
const scenes = { picture };
const browser = await launch();
try {
  const outcome = await scenes[options.scene]?.(browser);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
} finally {
  await browser.close();
}
