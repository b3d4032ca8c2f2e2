// Captions written, filled, replaced, changed together and mended with the mouse.
import { captions, closeEditor, openEditor, runNode, settled, startScene, widget } from "./page.mjs";

/** @typedef {import("playwright-core").Locator} Locator */

/**
 * @param {import("./page.mjs").Place} place
 */
export async function edit(place) {
  const { page, errors } = await startScene(place);
  const editor = await openEditor(page);
  const cards = editor.locator("article");
  const first = cards.nth(0);
  const before = await captions(editor);

  await first.locator("textarea").fill("alva, a woman, written by hand");
  await settled(editor);
  const byHand = {
    origin: await first.locator("[data-origin]").innerText(),
    bars: await first.locator("[role=img]").count(),
  };
  await first.getByRole("button", { name: "Revert" }).click();
  await settled(editor);
  const reverted = (await captions(editor))[0];
  await page.keyboard.press("Control+z");
  await settled(editor);
  const undone = (await captions(editor))[0];

  const fields = await setFields(editor);
  const replaced = await replaceAll(editor, place.out);
  const selected = await changeSelected(editor);
  await first.locator("textarea").fill(`${"word ".repeat(90)}end`);
  await settled(editor);
  const beyond = await first.locator("mark[data-kind=beyond]").innerText();
  const count = await first.getByRole("img", { name: /CLIP-L/ }).getAttribute("aria-label");
  await page.screenshot({ path: `${place.out}/beyond.png` });
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
  return {
    before,
    byHand,
    reverted,
    undone,
    fields,
    replaced,
    selected,
    beyond,
    count,
    mended,
    last,
    stored,
    report,
    reopened,
    afterAll,
    emptied,
    pose,
    errors: errors(),
  };
}

/** Set the pose at all three levels. @param {Locator} editor */
async function setFields(editor) {
  const second = editor.locator("article").nth(1);
  await second.locator("[data-origin]").click();
  /** @type {Record<string, string[]>} */
  const seen = {};
  for (const [level, value] of [
    ["Whole set", "jumping"],
    ["This picture", "sitting"],
    ["This crop", "running"],
  ]) {
    await editor.getByRole("tab", { name: String(level) }).click();
    await editor.getByLabel("Pose", { exact: true }).fill(String(value));
    await settled(editor);
    const chip = editor.locator(".hunyuan-lora-cap-set", { hasText: "Pose" }).locator("[data-source]");
    seen[String(level)] = [await second.locator("textarea").inputValue(), await chip.innerText()];
  }
  await editor.getByRole("button", { name: "Take away this value of Pose" }).click();
  await settled(editor);
  return { seen, cleared: await second.locator("textarea").inputValue() };
}

/** @param {Locator} editor @param {string} out */
async function replaceAll(editor, out) {
  const page = editor.page();
  await page.keyboard.press("Control+f");
  await editor.getByLabel("Find", { exact: true }).fill("purple (DRESS)");
  await editor.getByLabel("Replace with", { exact: true }).fill("red $1");
  await editor.getByLabel("Regular expression").check();
  const panel = editor.getByRole("region", { name: "Find and replace" });
  const count = await panel.getByRole("status").innerText();
  const preview = await panel.locator("li").first().innerText();
  const marked = await editor.locator("mark[data-kind=hit]").first().innerText();
  await page.screenshot({ path: `${out}/find.png` });
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
  await settled(editor);
  const shots = await editor
    .locator("article[data-selected=true]")
    .evaluateAll((all) => all.map((one) => one.getAttribute("data-crop")));
  await panel.getByRole("button", { name: "Revert selected" }).click();
  await settled(editor);
  return { title, added, shots };
}

/** Mention what must not be named in two captions, and mend both at once. @param {Locator} editor */
async function mendAll(editor) {
  for (const index of [4, 5]) {
    await editor
      .locator("article")
      .nth(index)
      .locator("textarea")
      .fill("alva, a woman with teal hair and horns, standing.");
  }
  await settled(editor);
  const card = editor.locator("article").nth(4);
  const warning = await card.locator(".hunyuan-lora-cap-warning").allInnerTexts();
  await card.getByRole("button", { name: "All 2" }).first().click();
  await settled(editor);
  return { warning, after: (await captions(editor)).slice(4, 6) };
}
