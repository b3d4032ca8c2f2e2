// The strip of 2,000 pictures in a bare page: what is in the page, what is loaded, how smooth it is.
import { openPackPage } from "../pack_page.mjs";

const COUNT = 2000;
const FRAMES = 120;

const HTML = `<!doctype html><body style="margin:0;height:100vh;display:grid">
<dialog open class="hunyuan-lora-root hunyuan-lora-dialog hunyuan-lora-large hunyuan-lora-crops">
<div class="hunyuan-lora-crops-place"></div></dialog>
<script type="module">
import { CropEditor } from "/web/crops/editor.js";
import { addCropStyle } from "/web/crops/style.js";
import { addStyle } from "/web/ui/style.js";
addStyle(); addCropStyle();
const pictures = Array.from({ length: ${COUNT} }, (_, place) => ({
  key: place.toString(16).padStart(12, "0"), name: "picture_" + place + ".png", width: 1024, height: 1024,
  view: "", has_alpha: false, subject: null, skipped: [],
  proposals: [{ box: [0, 0, 1, 1], shot: "picture", bucket: "512x512" }, { box: [0.1, 0, 0.75, 1], shot: "torso", bucket: "768x1024" }],
}));
const plan = { key: "k", buckets: ["512x512", "768x1024"], max_enlargement: 1.5, pictures,
  shots: [{ name: "torso", words: "torso", buckets: ["768x1024"] }] };
window.written = [];
const place = document.querySelector(".hunyuan-lora-crops-place");
window.editor = new CropEditor(place, { plan, stored: { pictures: new Map(), typed: [] }, key: "" }, {
  address: (key, side) => "/picture/" + key + "/" + side,
  write: (text) => window.written.push(text), canSave: () => false, runAgain() {}, unknown() {}, close() {},
});
</script>`;

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} out
 */
export async function scrollManyPictures(browser, out) {
  const page = await (await browser.newContext({ viewport: { width: 1600, height: 1000 } })).newPage();
  const errors = await openPackPage(page, HTML);
  // Each address once, for the page is loaded a second time when this listens.
  /** @type {Set<string>} */
  const asked = new Set();
  await page.route("**/picture/**", (route) => {
    const { pathname } = new URL(route.request().url());
    asked.add(pathname);
    const hue = parseInt(pathname.split("/")[2] ?? "", 16) % 360;
    const body = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="hsl(${hue} 60% 50%)"/></svg>`;
    return route.fulfill({ contentType: "image/svg+xml", body });
  });
  await page.reload();
  await page.locator(".hunyuan-lora-crops-thumb img[src]").first().waitFor();
  await page.waitForTimeout(400);
  const atFirst = { thumbnails: await page.locator(".hunyuan-lora-crops-thumb").count(), asked: asked.size };
  const before = asked.size;
  const flight = await page.evaluate(measureScroll, FRAMES);
  const whileFlying = asked.size - before;
  await page.waitForTimeout(500);
  const atEnd = await page.locator(".hunyuan-lora-crops-thumb .hunyuan-lora-crops-name").allInnerTexts();
  const dragging = await page.evaluate(measureDrag, FRAMES);
  await page.screenshot({ path: `${out}/many.png` });
  await page.locator(".hunyuan-lora-crops-strip").focus();
  await page.keyboard.press("End");
  await page.getByRole("heading", { name: `picture_${COUNT - 1}.png` }).waitFor();
  const last = await page.locator("h2").first().innerText();
  return { atFirst, flight, whileFlying, asked: asked.size, atEnd, dragging, last, errors };
}

/**
 * Scroll through the whole strip as fast as a wheel does, then far; runs in the page.
 *
 * Frames belong to the machine, so the script's own work in each of them is measured too.
 *
 * @param {number} frames
 */
async function measureScroll(frames) {
  const { strip } = /** @type {any} */ (window).editor.parts;
  const element = /** @type {HTMLElement} */ (strip.element);
  const far = element.scrollHeight - element.clientHeight;
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const [times, work] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  let most = 0;
  let last = await nextFrame();
  for (let frame = 1; frame <= frames; frame++) {
    const isFar = frame > frames / 2;
    element.scrollTop = isFar ? (far * frame) / frames : frame * 60;
    const start = performance.now();
    strip.show();
    work.push(performance.now() - start);
    const now = await nextFrame();
    times.push(Number(now) - Number(last));
    last = now;
    most = Math.max(most, document.querySelectorAll(".hunyuan-lora-crops-thumb").length);
  }
  const middle = (/** @type {number[]} */ values) => values.sort((one, other) => one - other)[frames / 2];
  return { frame: middle(times), work: middle(work), most };
}

/**
 * Drag a crop about, each frame a bit; runs in the page. Only the script's own work is measured,
 * for the frame rate belongs to the machine.
 *
 * @param {number} frames
 */
async function measureDrag(frames) {
  const { actions, parts } = /** @type {any} */ (window).editor;
  actions.select(actions.content.crops[1].id);
  const stage = /** @type {HTMLElement} */ (parts.stage.element);
  const area = stage.getBoundingClientRect();
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await nextFrame();
  const send = (/** @type {string} */ type, /** @type {number} */ by) =>
    stage.dispatchEvent(
      new PointerEvent(type, {
        pointerId: 1, button: 0, pointerType: "mouse",
        clientX: area.left + area.width / 2 + by, clientY: area.top + area.height / 2,
      }), // prettier-ignore
    );
  send("pointerdown", 0);
  const times = [];
  for (let frame = 1; frame <= frames; frame++) {
    await nextFrame();
    const start = performance.now();
    send("pointermove", frame % 60);
    parts.stage.overlay.show(parts.stage.scene());
    times.push(performance.now() - start);
  }
  send("pointerup", 10);
  return { work: times.sort((one, other) => one - other)[frames / 2] };
}
