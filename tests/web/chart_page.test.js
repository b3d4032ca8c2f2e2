// The chart in a real browser: what the user does to it, and what it shows and says then.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { launch } from "../browser/driver.mjs";
import { openPackPage } from "../browser/pack_page.mjs";

const HTML =
  "<!doctype html><body style='margin:0;background:#171718;font-family:sans-serif'>" +
  "<div id='box' style='width:800px;height:400px'></div>";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("playwright-core").Page} */
let page;
/** @type {string[]} */
let errors;

before(async () => {
  browser = await launch();
  page = await browser.newPage({ viewport: { width: 900, height: 500 } });
  errors = await openPackPage(page, HTML);
});
after(() => browser.close());

beforeEach(async () => {
  await page.mouse.move(0, 450);
  await page.evaluate(async () => {
    const state = /** @type {any} */ (window);
    const path = "/web/chart/chart.js";
    const { Chart } = await import(path);
    state.chart?.destroy();
    document.body.style.background = "#171718";
    const box = document.getElementById("box");
    if (box) box.style.transform = "";
    state.heard = { views: [], hovers: [], marks: [], toggles: [] };
    state.chart = new Chart(box, {
      label: "Loss",
      onHover: (/** @type {any} */ hover) => state.heard.hovers.push(hover),
      onMarkClick: (/** @type {any} */ mark) => state.heard.marks.push(mark),
      onViewChange: (/** @type {any} */ view) => state.heard.views.push(view),
      onToggle: (/** @type {string} */ id, /** @type {boolean} */ visible) =>
        state.heard.toggles.push([id, visible]),
    });
    const x = Array.from({ length: 1001 }, (_, i) => i);
    state.chart.setSeries([
      { id: "loss", label: "Loss", x, y: x.map((step) => 1 + Math.sin(step / 50)), style: "dots" },
      { id: "held", label: "Validation", x: [0, 500, 1000], y: [3, 2, 1], axis: "right", markers: true },
    ]);
    state.chart.setMarks([
      { x: 900, kind: "sample", label: "2 pictures", data: 9 },
      { x: 250, kind: "checkpoint", label: "epoch 2", data: 7 },
      { x: 600, kind: "verdict", label: "best: step 600" },
    ]);
    state.chart.draw();
  });
});

/**
 * The place of a step in the window.
 *
 * @param {number} step
 */
function pixelOf(step) {
  return page.evaluate((at) => {
    const { chart } = /** @type {any} */ (window);
    const box = chart.parts.plot.getBoundingClientRect();
    const scale = box.width / chart.parts.plot.offsetWidth;
    return { x: box.left + chart.layout.x.toPixel(at) * scale, y: box.top + 100 * scale };
  }, step);
}

/** @returns {Promise<{ from: number, to: number } | null>} */
function getView() {
  return page.evaluate(() => /** @type {any} */ (window).chart.getView());
}

/** @returns {Promise<any>} */
function getHeard() {
  return page.evaluate(() => /** @type {any} */ (window).heard);
}

/** @param {string} keys */
async function press(keys) {
  await page.locator(".hl-chart-plot").focus();
  for (const key of keys.split(" ")) await page.keyboard.press(key);
}

/** A number that changes with every pixel of the chart. */
function readPixels() {
  return page.evaluate(() => {
    const { chart } = /** @type {any} */ (window);
    chart.draw();
    const { canvas } = chart.parts;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (const byte of data) sum = (Math.imul(sum, 31) + byte) | 0;
    return sum;
  });
}

test("the wheel zooms around the pointer, and a double click shows everything", async () => {
  const { x, y } = await pixelOf(250);
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, -240);
  await page.waitForFunction(() => /** @type {any} */ (window).chart.getView() !== null);
  const view = await getView();
  assert.ok(view && view.to - view.from < 700);
  assert.ok(Math.abs((250 - view.from) / (view.to - view.from) - 0.25) < 0.01, JSON.stringify(view));
  await page.mouse.dblclick(x, y);
  assert.equal(await getView(), null);
  const { views } = await getHeard();
  assert.equal(views.at(-1), null);
  assert.deepEqual(views.at(0), view);
});

test("dragging marks the part to show, with Shift it moves", async () => {
  const [from, to] = [await pixelOf(200), await pixelOf(600)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  const marked = await getView();
  assert.ok(marked && Math.abs(marked.from - 200) < 3 && Math.abs(marked.to - 600) < 3);
  await page.evaluate(() => /** @type {any} */ (window).chart.draw());
  const [start, end] = [await pixelOf(400), await pixelOf(300)];
  await page.keyboard.down("Shift");
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  const moved = await getView();
  assert.ok(moved && Math.abs(moved.from - marked.from - 100) < 3, JSON.stringify(moved));
});

test("keys zoom, move and show everything, with a ring around what has them", async () => {
  await press("+ + ArrowRight");
  const view = await getView();
  assert.ok(view && view.to - view.from < 500 && view.from + view.to > 1001);
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
  assert.equal(ring, "solid");
  await press("Home");
  assert.equal(await getView(), null);
});

test("the pointer shows the nearest values of every visible curve", async () => {
  const { x, y } = await pixelOf(300);
  await page.mouse.move(x, y);
  const text = await page.locator(".hl-chart-tip").innerText();
  assert.match(text.replaceAll("\n", " "), /^step 300 .*Loss .*0\.7206.* Validation .*at 500.* 2$/);
  const { hovers } = await getHeard();
  assert.deepEqual(hovers.at(-1).values.map((/** @type {any} */ one) => [one.id, one.x]), [["loss", 300], ["held", 500]]);
  await page.mouse.move(0, 450);
  assert.ok(await page.locator(".hl-chart-tip").isHidden());
  assert.equal((await getHeard()).hovers.at(-1), null);
});

test("a node that is shown smaller is pointed at in the right place", async () => {
  await page.evaluate(() => {
    const box = document.getElementById("box");
    if (box) Object.assign(box.style, { transform: "scale(0.5)", transformOrigin: "0 0" });
  });
  const { x, y } = await pixelOf(700);
  await page.mouse.move(x, y);
  const at = (await getHeard()).hovers.at(-1).x;
  assert.ok(Math.abs(at - 700) < 3, String(at));
});

test("a click on a mark tells which, one beside it does not", async () => {
  const { x, y } = await pixelOf(250);
  await page.mouse.click(x + 3, y);
  await page.mouse.click(x + 40, y);
  assert.deepEqual((await getHeard()).marks.map((/** @type {any} */ mark) => mark.data), [7]);
});

test("keys go from mark to mark and open one", async () => {
  await press("] Enter");
  const { marks } = await getHeard();
  assert.equal(marks.at(-1).data, 7);
  assert.match(await page.locator("[aria-live]").innerText(), /^step 250, Loss .*Checkpoint: epoch 2$/);
  await press("Escape");
  assert.ok(await page.locator(".hl-chart-tip").isHidden());
});

test("Shift with arrows reads point after point", async () => {
  await press("Shift+ArrowRight Shift+ArrowRight");
  assert.match(await page.locator("[aria-live]").innerText(), /^step 501, Loss /);
});

test("a legend button hides its curve, also when the curves are replaced", async () => {
  const before = await readPixels();
  await page.getByRole("button", { name: "Validation" }).click();
  assert.notEqual(await readPixels(), before);
  assert.equal(await page.getByRole("button", { name: "Validation" }).getAttribute("aria-pressed"), "false");
  assert.deepEqual((await getHeard()).toggles, [["held", false]]);
  const visible = await page.evaluate(() => {
    const { chart } = /** @type {any} */ (window);
    chart.setSeries([{ id: "held", label: "Validation", x: [0, 1], y: [1, 2] }]);
    return chart.model.series[0].visible;
  });
  assert.equal(visible, false);
});

test("another theme gives other colours, the same theme the same", async () => {
  const dark = await readPixels();
  assert.equal(await readPixels(), dark);
  await page.evaluate(() => (document.body.style.background = "#ffffff"));
  await page.waitForFunction(() => !(/** @type {any} */ (window).chart.theme.isDark));
  assert.notEqual(await readPixels(), dark);
});

test("points that come in are drawn, and the words for screen readers follow", async () => {
  await page.evaluate(() => {
    const { chart } = /** @type {any} */ (window);
    chart.append("held", [1500], [0.5]);
    chart.replaceTail("loss", 501);
  });
  const numbers = await page.evaluate(() => {
    const { chart } = /** @type {any} */ (window);
    const table = chart.table(3);
    const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
    return { caption: table.caption.textContent, rows, extent: chart.model.extent() };
  });
  assert.deepEqual(numbers.extent, { from: 0, to: 1500 });
  assert.equal(numbers.rows.length, 4);
  assert.deepEqual(numbers.rows[0], ["step", "Loss", "Validation"]);
  assert.match(numbers.caption, /Validation: 4 points from step 0 to 1,500, first 3, last 0\.5/);
  const label = () => page.locator("canvas[role=img]").getAttribute("aria-label");
  await page.waitForTimeout(2200);
  assert.match((await label()) ?? "", /^Loss\. Loss: 501 points/);
  assert.equal(await page.locator(".hl-chart-hidden table").count(), 1);
});

test("the canvas follows the size of its place", async () => {
  const width = await page.evaluate(async () => {
    const box = document.getElementById("box");
    if (box) box.style.width = "500px";
    const { canvas } = /** @type {any} */ (window).chart.parts;
    // A busy machine takes some frames until it tells of the new size.
    for (let frame = 0; frame < 60 && canvas.width !== 500; frame += 1) {
      await new Promise((done) => requestAnimationFrame(done));
    }
    const { width } = canvas;
    if (box) box.style.width = "800px";
    return width;
  });
  assert.equal(width, 500);
});

test("a chart that is taken away leaves nothing behind, and nothing failed", async () => {
  const left = await page.evaluate(async () => {
    const { chart } = /** @type {any} */ (window);
    chart.destroy();
    chart.append("loss", [2000], [1]);
    document.body.style.background = "#eeeeee";
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return document.getElementById("box")?.children.length;
  });
  assert.equal(left, 0);
  assert.deepEqual(errors, []);
});
