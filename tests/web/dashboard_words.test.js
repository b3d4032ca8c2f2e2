import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutGrid, moveInGrid, withoutLora } from "../../web/dashboard/data/grid_layout.js";
import { marksOf } from "../../web/dashboard/data/marks.js";
import { RunData } from "../../web/dashboard/data/run_data.js";
import { differingSettings } from "../../web/dashboard/data/settings_diff.js";
import { exponentialAverage, firstChanged, runningAverage } from "../../web/dashboard/data/smoothing.js";
import { validationCurves } from "../../web/dashboard/data/validation_curves.js";
import {
  bytesText,
  durationText,
  endText,
  memoryText,
  numberText,
  remainingSeconds,
  stateText,
} from "../../web/dashboard/data/words.js";
import { whyNot, whyNotEndAt } from "../../web/dashboard/parts/permissions.js";
import { freeName } from "../../web/library/library.js";

test("durations are told in two units", () => {
  assert.equal(durationText(0.42), "0.42 s");
  assert.equal(durationText(42), "42 s");
  assert.equal(durationText(59.7), "1 min 00 s");
  assert.equal(durationText(3 * 3600 + 5 * 60), "3 h 05 min");
  assert.equal(durationText(3599.9), "1 h 00 min");
  assert.equal(durationText(26 * 3600), "1 d 2 h");
  assert.equal(durationText(NaN), "-");
});

test("the end is told by the clock, and by the day where it is another one", () => {
  const now = new Date(2026, 10, 25, 22, 30);
  assert.equal(endText(3600, now), "23:30");
  assert.equal(endText(2 * 3600, now), "tomorrow 00:30");
  assert.equal(endText(27 * 3600, now), "27 Nov, 01:30");
  assert.equal(endText(NaN, now), "-");
});

test("the time left follows from the last steps and what measuring costs", () => {
  const run = new RunData("a");
  /** @type {any[]} */
  const events = [{ type: "start", time: 0, steps_done: 0, steps_total: 110 }];
  for (let step = 1; step <= 60; step += 1) {
    events.push({ type: "step", time: step, step, epoch: 1, loss: 1, lr: 1, grad_norm: 1, seconds: step <= 10 ? 99 : 2 });
  }
  run.apply(events);
  assert.equal(remainingSeconds(run), 100);
  run.apply([{ type: "validation", time: 61, step: 0, loss: 1, seconds: 60 }]);
  assert.equal(remainingSeconds(run), 100);
  run.apply([{ type: "validation", time: 61, step: 60, loss: 1, seconds: 60 }]);
  assert.equal(remainingSeconds(run), 150);
  assert.ok(Number.isNaN(remainingSeconds(new RunData("b"))));
});

test("sizes and numbers are short", () => {
  assert.equal(bytesText(12), "1 KB");
  assert.equal(bytesText(12_340_000), "12.3 MB");
  assert.equal(bytesText(2_500_000_000), "2.5 GB");
  assert.equal(memoryText(512), "512 MiB");
  assert.equal(memoryText(15_200), "14.8 GiB");
  assert.equal(numberText(0.000012345), "1.23e-5");
  assert.equal(numberText(0.123456), "0.1235");
  assert.equal(numberText(0), "0");
  assert.equal(stateText(""), "No run yet");
});

test("the running average is centred and shrinks at the ends", () => {
  assert.deepEqual([...runningAverage([1, 2, 3, 4, 5], 3)], [1.5, 2, 3, 4, 4.5]);
  assert.deepEqual([...runningAverage([1, 2, 3, 4, 5], 2)], [1, 1.5, 2.5, 3.5, 4.5]);
  assert.deepEqual([...runningAverage([7], 70)], [7]);
});

test("only the end of the average has to be done again after an append", () => {
  const values = Array.from({ length: 60 }, (_, place) => Math.sin(place));
  for (const window of [1, 2, 7, 70]) {
    const whole = runningAverage(values, window);
    const old = runningAverage(values.slice(0, 50), window);
    const from = firstChanged(50, window);
    const end = runningAverage(values, window, from);
    [...old.subarray(0, from), ...end].forEach((value, place) => {
      assert.ok(Math.abs(value - (whole[place] ?? NaN)) < 1e-12, `window ${window}, place ${place}`);
    });
  }
});

test("the exponential average of a constant is the constant", () => {
  for (const value of exponentialAverage([2, 2, 2, 2], 70)) assert.ok(Math.abs(value - 2) < 1e-12);
});

test("only settings that differ are listed, and no names", () => {
  const rows = differingSettings([
    { "lora.rank": 16, "train.seed": 1, "output.name": "a", "train.compile": false },
    { "lora.rank": 32, "train.seed": 1, "output.name": "b", "train.compile": false, "schedule.name": "cosine" },
  ]);
  assert.deepEqual(rows.map((row) => [row.label, ...row.values]), [
    ["rank (lora)", "16", "32"],
    ["name (schedule)", "-", "cosine"],
  ]);
});

/**
 * @param {number} step
 * @param {number} prompt
 * @returns {any}
 */
const sample = (step, prompt) => ({
  type: "sample", time: step, step, prompt, text: `prompt ${prompt}`, seed: 1, strength: 1, path: `samples/${step}_${prompt}.png`, seconds: 2,
}); // prettier-ignore

test("previews stand by step and prompt, the one without the LoRA first", () => {
  const grid = layoutGrid([sample(20, 1), sample(0, 0), sample(0, 1), sample(20, 0), sample(10, 0)]);
  assert.deepEqual(grid.rows.map((row) => row.label), ["without LoRA", "step 10", "step 20"]);
  assert.deepEqual(grid.columns.map((column) => column.label), ["prompt 0", "prompt 1"]);
  assert.equal(grid.rows[1]?.cells[1], null);
  assert.equal(grid.seconds, 10);
  assert.equal(withoutLora(grid, 1)?.path, "samples/0_1.png");
});

test("strengths have columns of their own and share the picture without the LoRA", () => {
  const strong = { ...sample(10, 0), strength: 1.5, path: "samples/strong.png" };
  const grid = layoutGrid([sample(0, 0), sample(10, 0), strong]);
  assert.equal(grid.columns.length, 2);
  assert.equal(grid.columns[1]?.detail, "strength 1.5");
});

test("arrow keys pass over empty places and stay inside", () => {
  const grid = layoutGrid([sample(0, 0), sample(0, 1), sample(10, 0), sample(20, 0), sample(20, 1)]);
  assert.deepEqual(moveInGrid(grid, { row: 0, column: 1 }, "ArrowDown"), { row: 2, column: 1 });
  assert.deepEqual(moveInGrid(grid, { row: 1, column: 0 }, "ArrowRight"), { row: 1, column: 0 });
  assert.deepEqual(moveInGrid(grid, { row: 0, column: 0 }, "ArrowUp"), { row: 0, column: 0 });
  assert.deepEqual(moveInGrid(grid, { row: 2, column: 1 }, "ArrowLeft"), { row: 2, column: 0 });
  assert.deepEqual(moveInGrid(grid, { row: 2, column: 1 }, "a"), { row: 2, column: 1 });
});

test("the verdict and what happened are marked on the curve", () => {
  const run = new RunData("a");
  /** @type {any[]} */
  const events = [
    { type: "start", time: 0, steps_done: 0, steps_total: 9 },
    { type: "step", time: 1, step: 1, epoch: 1, loss: 1, lr: 1, grad_norm: 1, seconds: 1 },
    { type: "step", time: 2, step: 2, epoch: 1, loss: 1, lr: 1, grad_norm: 1, seconds: 1 },
    { type: "checkpoint", time: 2, step: 2, epoch: 1, path: "c" },
    sample(2, 0),
    sample(2, 1),
    { type: "control", time: 3, step: 2, action: "pause" },
    { type: "verdict", time: 3, step: 2, decided_by: "guide", guide: { plateau_step: 1 }, validation: null, stop_now: false, sentences: ["x"] },
  ];
  run.apply(events);
  const marks = marksOf(run);
  assert.deepEqual(marks.map((mark) => mark.kind), ["checkpoint", "sample", "control", "band", "verdict"]);
  assert.equal(marks[1]?.label, "2 previews");
  assert.deepEqual([marks[3]?.from, marks[3]?.to], [1, 2]);
});

test("validation curves have the held-out items, the probe and each noise level", () => {
  const curves = validationCurves([
    { type: "validation", time: 0, step: 0, loss: 3, part: "held_out", sigmas: [0.2, 0.8], per_sigma: [2, 4], held_out: [[2, 4]], probe: [[1, 2], [3, 2]] },
    { type: "validation", time: 1, step: 5, loss: 7 },
  ]);
  assert.deepEqual(curves.heldOut, [3, 7]);
  assert.deepEqual(curves.probe, [2, NaN]);
  assert.deepEqual(curves.bySigma, [
    { sigma: 0.2, losses: [2, NaN] },
    { sigma: 0.8, losses: [4, NaN] },
  ]);
});

test("a command that is not possible says why", () => {
  const run = new RunData("a");
  assert.match(whyNot(run, "stop"), /not running/);
  run.apply([{ type: "start", time: 0, steps_done: 0, steps_total: 9 }]);
  assert.equal(whyNot(run, "stop"), "");
  assert.match(whyNot(run, "rewind"), /no checkpoint/);
  run.apply([{ type: "control", time: 1, step: 0, action: "pause" }]);
  assert.match(whyNot(run, "sample"), /Resume/);
  assert.match(whyNotEndAt(run, 1.5), /whole number/);
  assert.match(whyNotEndAt(run, 9), /already/);
  assert.equal(whyNotEndAt(run, 12), "");
});

test("a copied run gets a name that is free", () => {
  assert.equal(freeName("a", ["a"]), "a_copy");
  assert.equal(freeName("a", ["a", "A_copy", "a_copy2"]), "a_copy3");
});
