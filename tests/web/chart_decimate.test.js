import assert from "node:assert/strict";
import { test } from "node:test";

import { Pyramid, fillColumns, lowerBound, makeColumns } from "../../web/chart/decimate.js";
import { makeCurve, makeRandom } from "./chart_random.js";

/**
 * Least and greatest value by looking at every one.
 *
 * @param {Float64Array} values
 * @param {number} from
 * @param {number} to
 */
function rangeOf(values, from, to) {
  const finite = [...values.subarray(from, to)].filter(Number.isFinite);
  return { low: Math.min(Infinity, ...finite), high: Math.max(-Infinity, ...finite) };
}

/** @param {Pyramid} pyramid */
function levelsOf(pyramid) {
  return pyramid.levels.map(({ count, low, high }) => ({
    low: [...low.subarray(0, count)],
    high: [...high.subarray(0, count)],
  }));
}

test("any stretch has the range that looking at every value finds", () => {
  const random = makeRandom(1);
  for (let seed = 0; seed < 60; seed++) {
    const { y } = makeCurve(1 + random.whole(3000), seed, seed % 3 === 0 ? 0.6 : 0.02);
    const pyramid = new Pyramid();
    pyramid.update(y, 0, y.length);
    for (let turn = 0; turn < 60; turn++) {
      const from = random.whole(y.length);
      const to = from + random.whole(y.length - from + 1);
      pyramid.range(y, from, to);
      assert.deepEqual({ low: pyramid.low, high: pyramid.high }, rangeOf(y, from, to));
    }
  }
});

test("infinite values do not count", () => {
  const values = Float64Array.from([Infinity, 2, -Infinity, 1, NaN]);
  const pyramid = new Pyramid();
  pyramid.update(values, 0, 5);
  pyramid.range(values, 0, 5);
  assert.deepEqual([pyramid.low, pyramid.high], [1, 2]);
});

test("a pyramid that grew is the one built at once", () => {
  const random = makeRandom(2);
  for (let seed = 0; seed < 40; seed++) {
    const { y } = makeCurve(1 + random.whole(4000), seed);
    const grown = new Pyramid();
    for (let length = 0; length < y.length; ) {
      const next = Math.min(y.length, length + 1 + random.whole(seed % 2 ? 3 : 700));
      grown.update(y, length, next);
      length = next;
    }
    const whole = new Pyramid();
    whole.update(y, 0, y.length);
    assert.deepEqual(levelsOf(grown), levelsOf(whole));
  }
});

test("a pyramid that was cut and grew again is the one built at once", () => {
  const { y } = makeCurve(3000, 5);
  const other = makeCurve(3000, 6).y;
  const pyramid = new Pyramid();
  pyramid.update(y, 0, 3000);
  const mixed = Float64Array.from([...y.subarray(0, 777), ...other.subarray(0, 1200)]);
  pyramid.update(mixed, 777, mixed.length);
  const whole = new Pyramid();
  whole.update(mixed, 0, mixed.length);
  assert.deepEqual(levelsOf(pyramid), levelsOf(whole));
});

test("growing costs a few blocks, however long the curve is", () => {
  const { y } = makeCurve(100_000, 7);
  const pyramid = new Pyramid();
  pyramid.update(y, 0, 99_999);
  let reads = 0;
  const counted = new Proxy(y, {
    get(target, key) {
      reads += 1;
      return Reflect.get(target, key);
    },
  });
  pyramid.update(counted, 99_999, 100_000);
  assert.ok(reads <= 8, `${reads} values read`);
});

test("every column keeps its least and its greatest value, and no value is lost", () => {
  const random = makeRandom(3);
  const columns = makeColumns();
  for (let seed = 0; seed < 80; seed++) {
    const { x, y } = makeCurve(1 + random.whole(3000), seed, 0.1);
    const pyramid = new Pyramid();
    pyramid.update(y, 0, y.length);
    const from = random.whole(y.length);
    const to = from + random.whole(y.length - from + 1);
    const width = 0.3 + random.share() * 40;
    fillColumns({ x, y, pyramid }, from, to, width, columns);
    /** @type {Map<number, number[]>} */
    const wanted = new Map();
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(y[i])) continue;
      const column = Math.floor((x[i] ?? 0) / width);
      wanted.set(column, [...(wanted.get(column) ?? []), y[i] ?? NaN]);
    }
    const found = Array.from({ length: columns.count }, (_, i) => [
      Math.round((columns.at[i] ?? 0) / width), columns.low[i], columns.high[i],
    ]);
    const expected = [...wanted].map(([at, ys]) => [at, Math.min(...ys), Math.max(...ys)]);
    assert.deepEqual(found, expected);
  }
});

test("columns stay the same while the view moves", () => {
  const { x, y } = makeCurve(5000, 9, 0);
  const pyramid = new Pyramid();
  pyramid.update(y, 0, y.length);
  const [one, other] = [makeColumns(), makeColumns()];
  fillColumns({ x, y, pyramid }, 0, 4000, 17.3, one);
  fillColumns({ x, y, pyramid }, 40, 4100, 17.3, other);
  const heights = new Map(Array.from({ length: one.count }, (_, i) => [one.at[i], one.high[i]]));
  const shared = Array.from({ length: other.count }, (_, i) => i)
    // The first column is cut off at its left by the view itself, the last of the other one too.
    .slice(1)
    .filter((i) => (other.at[i] ?? 0) < (one.at[one.count - 1] ?? 0));
  assert.ok(shared.length > 100);
  for (const i of shared) assert.equal(other.high[i], heights.get(other.at[i]));
});

test("a column without values leaves a gap before the next", () => {
  const x = Float64Array.from([0, 1, 2, 3]);
  const y = Float64Array.from([1, NaN, 2, 3]);
  const pyramid = new Pyramid();
  pyramid.update(y, 0, 4);
  const columns = makeColumns();
  fillColumns({ x, y, pyramid }, 0, 4, 1, columns);
  assert.equal(columns.count, 3);
  assert.deepEqual([...columns.joins.subarray(0, 3)], [0, 0, 1]);
});

test("the first place that is not below a limit", () => {
  const values = [1, 2, 2, 5];
  assert.deepEqual([0, 1, 2, 3, 5, 6].map((limit) => lowerBound(values, limit, 0, 4)), [0, 0, 1, 3, 3, 4]);
});
