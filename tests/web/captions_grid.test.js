import assert from "node:assert/strict";
import { test } from "node:test";

import { countValues, isOpen, isShown, NO_FILTER } from "../../web/captions/data/filtering.js";
import {
  columnsFor,
  layoutRows,
  moveBy,
  placeOf,
  scrollTo,
  visibleCards,
} from "../../web/captions/data/rows.js";
import { Selection } from "../../web/captions/data/selection.js";
import { makeRandom } from "./chart_random.js";

const SPACE = { room: 1000, least: 300, gap: 10 };

test("cards fill the width and never overlap", () => {
  const random = makeRandom(1);
  for (let round = 0; round < 100; round += 1) {
    const space = { room: 200 + random.whole(2000), least: 150 + random.whole(300), gap: random.whole(20) };
    const heights = Array.from({ length: random.whole(60) }, () => 50 + random.whole(300));
    const layout = layoutRows(heights, space);
    const places = heights.map((_, index) => placeOf(layout, index));
    for (const [index, place] of places.entries()) {
      assert.ok(place.height >= (heights[index] ?? 0));
      assert.ok(place.left >= 0 && place.left + place.width <= space.room + 1e-6);
      assert.ok(place.top + place.height <= layout.total);
      const right = places[index + 1];
      if (right && right.top === place.top)
        assert.ok(right.left >= place.left + place.width + space.gap - 1e-6);
      const below = places[index + layout.columns];
      if (below) assert.equal(below.top, place.top + place.height + space.gap);
    }
    if (layout.columns > 1) assert.ok(layout.width >= space.least - 1e-6);
  }
});

test("what is visible is exactly the rows that touch the view", () => {
  const random = makeRandom(2);
  for (let round = 0; round < 200; round += 1) {
    const heights = Array.from({ length: 1 + random.whole(200) }, () => 50 + random.whole(100));
    const layout = layoutRows(heights, SPACE);
    const view = {
      top: random.whole(Math.max(1, layout.total)),
      height: 100 + random.whole(800),
      margin: random.whole(100),
    };
    const { first, end } = visibleCards(layout, heights.length, view);
    heights.forEach((_, index) => {
      const { top, height } = placeOf(layout, index);
      const isSeen = top < view.top + view.height && top + height > view.top;
      if (isSeen) assert.ok(index >= first && index < end, `card ${index}`);
      const isFar =
        top > view.top + view.height + view.margin || top + height + SPACE.gap <= view.top - view.margin;
      if (isFar) assert.ok(index < first || index >= end, `card ${index} is far away`);
    });
  }
});

test("two thousand cards have a few dozen in the page", () => {
  const layout = layoutRows(new Array(2000).fill(240), SPACE);
  const { first, end } = visibleCards(layout, 2000, { top: 60_000, height: 900, margin: 200 });
  assert.ok(end - first < 30);
  assert.equal(columnsFor(SPACE), 3);
});

test("an empty grid and one that is narrower than a card have a layout", () => {
  assert.equal(layoutRows([], SPACE).total, 0);
  assert.deepEqual(visibleCards(layoutRows([], SPACE), 0, { top: 0, height: 500, margin: 0 }), {
    first: 0,
    end: 0,
  });
  assert.equal(layoutRows([100], { room: 120, least: 300, gap: 10 }).columns, 1);
});

test("scrolling moves as little as needed to show a card", () => {
  const view = { top: 100, height: 300 };
  assert.equal(scrollTo({ top: 150, height: 100 }, view), 100);
  assert.equal(scrollTo({ top: 50, height: 100 }, view), 50);
  assert.equal(scrollTo({ top: 380, height: 100 }, view), 180);
  assert.equal(scrollTo({ top: 500, height: 400 }, view), 500);
  assert.equal(scrollTo({ top: 5, height: 10 }, view, 10), 0);
});

test("arrow keys lead to neighbours and stop at the edges", () => {
  const grid = { columns: 3, count: 8, rowsInView: 2 };
  const to = (/** @type {number} */ index, /** @type {string} */ key) => moveBy(index, key, grid);
  assert.deepEqual(
    [to(4, "ArrowLeft"), to(4, "ArrowRight"), to(4, "ArrowUp"), to(4, "ArrowDown")],
    [3, 5, 1, 7],
  );
  assert.deepEqual(
    [to(0, "ArrowLeft"), to(7, "ArrowRight"), to(1, "ArrowUp"), to(6, "ArrowDown")],
    [null, null, null, null],
  );
  assert.deepEqual(
    [to(4, "Home"), to(4, "End"), to(7, "PageUp"), to(1, "PageDown"), to(4, "x")],
    [0, 7, 1, 7, null],
  );
});

const ORDER = ["a", "b", "c", "d", "e"];

test("a click selects alone, ctrl adds and takes away, shift selects up to there", () => {
  const selection = new Selection();
  const chosen = () => selection.inOrder(ORDER).join("");
  selection.choose("b", ORDER);
  assert.equal(chosen(), "b");
  selection.choose("d", ORDER, { toggle: true });
  assert.equal(chosen(), "bd");
  selection.choose("b", ORDER, { toggle: true });
  assert.equal(chosen(), "d");
  selection.choose("d", ORDER);
  selection.choose("a", ORDER, { extend: true });
  assert.equal(chosen(), "abcd");
  selection.choose("e", ORDER, { extend: true });
  assert.equal(chosen(), "de");
  assert.equal(selection.active, "e");
});

test("shift with ctrl adds a range to what is selected", () => {
  const selection = new Selection();
  selection.choose("a", ORDER);
  selection.choose("c", ORDER, { toggle: true });
  selection.choose("e", ORDER, { extend: true, toggle: true });
  assert.deepEqual(selection.inOrder(ORDER), ["a", "c", "d", "e"]);
});

test("what is not there any more is neither selected nor active", () => {
  const selection = new Selection();
  selection.set(["b", "c"]);
  selection.keep(["a", "c"]);
  assert.deepEqual([...selection.ids], ["c"]);
  assert.equal(selection.active, "a");
  selection.keep([]);
  assert.equal(selection.active, null);
});

const CROP = {
  id: "i",
  picture: "p",
  name: "Front.png",
  box: [],
  width: 1,
  height: 1,
  shot: "torso",
  shot_words: "torso",
  view: "",
  bucket: "64x64",
};
const FACTS = { caption: "A red coat", origin: "file", warnings: [{ kind: "ratio" }] };

test("a filter lets through what fits all its parts", () => {
  const fits = (/** @type {object} */ filter) => isShown(CROP, FACTS, { ...NO_FILTER, ...filter });
  assert.ok(fits({}));
  assert.ok(fits({ text: " RED " }) && fits({ text: "front" }) && !fits({ text: "blue" }));
  assert.ok(fits({ shot: "torso" }) && !fits({ shot: "detail" }));
  assert.ok(fits({ view: "none" }) && !fits({ view: "front" }));
  assert.ok(fits({ origin: "file" }) && !fits({ origin: "template" }));
  assert.ok(fits({ warnings: "any" }) && fits({ warnings: "ratio" }) && !fits({ warnings: "slot" }));
  assert.ok(!isShown(CROP, { ...FACTS, warnings: [] }, { ...NO_FILTER, warnings: "any" }));
  assert.ok(!fits({ shot: "torso", text: "blue" }));
});

test("an open filter is known as one, and values are counted", () => {
  assert.ok(isOpen({ ...NO_FILTER, text: "  " }));
  assert.ok(!isOpen({ ...NO_FILTER, warnings: "any" }));
  assert.deepEqual(countValues(["x", "y", "y"]), [
    { value: "x", count: 1 },
    { value: "y", count: 2 },
  ]);
  assert.equal(countValues(["x", "y", "y"], true)[0]?.value, "y");
});
