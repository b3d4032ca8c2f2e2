import assert from "node:assert/strict";
import { test } from "node:test";

import { fitView, followView, moveView, zoomView } from "../../web/chart/view.js";
import { makeRandom } from "./chart_random.js";

const EXTENT = { from: 0, to: 1000 };

test("whatever is asked for, the view stays inside and not too narrow", () => {
  const random = makeRandom(31);
  /** @type {import("../../web/chart/types.js").View | null} */
  let view = null;
  for (let turn = 0; turn < 3000; turn++) {
    const at = random.share() * 1000;
    view = random.share() < 0.5
      ? zoomView(view, EXTENT, at, 0.4 + random.share() * 1.2, 4)
      : moveView(view, EXTENT, (random.share() - 0.5) * 600);
    if (view === null) continue;
    assert.ok(view.from >= -1e-9 && view.to <= 1000 + 1e-9, JSON.stringify(view));
    assert.ok(view.to - view.from >= 4 - 1e-9, JSON.stringify(view));
  }
});

test("zooming keeps the point under the pointer where it is", () => {
  const before = { from: 200, to: 600 };
  const view = zoomView(before, EXTENT, 300, 0.5, 1);
  assert.deepEqual(view, { from: 250, to: 450 });
});

test("zooming out ends with everything", () => {
  assert.equal(zoomView({ from: 100, to: 900 }, EXTENT, 500, 2, 1), null);
  assert.equal(zoomView(null, EXTENT, 500, 2, 1), null);
});

test("moving keeps the width and stops at the ends", () => {
  assert.deepEqual(moveView({ from: 100, to: 300 }, EXTENT, 50), { from: 150, to: 350 });
  assert.deepEqual(moveView({ from: 100, to: 300 }, EXTENT, -900), { from: 0, to: 200 });
  assert.deepEqual(moveView({ from: 100, to: 300 }, EXTENT, 900), { from: 800, to: 1000 });
  assert.equal(moveView(null, EXTENT, 50), null);
});

test("a part that is too narrow is widened around its middle", () => {
  assert.deepEqual(fitView({ from: 500, to: 501 }, EXTENT, 11), { from: 495, to: 506 });
});

test("a view of the end follows a curve that grows, another stays", () => {
  const after = { from: 0, to: 1100 };
  assert.deepEqual(followView({ from: 800, to: 1000 }, EXTENT, after), { from: 900, to: 1100 });
  assert.deepEqual(followView({ from: 300, to: 500 }, EXTENT, after), { from: 300, to: 500 });
  assert.equal(followView(null, EXTENT, after), null);
});

test("a view beyond a curve that was cut is moved back", () => {
  assert.deepEqual(followView({ from: 800, to: 900 }, EXTENT, { from: 0, to: 400 }), { from: 300, to: 400 });
});
