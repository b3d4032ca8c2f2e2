import assert from "node:assert/strict";
import { test } from "node:test";

import { changedFrom, exponentialAverage, runningAverage } from "../../web/chart/smooth.js";
import { makeCurve, makeRandom } from "./chart_random.js";

const CURVE = Array.from({ length: 40 }, (_, i) => Math.sin(i * i * 0.7) + i * 0.01 + (i === 17 ? 3 : 0));
const PLACES = [0, 1, 5, 16, 20, 38, 39];
// By running_average(CURVE, window) of trainer/training/runs/history.py, at PLACES.
/** @type {[number, number[]][]} */
const FROM_THE_TRAINER = [
  [1, [0.0, 0.654217687237691, -0.9256260054681575, 0.03114055917188968, -0.18780942082922952, -0.3323454347263248, 0.685433811450882]],
  [2, [0.0, 0.3271088436188455, -0.9324018673097376, 0.29461819050552435, 0.491305738868036, -0.03816888043025973, 0.17654418836227861]],
  [3, [0.3271088436188455, 0.33640194579786536, -0.5791985540313334, 1.5681306060513964, 0.6421419850079539, 0.20303201686345415, 0.17654418836227861]],
  [7, [0.2640049344694865, 0.023368401745325673, -0.028790648745265213, 0.7363290917113019, 0.9102150960645763, 0.4265731706735695, 0.4071722157135597]],
  [8, [0.2640049344694865, 0.023368401745325673, 0.05658539325260431, 0.6925131247210301, 0.8003307789529905, 0.25025035686117275, 0.4265731706735695]],
  [70, [0.41741901534013376, 0.4198289590949525, 0.4185632847568132, 0.4185632847568132, 0.4185632847568132, 0.42522501494267384, 0.4357364347887384]],
];

/**
 * @param {ArrayLike<number>} found
 * @param {ArrayLike<number>} wanted
 */
function assertClose(found, wanted) {
  assert.equal(found.length, wanted.length);
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i] ?? 0, wanted[i] ?? 0];
    const isSame = (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= 1e-9 * (1 + Math.abs(b));
    assert.ok(isSame, `place ${i}: ${a}, wanted ${b}`);
  }
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} window
 */
function plainAverage(values, window) {
  const all = Array.from(values);
  return all.map((_, i) => {
    const from = Math.max(0, i - Math.floor(window / 2));
    const near = all.slice(from, i + Math.floor((window - 1) / 2) + 1).filter(Number.isFinite);
    return near.length ? near.reduce((a, b) => a + b, 0) / near.length : NaN;
  });
}

for (const [window, wanted] of FROM_THE_TRAINER) {
  test(`a window of ${window} gives the trainer's running average`, () => {
    const found = runningAverage(CURVE, window);
    assertClose(PLACES.map((place) => found[place] ?? NaN), wanted);
  });
}

test("the running average is the mean of the neighbours, gaps left out", () => {
  const random = makeRandom(11);
  for (let seed = 0; seed < 40; seed++) {
    const { y } = makeCurve(1 + random.whole(400), seed, seed % 2 ? 0.3 : 0);
    const window = 1 + random.whole(120);
    assertClose(runningAverage(y, window), plainAverage(y, window));
  }
});

test("only the end of a running average changes when a curve grows", () => {
  const random = makeRandom(12);
  for (let seed = 0; seed < 40; seed++) {
    const { y } = makeCurve(300, seed);
    const before = random.whole(300);
    const window = 1 + random.whole(90);
    const first = changedFrom(before, window);
    const kept = runningAverage(y.subarray(0, before), window).subarray(0, first);
    const whole = runningAverage(y, window);
    assertClose([...kept, ...runningAverage(y, window, first)], whole);
  }
});

test("a window of 0 or 1 and a weight of 0 leave the curve as it is", () => {
  assertClose(runningAverage(CURVE, 0), CURVE);
  assertClose(runningAverage(CURVE, 1), CURVE);
  assertClose(exponentialAverage(CURVE, 0), CURVE);
});

test("nothing has no average", () => {
  assert.equal(runningAverage([], 70).length, 0);
  assert.equal(exponentialAverage([], 0.9).length, 0);
});

test("the exponential average weighs by distance, gaps left out", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { y } = makeCurve(80, seed, 0.1);
    const weight = [0.3, 0.9, 0.99][seed % 3] ?? 0.5;
    const wanted = Array.from(y, (_, i) => {
      let [sum, total] = [0, 0];
      y.forEach((value, j) => {
        if (!Number.isFinite(value)) return;
        sum += value * weight ** Math.abs(i - j);
        total += weight ** Math.abs(i - j);
      });
      return sum / total;
    });
    assertClose(exponentialAverage(y, weight), wanted);
  }
});

test("the exponential average does not lag: a mirrored curve has the mirrored average", () => {
  const mirrored = exponentialAverage([...CURVE].reverse(), 0.9);
  assertClose([...mirrored].reverse(), exponentialAverage(CURVE, 0.9));
});

test("the exponential average keeps a constant", () => {
  assertClose(exponentialAverage(new Float64Array(500).fill(0.25), 0.999), new Float64Array(500).fill(0.25));
});
