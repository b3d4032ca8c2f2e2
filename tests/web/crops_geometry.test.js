import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { nearestBucket, ratioOf } from "../../web/crops/data/buckets.js";
import {
  fitBox,
  fromShares,
  hasShape,
  isSameBox,
  moveBox,
  roundHalfEven,
  snapBox,
  toShares,
} from "../../web/crops/data/geometry.js";
import {
  growBox,
  HANDLES,
  LEAST_SIDE,
  resizeFree,
  resizeLocked,
} from "../../web/crops/data/resizing.js";
import { makeRandom } from "./chart_random.js";

/** @typedef {import("../../web/crops/types.js").Box} Box */
/** @typedef {import("../../web/crops/types.js").Size} Size */

const BUCKETS = ["960x1712", "768x1024", "1024x1024", "1024x768", "64x4096", "4096x64", "848x480"];

/** @param {string} name */
function golden(name) {
  const path = new URL(`../golden/crops/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")).cases;
}

/**
 * @param {Box} box
 * @returns {number[]}
 */
const values = ({ left, top, width, height }) => [left, top, width, height];

/**
 * A picture, a bucket and a box of its shape that lies in the picture.
 *
 * @param {ReturnType<typeof makeRandom>} random
 * @param {number} [most] longest side of the picture
 */
function makeCase(random, most = 20_000) {
  const picture = { width: 1 + random.whole(most), height: 1 + random.whole(most) };
  const bucket = BUCKETS[random.whole(BUCKETS.length)] ?? "";
  const ratio = ratioOf(bucket);
  const frame = {
    height: 1 + random.share() * picture.height,
    centreX: random.share() * picture.width,
    anchorY: random.share() * picture.height,
    anchor: random.share(),
  };
  return { picture, bucket, ratio, box: fitBox(frame, ratio, picture) };
}

/**
 * @param {Box} box
 * @param {Size} picture
 */
function assertInside(box, picture) {
  const shown = `${values(box)} in ${picture.width}x${picture.height}`;
  assert.ok(values(box).every(Number.isInteger), shown);
  assert.ok(box.left >= 0 && box.top >= 0 && box.width >= 1 && box.height >= 1, shown);
  assert.ok(box.left + box.width <= picture.width, shown);
  assert.ok(box.top + box.height <= picture.height, shown);
}

/**
 * The ratio is exact within one pixel, where the picture is wide enough for the shape at all.
 *
 * @param {Box} box
 * @param {number} ratio
 */
function assertShape(box, ratio) {
  const off = Math.min(
    Math.abs(box.width - box.height * ratio),
    Math.abs(box.height - box.width / ratio),
  );
  const isDegenerate = Math.min(box.width, box.height) === 1;
  assert.ok(off <= 0.5 || isDegenerate, `${values(box)} for ${ratio}: ${off}`);
}

test("halves are rounded to the even neighbour, as in Python", () => {
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 7].map(roundHalfEven), [0, 2, 2, 0, -2, 2, 7]);
});

test("boxes are laid as Python lays them", () => {
  const cases = golden("fit_box");
  assert.ok(cases.length >= 500);
  for (const { frame, bucket, picture, box } of cases) {
    const [height, centreX, anchorY, anchor] = frame;
    const size = { width: picture[0], height: picture[1] };
    const laid = fitBox({ height, centreX, anchorY, anchor }, ratioOf(bucket), size);
    assert.deepEqual(values(laid), box, JSON.stringify({ frame, bucket, picture }));
  }
});

test("stored boxes of any shape become the boxes that a run makes of them", () => {
  for (const { shares, bucket, picture, box } of golden("place_box")) {
    const size = { width: picture[0], height: picture[1] };
    assert.deepEqual(values(fromShares(shares, ratioOf(bucket), size)), box, JSON.stringify(shares));
  }
});

test("a box that was laid lies inside the picture and has its bucket's shape", () => {
  const random = makeRandom(1);
  for (let turn = 0; turn < 3000; turn++) {
    const { picture, ratio, box } = makeCase(random, turn % 2 ? 20_000 : 40);
    assertInside(box, picture);
    assertShape(box, ratio);
  }
});

test("storing and reading gives the very same pixels up to 20,000 pixels", () => {
  const random = makeRandom(2);
  for (let turn = 0; turn < 5000; turn++) {
    const { picture, ratio, box } = makeCase(random);
    if (!hasShape(box, ratio)) continue;
    const shares = toShares(box, picture);
    const text = JSON.stringify(shares);
    assert.ok((shares[0] ?? 0) + (shares[2] ?? 0) <= 1 + 1e-9, text);
    assert.ok((shares[1] ?? 0) + (shares[3] ?? 0) <= 1 + 1e-9, text);
    assert.ok(isSameBox(fromShares(JSON.parse(text), ratio, picture), box), text);
  }
});

test("moving keeps the size and never leaves the picture", () => {
  const random = makeRandom(3);
  for (let turn = 0; turn < 2000; turn++) {
    const { picture, box } = makeCase(random);
    const by = () => (random.share() - 0.5) * 3 * 20_000;
    const moved = moveBox(box, by(), by(), picture);
    assertInside(moved, picture);
    assert.deepEqual([moved.width, moved.height], [box.width, box.height]);
  }
});

test("moving by a pixel and back is no move, away from the edges", () => {
  const picture = { width: 400, height: 300 };
  const box = { left: 50, top: 40, width: 30, height: 40 };
  assert.deepEqual(moveBox(moveBox(box, 1, -10, picture), -1, 10, picture), box);
});

test("a handle keeps the shape, stays inside and leaves the other end where it is", () => {
  const random = makeRandom(4);
  for (let turn = 0; turn < 5000; turn++) {
    const { picture, ratio, box } = makeCase(random, turn % 2 ? 4000 : 300);
    const handle = HANDLES[turn % HANDLES.length] ?? "se";
    const point = { x: random.share() * picture.width, y: random.share() * picture.height };
    const made = resizeLocked(box, handle, point, ratio, picture);
    assertInside(made, picture);
    assertShape(made, ratio);
    const smallest = Math.min(made.width, made.height);
    if (smallest <= LEAST_SIDE + 1) continue;
    if (handle.includes("e")) assert.equal(made.left, box.left);
    if (handle.includes("w")) assert.equal(made.left + made.width, box.left + box.width);
    if (handle.includes("s")) assert.equal(made.top, box.top);
    if (handle.includes("n")) assert.equal(made.top + made.height, box.top + box.height);
  }
});

test("a handle follows the pointer where there is room", () => {
  const picture = { width: 2000, height: 2000 };
  const box = { left: 200, top: 200, width: 300, height: 400 };
  const made = resizeLocked(box, "se", { x: 800, y: 0 }, 0.75, picture);
  assert.deepEqual(values(made), [200, 200, 600, 800]);
  assert.deepEqual(values(resizeLocked(box, "n", { x: 0, y: 400 }, 0.75, picture)), [275, 400, 150, 200]);
});

test("a freely drawn box stays inside and takes the shape of the nearest bucket around it", () => {
  const random = makeRandom(5);
  for (let turn = 0; turn < 3000; turn++) {
    const { picture, box } = makeCase(random, 3000);
    const handle = HANDLES[turn % HANDLES.length] ?? "se";
    const point = {
      x: (random.share() * 2 - 0.5) * picture.width,
      y: (random.share() * 2 - 0.5) * picture.height,
    };
    const free = resizeFree(box, handle, point, picture);
    assertInside(free, picture);
    const ratio = ratioOf(nearestBucket(free, BUCKETS));
    const snapped = snapBox(free, ratio, picture);
    assertInside(snapped, picture);
    assertShape(snapped, ratio);
    if (!hasShape(snapped, ratio)) continue;
    assert.deepEqual(snapBox(snapped, ratio, picture), snapped);
  }
});

test("the nearest bucket is as far in a box twice as wide as in one half as wide", () => {
  assert.equal(nearestBucket({ width: 300, height: 400 }, BUCKETS), "768x1024");
  assert.equal(nearestBucket({ width: 400, height: 300 }, BUCKETS), "1024x768");
  assert.equal(nearestBucket({ width: 100, height: 103 }, BUCKETS), "1024x1024");
});

test("growing by keys stays inside, keeps the shape, and back gives the same size", () => {
  const random = makeRandom(6);
  for (let turn = 0; turn < 2000; turn++) {
    const { picture, ratio, box } = makeCase(random, 3000);
    const by = random.whole(2) ? 1 : 10;
    const grown = growBox(box, by, ratio, picture);
    assertInside(grown, picture);
    assertShape(grown, ratio);
    const longer = Math.max(grown.width, grown.height);
    if (longer !== Math.max(box.width, box.height) + by) continue;
    if (Math.min(box.width, box.height) < LEAST_SIDE + 1) continue;
    const back = growBox(grown, -by, ratio, picture);
    assert.deepEqual([back.width, back.height], [box.width, box.height]);
    if (isSameBox({ ...grown, width: 0, height: 0 }, { ...box, width: 0, height: 0 })) {
      assert.deepEqual([back.left, back.top], [box.left, box.top]);
    }
  }
});
