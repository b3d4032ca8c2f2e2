import assert from "node:assert/strict";
import { test } from "node:test";

import { formatCount, formatShort, formatTick } from "../../web/chart/format.js";
import { linearTicks, logTicks, makeScale, niceStep, withAir } from "../../web/chart/scale.js";
import { lightness } from "../../web/chart/draw/theme.js";
import { makeRandom } from "./chart_random.js";

test("a step is 1, 2 or 5 times a power of ten and makes no more steps than asked", () => {
  const random = makeRandom(21);
  for (let turn = 0; turn < 500; turn++) {
    const range = 10 ** (random.share() * 20 - 10);
    const count = 1 + random.whole(12);
    const step = niceStep(range, count);
    const lead = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
    assert.ok([1, 2, 5].some((nice) => Math.abs(lead - nice) < 1e-6), `${step}`);
    assert.ok(range / step <= count * (1 + 1e-6), `${range} ${count} ${step}`);
  }
});

test("ticks lie inside, in equal steps, with texts that differ", () => {
  const random = makeRandom(22);
  for (let turn = 0; turn < 500; turn++) {
    const min = (random.share() - 0.5) * 10 ** (random.whole(9) - 4);
    const max = min + 10 ** (random.share() * 8 - 5);
    const { values, step } = linearTicks(min, max, 6);
    assert.ok(values.length >= 1 && values.length <= 7, `${values}`);
    for (const value of values) assert.ok(value >= min - step * 1e-6 && value <= max + step * 1e-6);
    const texts = values.map((value) => formatTick(value, step));
    assert.equal(new Set(texts).size, texts.length, `${texts}`);
  }
});

test("ticks are round numbers", () => {
  assert.deepEqual(linearTicks(0, 0.5, 5).values, [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.deepEqual(linearTicks(-1, 1, 4).values, [-1, -0.5, 0, 0.5, 1]);
  assert.deepEqual(linearTicks(1, 3, 8, 1).values, [1, 2, 3]);
  assert.deepEqual(linearTicks(2, 2, 5).values, [2]);
});

test("logarithmic ticks are decades, with 2 and 5 where few decades are seen", () => {
  assert.deepEqual(logTicks(1e-6, 1, 4).values, [1e-6, 1e-4, 1e-2, 1]);
  assert.deepEqual(logTicks(0.03, 0.6, 6).values, [0.05, 0.1, 0.2, 0.5]);
  assert.deepEqual(logTicks(0.1, 0.16, 4).values, linearTicks(0.1, 0.16, 4).values);
});

test("a value goes to its pixel and back", () => {
  const random = makeRandom(23);
  for (let turn = 0; turn < 300; turn++) {
    const log = turn % 2 === 0;
    const min = 10 ** (random.share() * 6 - 4);
    const max = min * (1 + 10 ** (random.share() * 4 - 2));
    const scale = makeScale(min, max, 380, 20, log);
    const value = min + random.share() * (max - min);
    const back = scale.toValue(scale.toPixel(value));
    assert.ok(Math.abs(back - value) < 1e-9 * max);
    assert.ok(Math.abs(scale.toPixel(min) - 380) < 1e-6);
    assert.ok(Math.abs(scale.toPixel(max) - 20) < 1e-6);
  }
});

test("what has no logarithm lies below a logarithmic axis", () => {
  const scale = makeScale(0.1, 1, 380, 20, true);
  assert.ok(scale.toPixel(0) > 380 && scale.toPixel(-3) > 380);
});

test("a range gets air, also one of a single value or of none", () => {
  const { min, max } = withAir(1, 2, false);
  assert.ok(min < 1 && max > 2);
  assert.ok(withAir(3, 3, false).max > 3);
  assert.ok(withAir(0, 0, false).max > 0);
  assert.deepEqual(withAir(Infinity, -Infinity, false), { min: 0, max: 1 });
  const log = withAir(Infinity, -Infinity, true);
  assert.ok(log.min > 0 && log.max > log.min);
  assert.ok(withAir(0.5, 0.5, true).max > 0.5);
});

test("numbers are short", () => {
  const texts = [0.0831, 0.08314, 12.34, 1234, 999_999, 8.3e-5, 1e-4, 0, -0.5, NaN, 3.2e9, 1e20];
  assert.deepEqual(texts.map((value) => formatShort(value)), [
    "0.0831", "0.0831", "12.3", "1.23k", "1M", "8.3e-5", "1e-4", "0", "-0.5", "-", "3.2G", "1e20",
  ]);
  assert.equal(formatShort(1200), "1.2k");
  assert.equal(formatCount(12345), "12,345");
});

test("tick texts have the decimals of their step", () => {
  assert.deepEqual([0, 0.05, 0.1].map((value) => formatTick(value, 0.05)), ["0", "0.05", "0.10"]);
  assert.deepEqual([10_000, 12_500].map((value) => formatTick(value, 500)), ["10.0k", "12.5k"]);
  assert.deepEqual([2e-5, 4e-5].map((value) => formatTick(value, 2e-5)), ["2e-5", "4e-5"]);
  assert.equal(formatTick(0.05, 0), "0.05");
});

test("dark and light grounds are told apart in each form of a colour", () => {
  for (const dark of ["#171718", "#222", "rgb(0, 43, 54)", "rgba(7, 54, 66, 1)"]) {
    assert.ok(lightness(dark) < 0.5, dark);
  }
  for (const light of ["#FFFFFF", "#DDD", "rgb(253, 246, 227)"]) assert.ok(lightness(light) > 0.5, light);
});
