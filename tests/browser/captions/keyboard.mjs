// The caption editor without a mouse.
import { turnOnVueNodes } from "../driver.mjs";
import { captions, openEditor, settled, startScene, widget } from "./page.mjs";

/**
 * Everything by the keyboard, in the newer way of drawing nodes.
 *
 * @param {import("./page.mjs").Place} place
 */
export async function keys(place) {
  const { page, errors } = await startScene(place, { isVue: true });
  const editor = await openEditor(page);
  const press = async (/** @type {string[]} */ ...names) => {
    for (const name of names) await page.keyboard.press(name);
    await settled(editor);
  };
  const active = () =>
    page.evaluate(() => document.activeElement?.closest("[data-crop]")?.getAttribute("aria-posinset") ?? "");
  const chosen = () => editor.locator("article[data-selected=true]").count();
  const graph = () =>
    page.evaluate(() => JSON.stringify(/** @type {any} */ (window).app.graph.serialize().nodes.length));
  const nodes = await graph();
  const places = [await active()];
  for (const name of ["ArrowRight", "ArrowDown", "ArrowLeft", "Home"]) {
    await press(name);
    places.push(await active());
  }
  await press("Enter", "Control+a");
  await page.keyboard.type("alva, typed");
  await press("Control+Enter", "Control+a");
  await page.keyboard.type("alva, next");
  await press("Escape");
  const typed = (await captions(editor)).slice(0, 3);
  await press("Shift+ArrowRight", "Shift+ArrowRight");
  const ranged = await chosen();
  await press("Control+a");
  const all = await editor.getByRole("status").first().innerText();
  await press("Delete");
  const reverted = (await captions(editor)).slice(0, 2);
  await press("Control+z");
  const undone = (await captions(editor)).slice(0, 2);
  await press("?");
  const list = await page.locator(".hunyuan-lora-key-list").innerText();
  await page.keyboard.press("Escape");
  await page.locator(".hunyuan-lora-key-list").waitFor({ state: "detached" });
  await press("Control+f");
  await page.keyboard.type("typed");
  await press("F3", "Escape");
  const found = await active();
  const kept = await graph();
  await page.keyboard.press("Escape");
  await editor.waitFor({ state: "detached" });
  const stored = await widget(page, "edited_captions");
  await turnOnVueNodes(page, false);
  return { places, typed, ranged, all, reverted, undone, list, found, nodes, kept, stored, errors: errors() };
}
