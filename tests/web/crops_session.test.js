import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { balanceRepeats, imbalance, tallyBuckets } from "../../web/crops/data/balance.js";
import { enlargement, ratioOf } from "../../web/crops/data/buckets.js";
import { toShares } from "../../web/crops/data/geometry.js";
import { placeCrop, reshape, whyNever } from "../../web/crops/data/placing.js";
import { CropSession } from "../../web/crops/data/session.js";
import { parseStored } from "../../web/crops/text/stored.js";
import { makeRandom } from "./chart_random.js";

/** @typedef {import("../../web/crops/types.js").Plan} Plan */
/** @typedef {import("../../web/crops/types.js").PlanPicture} PlanPicture */

const KEYS = ["a0a0a0a0a0a0", "b1b1b1b1b1b1", "c2c2c2c2c2c2"];
const GONE = "d3d3d3d3d3d3";

/**
 * @param {string} key
 * @param {string} name
 * @returns {PlanPicture}
 */
function picture(key, name) {
  const size = { width: 1500, height: 2000 };
  const box = toShares({ left: 100, top: 50, width: 900, height: 1200 }, size);
  const square = toShares({ left: 0, top: 0, width: 800, height: 800 }, size);
  return {
    key, name, ...size, view: "front", has_alpha: false,
    subject: { box: [0.25, 0.05, 0.5, 0.9], source: "background" },
    proposals: [
      { box, shot: "waist_up", bucket: "768x1024" },
      { box: square, shot: "headshot", bucket: "1024x1024" },
    ],
    skipped: [],
  }; // prettier-ignore
}

/** @returns {Plan} */
function makePlan() {
  return {
    key: "plan",
    buckets: ["960x1712", "768x1024", "1024x1024"],
    max_enlargement: 1.5,
    shots: [{ name: "waist_up", words: "waist up", buckets: ["768x1024"] }],
    pictures: KEYS.map((key, place) => picture(key, `${place}.png`)),
  };
}

/** @param {string} [text] */
function open(text = "") {
  let time = 0;
  const session = new CropSession(makePlan(), parseStored(text), () => time);
  const wait = (/** @type {number} */ ms) => (time += ms);
  return { session, wait };
}

/**
 * Move the first crop of a picture to the right.
 *
 * @param {CropSession} session
 * @param {string} key
 * @param {number} by
 * @param {string} [mark]
 */
function nudge(session, key, by, mark) {
  const content = session.contentOf(key);
  const crops = content.crops.map((crop, place) =>
    place === 0 ? { ...crop, box: { ...crop.box, left: crop.box.left + by } } : crop,
  );
  session.edit(key, { ...content, crops }, "move the crop", mark);
}

const [FIRST = "", SECOND = ""] = KEYS;

test("pictures that were not edited are not stored", () => {
  const { session } = open();
  assert.equal(session.toText(), "");
  nudge(session, FIRST, 10);
  assert.deepEqual(Object.keys(JSON.parse(session.toText()).pictures), [FIRST]);
  nudge(session, FIRST, -10);
  assert.equal(session.toText(), "");
});

test("what was stored is read back to the pixel", () => {
  const { session } = open();
  nudge(session, FIRST, 7);
  session.edit(SECOND, { crops: [], view: "behind" }, "delete all");
  const again = open(session.toText()).session;
  assert.equal(again.toText(), session.toText());
  const boxes = (/** @type {CropSession} */ from) =>
    KEYS.map((key) => from.contentOf(key).crops.map(({ box, shot, bucket }) => ({ box, shot, bucket })));
  assert.deepEqual(boxes(again), boxes(session));
  assert.equal(again.contentOf(SECOND).view, "behind");
  assert.equal(again.hasChanged, false);
});

test("undo and redo go through every change and name it", () => {
  const { session } = open();
  const seen = [session.toText()];
  for (const by of [1, 2, 3]) {
    nudge(session, FIRST, by);
    seen.push(session.toText());
  }
  assert.equal(session.undoLabel, "move the crop");
  for (const text of seen.slice(0, 3).reverse()) {
    assert.equal(session.undo(), FIRST);
    assert.equal(session.toText(), text);
  }
  assert.equal(session.undo(), null);
  for (const text of seen.slice(1)) {
    session.redo();
    assert.equal(session.toText(), text);
  }
  assert.equal(session.redo(), null);
});

test("a new change forgets what was undone", () => {
  const { session } = open();
  nudge(session, FIRST, 1);
  session.undo();
  nudge(session, FIRST, 2);
  assert.equal(session.redo(), null);
});

test("key strokes soon after one another are undone together, others apart", () => {
  const { session, wait } = open();
  for (let turn = 0; turn < 5; turn++) {
    nudge(session, FIRST, 1, "nudge 1");
    wait(100);
  }
  wait(2000);
  nudge(session, FIRST, 1, "nudge 1");
  session.undo();
  assert.equal(session.contentOf(FIRST).crops[0]?.box.left, 105);
  session.undo();
  assert.equal(session.toText(), "");
});

test("random changes and as many undos end where they began", () => {
  const random = makeRandom(3);
  for (let turn = 0; turn < 50; turn++) {
    const { session } = open();
    const steps = 1 + random.whole(20);
    for (let step = 0; step < steps; step++) {
      const key = KEYS[random.whole(KEYS.length)] ?? "";
      if (random.whole(4) === 0) session.reset(KEYS, "back to the proposals");
      else nudge(session, key, random.whole(5));
    }
    const end = session.toText();
    while (session.undo() !== null);
    assert.equal(session.toText(), "");
    while (session.redo() !== null);
    assert.equal(session.toText(), end);
  }
});

test("boxes of a picture that is not here are kept as they are", () => {
  const entry = { name: "gone.png", view: "side", boxes: [[0.1, 0.2, 0.3, 0.4, "torso", "768x1024"]] };
  const { session } = open(JSON.stringify({ version: 1, pictures: { [GONE]: entry } }));
  nudge(session, FIRST, 3);
  assert.deepEqual(JSON.parse(session.toText()).pictures[GONE], entry);
  session.reset(KEYS, "back to all proposals");
  assert.deepEqual(Object.keys(JSON.parse(session.toText()).pictures), [GONE]);
  assert.deepEqual(session.carryOffers(), []);
});

test("boxes of a picture that was changed are carried over to the one of the same name", () => {
  const entry = { name: "1.png", boxes: [[0.1, 0.1, 0.3, 0.3, "torso", "768x1024"]] };
  const { session } = open(JSON.stringify({ version: 1, pictures: { [GONE]: entry } }));
  assert.deepEqual(session.carryOffers(), [{ from: GONE, to: SECOND, name: "1.png", count: 1 }]);
  session.carryOver(GONE, SECOND);
  assert.deepEqual(Object.keys(JSON.parse(session.toText()).pictures), [SECOND]);
  const box = session.contentOf(SECOND).crops[0]?.box;
  assert.deepEqual(box, { left: 150, top: 200, width: 450, height: 600 });
  assert.deepEqual(session.carryOffers(), []);
  session.undo();
  assert.equal(session.carryOffers().length, 1);
});

test("the older list by file names is read and stored by key", () => {
  const list = [
    { picture: "0", box: [0, 0, 0.4, 0.4] },
    { picture: KEYS[1]?.slice(0, 8), box: [0, 0, 0.6, 0.6], shot: "torso", bucket: "768x1024", view: "side" },
  ]; // prettier-ignore
  const { session } = open(JSON.stringify(list));
  assert.equal(session.contentOf(FIRST).crops[0]?.bucket, "768x1024");
  const { pictures } = JSON.parse(session.toText());
  assert.deepEqual(Object.keys(pictures), [FIRST, SECOND]);
  assert.deepEqual(pictures[SECOND].boxes, [[0, 0, 0.6, 0.6, "torso", "768x1024"]]);
  assert.equal(pictures[SECOND].view, "side");
});

test("text that cannot be used is refused with its place", () => {
  const box = [0, 0, 0.5, 0.5, "torso", "768x1024"];
  const wrong = (/** @type {unknown} */ entry, key = FIRST) =>
    JSON.stringify({ version: 1, pictures: { [key]: entry } });
  /** @type {[string, RegExp][]} */
  const cases = [
    ["{", /not JSON/],
    ["7", /no 'pictures'/],
    ['{"version": 2, "pictures": {}}', /version 2/],
    [wrong({ boxes: [box] }, "xyz"), /'xyz'.*12 hexadecimal/],
    [wrong({ boxes: [box.slice(1)] }), /left, top, width/],
    [wrong({ boxes: [[0, 0, 2, 0.5, "torso", "768x1024"]] }), /not inside/],
    [wrong({ boxes: [[0, 0, 0.5, 0.5, "knee", "768x1024"]] }), /unknown shot "knee"/],
    [wrong({ boxes: [[0, 0, 0.5, 0.5, "torso", "12"]] }), /bucket "12"/],
    [wrong({ boxes: [], view: "up" }), /unknown view "up"/],
    [wrong({ boxes: [], colour: 1 }), /other fields/],
    ["[1]", /entry 1 is not an object/],
    ['[{"picture": "a", "box": [0, 0, 1, 1], "size": 1}]', /unknown field 'size'/],
  ];
  for (const [text, said] of cases) assert.throws(() => parseStored(text), said, text);
});

test("sides of a stored bucket are taken to multiples of 16, as by the server", () => {
  const entry = { name: "a", boxes: [[0, 0, 0.5, 0.5, "torso", "960x1707"]] };
  const { pictures } = parseStored(JSON.stringify({ version: 1, pictures: { [FIRST]: entry } }));
  assert.equal(pictures.get(FIRST)?.boxes[0]?.[5], "960x1712");
});

test("repeats are those that Python chooses", () => {
  const path = new URL("../golden/crops/balance.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8"));
  assert.ok(cases.length > 250);
  for (const { counts, repeats } of cases) assert.deepEqual(balanceRepeats(counts), repeats, `${counts}`);
  assert.equal(imbalance([2, 3], [3, 2]), 1);
});

test("the table counts what will be made, not what is left out or made twice", () => {
  const { session } = open();
  const before = tallyBuckets(session.allCrops(), session.plan.buckets, 1.5);
  assert.deepEqual(before.map((row) => row.crops), [0, 3, 3]);
  assert.deepEqual(before.map((row) => row.repeats), [0, 1, 1]);
  const content = session.contentOf(FIRST);
  const [crop] = content.crops;
  assert.ok(crop);
  const small = { ...crop, id: 99, box: { ...crop.box, width: 300, height: 400 } };
  const other = { ...crop, id: 98, bucket: "512x512" };
  session.edit(FIRST, { ...content, crops: [...content.crops, small, { ...crop, id: 97 }, other] }, "add");
  const after = tallyBuckets(session.allCrops(), session.plan.buckets, 1.5);
  assert.deepEqual(after.map((row) => [row.bucket, row.crops, row.repeats, row.samples]), [
    ["960x1712", 0, 0, 0],
    ["768x1024", 3, 1, 3],
    ["1024x1024", 3, 1, 3],
    ["512x512", 1, 3, 3],
  ]);
});

test("a new crop lies inside, has its shape and is never enlarged beyond the limit if it can", () => {
  const random = makeRandom(8);
  const shots = ["full_body", "waist_up", "torso", "headshot", "detail", "picture"];
  for (let turn = 0; turn < 2000; turn++) {
    const size = { width: 64 + random.whole(4000), height: 64 + random.whole(4000) };
    const one = { ...picture(FIRST, "a"), ...size, subject: turn % 3 ? null : picture("", "").subject };
    const bucket = makePlan().buckets[turn % 3] ?? "";
    const at = turn % 2 ? { x: random.whole(size.width), y: random.whole(size.height) } : null;
    const wish = { shot: shots[turn % 6] ?? "", bucket, maxEnlargement: 1.5, at };
    for (const box of [placeCrop(one, wish), reshape({ left: 1, top: 1, width: 30, height: 9 }, bucket, one, 1.5)]) {
      assert.ok(box.left >= 0 && box.left + box.width <= size.width);
      assert.ok(box.top >= 0 && box.top + box.height <= size.height);
      assert.ok(Math.abs(box.width - box.height * ratioOf(bucket)) <= 1);
      assert.equal(enlargement(box, bucket) <= 1.5, whyNever(one, bucket, 1.5) === "");
    }
  }
});
