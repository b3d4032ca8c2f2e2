// Captions that live in more than one place: the editor, text files, saved workflows, the server.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { fitView } from "../driver.mjs";
import { closeEditor, EDITOR, NODE, openEditor, pressButton, settled, startScene, widget } from "./page.mjs";

/** @typedef {import("playwright-core").Page} Page */

/**
 * Captions in the editor, in text files beside the pictures and in saved workflows.
 *
 * @param {import("./page.mjs").Place} place
 */
export async function files(place) {
  const folder = `${place.input}/captions_files`;
  const { page, errors } = await startScene(place, { hasClip: false, folder: "captions_files/one" });
  const question = page.locator("dialog.hunyuan-lora-cap-compare");
  const editor = await openEditor(page);
  const notice = await editor.getByRole("region", { name: "Findings" }).innerText();
  const bars = await editor.getByRole("img", { name: /CLIP-L/ }).count();
  const card = editor.locator("article[data-crop*=full_body]").last();
  const id = String(await card.getAttribute("data-crop"));
  const name = String(await card.locator(".hunyuan-lora-cap-name").innerText());
  const caption = () => card.locator("textarea").inputValue();
  const origin = () => card.locator("[data-origin]").innerText();
  const changeFile = async (/** @type {string} */ text) => {
    await writeFile(`${folder}/one/${name.replace(/\.\w+$/, ".txt")}`, text);
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await question.waitFor();
    return {
      sides: await question.locator("section p").allInnerTexts(),
      marks: await question.locator("mark").allInnerTexts(),
    };
  };
  await card.locator("textarea").fill("alva, mine");
  await page.keyboard.press("Escape");
  await settled(editor);
  const first = await changeFile("alva, theirs");
  await page.screenshot({ path: `${place.out}/conflict.png` });
  await question.getByRole("button", { name: "Keep mine" }).click();
  await settled(editor);
  const kept = { caption: await caption(), origin: await origin() };
  const second = await changeFile("alva, theirs again");
  await question.getByRole("button", { name: "Take theirs" }).click();
  await settled(editor);
  const taken = { caption: await caption(), origin: await origin() };

  const again = await forgetSheet(page, async () => {
    await card.locator("textarea").fill("alva, kept for ever");
    await settled(editor);
    return caption();
  });
  await closeEditor(editor);
  const saved = await page.evaluate(() => JSON.stringify(/** @type {any} */ (window).app.graph.serialize()));
  await mkdir(`${folder}/two`);
  await rename(`${folder}/one/${name}`, `${folder}/two/renamed.png`);
  await page.evaluate(
    (text) => /** @type {any} */ (window).app.loadGraphData(JSON.parse(text), true, true, "again"),
    saved,
  );
  await page.evaluate((value) => {
    const node = /** @type {any} */ (window).app.graph._nodes.find(
      (/** @type {any} */ one) => one.type === "HunyuanLoraLoadImages",
    );
    node.widgets.find((/** @type {any} */ one) => one.name === "folder").value = value;
  }, "captions_files/two");
  await fitView(page);
  const moved = await openEditor(page);
  const renamed = moved.locator(`article[data-crop="${id}"]`);
  const after = {
    caption: await renamed.locator("textarea").inputValue(),
    name: await renamed.locator(".hunyuan-lora-cap-name").innerText(),
  };
  await closeEditor(moved);
  return {
    notice,
    bars,
    name,
    first,
    kept,
    second,
    taken,
    again,
    after,
    damaged: await damage(page),
    errors: errors(),
  };
}

/**
 * Let the server know nothing of the sheet, once.
 *
 * @template T
 * @param {Page} page
 * @param {() => Promise<T>} then
 */
async function forgetSheet(page, then) {
  let count = 0;
  await page.route("**/caption_sheets/*/fill", (route) => {
    count += 1;
    if (count > 1) return route.fallback();
    return route.fulfill({ status: 404, json: { error: "This set of captions is not kept any more." } });
  });
  const caption = await then();
  await page.unroute("**/caption_sheets/*/fill");
  return { caption, count };
}

/** A stored text that cannot be read stays until the user says otherwise. @param {Page} page */
async function damage(page) {
  await page.evaluate((type) => {
    const node = /** @type {any} */ (window).app.graph._nodes.find(
      (/** @type {any} */ one) => one.type === type,
    );
    node.widgets.find((/** @type {any} */ one) => one.name === "edited_captions").value =
      '{"version": 1, "crops"';
  }, NODE);
  const question = page.locator(".hunyuan-lora-question");
  await pressButton(page);
  const text = await question.innerText();
  await question.getByRole("button", { name: "Cancel" }).click();
  const kept = await widget(page, "edited_captions");
  await pressButton(page);
  await question.getByRole("button", { name: "Begin anew" }).click();
  const editor = page.locator(EDITOR);
  await editor.locator("article").first().waitFor();
  await closeEditor(editor);
  return { text, kept, after: await widget(page, "edited_captions") };
}
