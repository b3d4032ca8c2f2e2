import assert from "node:assert/strict";
import { test } from "node:test";

import { rangeInSight, scrollTo } from "../../web/crops/data/strip_layout.js";
import { fitView, panView, toPicture, zoomView } from "../../web/crops/stage/view.js";
import { makeRandom } from "./chart_random.js";

const picture = { width: 3000, height: 2000 };
const stage = { width: 900, height: 700 };

test("the whole picture is in the middle of the stage at first", () => {
  const view = fitView(picture, stage);
  const [right, lower] = [view.x + 3000 * view.scale, view.y + 2000 * view.scale];
  assert.ok(Math.abs(view.x - (900 - right)) < 1e-9 && Math.abs(view.y - (700 - lower)) < 1e-9);
  assert.ok(view.x >= 0 && view.y >= 0);
});

test("zooming keeps the point under the pointer, and out again leads back", () => {
  const view = fitView(picture, stage);
  const at = { x: 300, y: 400 };
  const near = zoomView(view, 2, at, picture, stage);
  assert.ok(Math.abs(near.scale / view.scale - 2) < 1e-9);
  const [was, is] = [toPicture(view, at), toPicture(near, at)];
  assert.ok(Math.abs(was.x - is.x) < 1e-6 && Math.abs(was.y - is.y) < 1e-6);
  const back = zoomView(near, 0.5, at, picture, stage);
  for (const name of /** @type {const} */ (["scale", "x", "y"])) {
    assert.ok(Math.abs(back[name] - view[name]) < 1e-9);
  }
});

test("some of the picture stays in sight whatever is done", () => {
  const random = makeRandom(9);
  let view = fitView(picture, stage);
  for (let turn = 0; turn < 2000; turn++) {
    const by = () => (random.share() - 0.5) * 4000;
    view =
      turn % 2
        ? panView(view, by(), by(), picture, stage)
        : zoomView(view, 2 ** (random.share() * 4 - 2), { x: by(), y: by() }, picture, stage);
    assert.ok(view.x < stage.width - 50 && view.x + picture.width * view.scale > 50);
    assert.ok(view.y < stage.height - 50 && view.y + picture.height * view.scale > 50);
  }
});

test("only thumbnails near those in sight are made, however long the strip is", () => {
  for (let scroll = 0; scroll < 2000 * 100; scroll += 777) {
    const { from, to } = rangeInSight(scroll, 800, 2000, 100);
    assert.ok(to - from <= 8 + 1 + 6);
    assert.ok(from * 100 <= scroll);
    assert.ok(to * 100 >= Math.min(scroll + 800, 2000 * 100));
  }
  assert.deepEqual(rangeInSight(0, 800, 2, 100), { from: 0, to: 2 });
});

test("the strip scrolls no further than a thumbnail needs", () => {
  assert.equal(scrollTo(3, 0, 800, 100), 0);
  assert.equal(scrollTo(9, 0, 800, 100), 200);
  assert.equal(scrollTo(3, 500, 800, 100), 300);
});
