import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "../../web/chart/model.js";
import { clipLimits, quantile } from "../../web/chart/outliers.js";
import { Series } from "../../web/chart/series.js";
import { collectNumbers, summarise } from "../../web/chart/parts/table.js";
import { makeCurve, makeRandom } from "./chart_random.js";

/**
 * @param {string} id
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @param {Partial<import("../../web/chart/types.js").SeriesSpec>} [more]
 */
function spec(id, x, y, more = {}) {
  return { id, label: id, x, y, ...more };
}

/** @param {number} length */
function upTo(length) {
  return Array.from({ length }, (_, i) => i + 1);
}

test("normal noise has no outliers, and a spike is one", () => {
  const random = makeRandom(41);
  const values = Array.from({ length: 3000 }, () => 5 + random.normal());
  const limits = clipLimits(values, values.length);
  assert.ok(values.every((value) => value > limits.min && value < limits.max));
  assert.ok(limits.max < 12);
  values[700] = 900;
  assert.ok(clipLimits(values, values.length).max < 12);
});

test("a spike on a logarithmic axis is measured in decades", () => {
  const random = makeRandom(42);
  const values = Array.from({ length: 500 }, () => 10 ** (random.normal() * 0.1));
  values[9] = 1e8;
  values[10] = 0;
  const { min, max } = clipLimits(values, 500, { log: true });
  assert.ok(min > 0.1 && max < 10 && max > 2);
});

test("few values, and values without width, have no outliers", () => {
  const none = { min: -Infinity, max: Infinity };
  assert.deepEqual(clipLimits([1, 2, 900], 3), none);
  const constant = new Float64Array(500).fill(1e-4);
  constant[0] = 0;
  assert.deepEqual(clipLimits(constant, 500), none);
  assert.deepEqual(clipLimits(new Float64Array(500).fill(NaN), 500), none);
});

test("a quantile lies between its neighbours", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([7], 0.98), 7);
});

test("a series that grew point by point is the one made at once", () => {
  const { x, y } = makeCurve(1500, 43);
  const grown = new Series(spec("a", [], []), 0);
  for (let i = 0; i < 1500; i++) grown.replaceTail(grown.length, [x[i] ?? 0], [y[i] ?? 0]);
  const whole = new Series(spec("a", x, y), 0);
  assert.equal(grown.length, 1500);
  assert.deepEqual(grown.x.subarray(0, 1500), whole.x.subarray(0, 1500));
  const random = makeRandom(44);
  for (let turn = 0; turn < 100; turn++) {
    const from = random.share() * 2000;
    const to = from + random.share() * 1500;
    assert.deepEqual(grown.range(from, to), whole.range(from, to));
  }
});

test("the nearest point is the one that looking at every point finds", () => {
  const { x, y } = makeCurve(400, 45);
  const series = new Series(spec("a", x, y), 0);
  const random = makeRandom(46);
  for (let turn = 0; turn < 400; turn++) {
    const at = random.share() * 900 - 50;
    const wanted = Math.min(...x.map((one) => Math.abs(one - at)));
    assert.equal(Math.abs((x[series.nearest(at)] ?? Infinity) - at), wanted);
  }
  assert.equal(new Series(spec("b", [], []), 0).nearest(3), -1);
});

test("an axis shows what its visible curves have in view, with some air", () => {
  const model = new Model();
  model.setSeries([
    spec("a", upTo(10), [9, 1, 2, 3, 2, 1, 2, 3, 2, 9]),
    spec("b", upTo(10), new Array(10).fill(50)),
    spec("rate", upTo(10), new Array(10).fill(1e-4), { axis: "right" }),
  ]);
  model.clip = false;
  const both = model.range("left");
  assert.ok(both && both.min < 1 && both.max > 50);
  model.setView({ from: 2, to: 9 });
  model.series.filter(({ id }) => id === "b").forEach((one) => (one.visible = false));
  const one = model.range("left");
  assert.ok(one && one.min > 0.5 && one.min < 1 && one.max > 3 && one.max < 4);
  const right = model.range("right");
  assert.ok(right && right.min < 1e-4 && right.max > 1e-4 && right.max < 2e-4);
});

test("a spike is left out of the axis, unless nothing else is in view", () => {
  const random = makeRandom(47);
  const y = Array.from({ length: 400 }, () => random.share());
  y[200] = 1000;
  const model = new Model();
  model.setSeries([spec("a", upTo(400), y)]);
  const range = model.range("left");
  assert.ok(range?.clipped && range.max < 3);
  model.clip = false;
  assert.ok((model.range("left")?.max ?? 0) > 999);
  model.clip = true;
  model.view = { from: 201, to: 201.5 };
  assert.ok((model.range("left")?.max ?? 0) > 999);
});

test("a logarithmic axis of a curve that touches 0 begins at its least value above", () => {
  const model = new Model();
  model.log.left = true;
  model.clip = false;
  model.setSeries([spec("a", upTo(4), [0, 0.01, 1, 100])]);
  const range = model.range("left");
  assert.ok(range && range.min > 0.001 && range.min < 0.01 && range.max > 100);
});

test("a side without a visible curve has no axis, an empty chart has a range of x", () => {
  const model = new Model();
  assert.equal(model.range("left"), null);
  assert.deepEqual(model.extent(), { from: 0, to: 1 });
  model.setXRange({ from: 0, to: 800 });
  assert.deepEqual(model.extent(), { from: 0, to: 800 });
  model.setSeries([spec("a", [], [])]);
  assert.deepEqual(model.range("left"), { min: 0, max: 1, clipped: false });
});

test("what the user switched off stays off, unless the caller says otherwise", () => {
  const model = new Model();
  model.switched.set("a", false);
  model.setSeries([spec("a", [1], [1]), spec("b", [1], [1])]);
  assert.deepEqual(model.series.map((one) => one.visible), [false, true]);
  model.setSeries([spec("a", [1], [1], { visible: true })]);
  assert.deepEqual(model.series.map((one) => one.visible), [true]);
});

test("the view stays when curves are replaced, and follows one that grows at its end", () => {
  const model = new Model();
  model.setSeries([spec("a", upTo(100), upTo(100))]);
  model.setView({ from: 50, to: 100 });
  model.setSeries([spec("a", upTo(100), upTo(100))]);
  assert.deepEqual(model.view, { from: 50, to: 100 });
  assert.ok(model.replaceTail("a", null, [101, 110], [1, 2]));
  assert.deepEqual(model.view, { from: 60, to: 110 });
  assert.ok(!model.replaceTail("nobody", null, [1], [1]));
});

test("the table has evenly spaced rows and leaves out what lies elsewhere", () => {
  const all = [
    new Series(spec("loss", upTo(1001), upTo(1001).map((x) => 1000 / x)), 0),
    new Series(spec("held out", [1, 501], [3, 2]), 1),
    new Series(spec("hidden", [1], [1], { visible: false }), 2),
  ];
  const numbers = collectNumbers(all, { label: "Loss" }, 5);
  assert.deepEqual(numbers.head, ["step", "loss", "held out"]);
  assert.deepEqual(numbers.rows, [
    ["1", "1k", "3"],
    ["251", "3.984", ""],
    ["501", "1.996", "2"],
    ["751", "1.332", ""],
    ["1,001", "0.999", ""],
  ]);
  assert.match(numbers.caption, /^Loss\. loss: 1,001 points from step 1 to 1,001, first 1k, last 0\.999/);
  assert.match(numbers.caption, /lowest 2 at step 501/);
});

test("a curve without values says so", () => {
  assert.equal(summarise(new Series(spec("loss", [], []), 0), {}), "loss: no values yet.");
  assert.equal(summarise(new Series(spec("d", [1], [NaN]), 0), {}), "d: no values yet.");
  assert.deepEqual(collectNumbers([], {}, 5).rows, []);
});
