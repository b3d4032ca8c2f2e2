import assert from "node:assert/strict";
import { test } from "node:test";

import { Actions } from "../../web/crops/actions.js";
import { enlargement, ratioOf } from "../../web/crops/data/buckets.js";
import { hasShape } from "../../web/crops/data/geometry.js";
import { CropSession } from "../../web/crops/data/session.js";
import { onKey } from "../../web/crops/keys.js";
import { NoPlanError, PlanSource } from "../../web/crops/opening.js";
import { findHit } from "../../web/crops/stage/hit.js";
import { placeLabels } from "../../web/crops/stage/labels.js";
import { enlargementWords } from "../../web/crops/words.js";
import { makeRandom } from "./chart_random.js";

const BUCKETS = ["960x1712", "768x1024", "1024x768"];

function openActions() {
  const size = { width: 1500, height: 2000 };
  const picture = (/** @type {string} */ key) => ({
    key, name: `${key}.png`, ...size, view: "front", has_alpha: false,
    subject: { box: [0.25, 0.05, 0.5, 0.9], source: "background" },
    proposals: [{ box: [0.1, 0.1, 0.4, 0.4], shot: "waist_up", bucket: "768x1024" }],
    skipped: [
      { shot: "headshot", bucket: "768x1024", reason: "Nearly the same part as waist up." },
      { shot: "full_body", bucket: "4096x4096", reason: "Too small." },
    ],
  }); // prettier-ignore
  const plan = {
    key: "plan",
    buckets: BUCKETS,
    max_enlargement: 1.5,
    shots: [
      { name: "waist_up", words: "waist up", buckets: ["768x1024", "1024x768"] },
      { name: "headshot", words: "headshot", buckets: ["768x1024"] },
    ],
    pictures: ["aaaaaaaaaaaa", "bbbbbbbbbbbb"].map(picture),
  };
  /** @type {string[]} */
  const said = [];
  const session = new CropSession(plan, { pictures: new Map(), typed: [] }, () => 0);
  const actions = new Actions(session, { changed: () => undefined, say: (text) => said.push(text) });
  return { actions, session, said };
}

/**
 * Press a key; says whether the page's own listeners would hear of it.
 *
 * @param {ReturnType<typeof openActions>["actions"]} actions
 * @param {string} key
 * @param {{ ctrlKey?: boolean, shiftKey?: boolean, altKey?: boolean, isOnStage?: boolean, canSave?: boolean }} [how]
 */
function press(actions, key, how = {}) {
  const stage = /** @type {any} */ ({ focus: () => undefined });
  const state = { isStopped: false, isPrevented: false, saved: 0 };
  const event = /** @type {any} */ ({
    key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...how,
    target: how.isOnStage === false ? {} : stage,
    stopPropagation: () => (state.isStopped = true),
    preventDefault: () => (state.isPrevented = true),
  }); // prettier-ignore
  const nothing = () => undefined;
  onKey(event, actions, { zoom: nothing, fit: nothing, help: nothing, save: () => (state.saved++, how.canSave ?? true), stage });
  return state;
}

// Node has no elements; the keys ask whether one of them is a select.
Object.assign(globalThis, { HTMLSelectElement: class {} });

test("a proposal that was left out is added by one action, or cannot be and says why", () => {
  const { actions } = openActions();
  const [first, second] = actions.picture?.skipped ?? [];
  assert.ok(first && second);
  assert.equal(actions.whyNotAdd(first), "");
  assert.match(actions.whyNotAdd(second), /too small.*enlarged 2\.\d\d times/);
  actions.addSkipped(0);
  const { crop } = actions;
  assert.equal(crop?.shot, "headshot");
  assert.ok(crop && hasShape(crop.box, ratioOf("768x1024")) && enlargement(crop.box, crop.bucket) <= 1.5);
});

test("a duplicate goes to the next bucket of its shot, around the same middle", () => {
  const { actions, said } = openActions();
  actions.stepCrop(1);
  const before = actions.crop?.box;
  actions.duplicate();
  assert.equal(actions.content.crops.length, 2);
  assert.equal(actions.crop?.bucket, "1024x768");
  const after = actions.crop?.box;
  assert.ok(before && after);
  assert.ok(Math.abs(before.top + before.height / 2 - after.top - after.height / 2) <= 1);
  assert.match(said.at(-1) ?? "", /Duplicated to 1024 × 768/);
});

test("another bucket keeps the middle and the shape of the new one", () => {
  const { actions } = openActions();
  actions.stepCrop(1);
  for (const bucket of BUCKETS) {
    actions.setBucket(bucket);
    assert.equal(actions.crop?.bucket, bucket);
    assert.ok(actions.crop && hasShape(actions.crop.box, ratioOf(bucket)));
  }
});

test("after a deletion the next crop is chosen, and undo chooses its picture again", () => {
  const { actions } = openActions();
  actions.stepCrop(1);
  actions.remove();
  assert.deepEqual([actions.content.crops.length, actions.crop], [0, null]);
  actions.stepPicture(1);
  actions.undo();
  assert.equal(actions.key, "aaaaaaaaaaaa");
  assert.equal(actions.content.crops.length, 1);
});

test("a dragged box that changes nothing is no step", () => {
  const { actions, session } = openActions();
  actions.stepCrop(1);
  const { crop } = actions;
  assert.ok(crop);
  actions.drag(crop.id, crop.box, false);
  assert.equal(session.undoLabel, "");
});

test("one picture or all go back to the proposals", () => {
  const { actions, session } = openActions();
  for (const step of [0, 1]) {
    actions.stepPicture(step);
    actions.setView("side");
  }
  assert.equal(session.state.edits.size, 2);
  actions.resetPicture();
  assert.deepEqual([...session.state.edits.keys()], ["aaaaaaaaaaaa"]);
  actions.undo();
  actions.resetAll();
  assert.equal(session.toText(), "");
});

test("keys end in the editor, but for the one that saves the workflow", () => {
  const { actions } = openActions();
  actions.stepCrop(1);
  for (const key of ["z", "y", "a", "ArrowLeft", "Delete", "Enter", "x", "c"]) {
    assert.equal(press(actions, key, { ctrlKey: true }).isStopped, true, key);
  }
  const state = press(actions, "s", { ctrlKey: true });
  assert.deepEqual([state.isStopped, state.saved], [false, 1]);
  const later = press(actions, "s", { ctrlKey: true, canSave: false });
  assert.deepEqual([later.isStopped, later.saved], [true, 1]);
});

test("arrows move the crop on the picture only", () => {
  const { actions } = openActions();
  actions.stepCrop(1);
  const left = () => actions.crop?.box.left ?? NaN;
  const start = left();
  press(actions, "ArrowRight");
  press(actions, "ArrowRight", { shiftKey: true });
  assert.equal(left(), start + 11);
  press(actions, "ArrowRight", { isOnStage: false });
  assert.equal(left(), start + 11);
  const height = actions.crop?.box.height ?? NaN;
  press(actions, "ArrowUp", { altKey: true });
  press(actions, "ArrowDown", { ctrlKey: true, shiftKey: true });
  assert.equal(actions.crop?.box.height, height + 1 - 10);
});

test("Escape ends adding, then the choice, then is left to the window", () => {
  const { actions } = openActions();
  actions.stepCrop(1);
  press(actions, "a");
  assert.equal(actions.isPlacing, true);
  assert.equal(press(actions, "Escape").isPrevented, true);
  assert.equal(actions.isPlacing, false);
  assert.equal(press(actions, "Escape").isPrevented, true);
  assert.equal(actions.selected, null);
  assert.equal(press(actions, "Escape").isPrevented, false);
});

test("the smallest crop under the pointer is hit, the chosen one and its handles before it", () => {
  const crop = (/** @type {number} */ id, /** @type {number} */ side) => ({
    id, box: { left: 100, top: 100, width: side, height: side }, shot: "torso", bucket: "768x1024",
  }); // prettier-ignore
  const crops = [crop(1, 400), crop(2, 100)];
  const view = { scale: 0.5, x: 10, y: 20 };
  const inBoth = { x: 10 + 75, y: 20 + 75 };
  assert.equal(findHit(crops, null, view, inBoth, 9).id, 2);
  assert.deepEqual(findHit(crops, 1, view, inBoth, 9), { kind: "crop", id: 1, handle: null });
  const corner = { x: 10 + 250 + 3, y: 20 + 250 - 2 };
  assert.deepEqual(findHit(crops, 1, view, corner, 9), { kind: "handle", id: 1, handle: "se" });
  assert.equal(findHit(crops, 1, view, { x: 0, y: 0 }, 9).kind, "nothing");
});

test("labels stay on the stage and, where there is room, off one another", () => {
  const random = makeRandom(4);
  const stage = { width: 900, height: 700 };
  for (let turn = 0; turn < 300; turn++) {
    const boxes = Array.from({ length: 4 }, () => ({
      x: random.whole(600) - 100, y: random.whole(500) - 100, width: 150 + random.whole(300), height: 150 + random.whole(300),
    })); // prettier-ignore
    const spots = placeLabels(boxes, [80, 80, 80, 80], 19, stage);
    spots.forEach((spot, place) => {
      assert.ok(spot.x >= 0 && spot.x + 80 <= 900 && spot.y >= 0 && spot.y + 19 <= 700);
      for (const other of spots.slice(0, place)) {
        assert.ok(Math.abs(spot.x - other.x) >= 80 || Math.abs(spot.y - other.y) >= 19);
      }
    });
  }
});

test("a crop's size is fine, soft or too small", () => {
  const crop = (/** @type {number} */ width) => ({
    id: 1, box: { left: 0, top: 0, width, height: width }, shot: "torso", bucket: "768x768",
  }); // prettier-ignore
  const levels = [800, 768, 767, 512, 511].map((width) => enlargementWords(crop(width), 1.5).level);
  assert.deepEqual(levels, ["fine", "fine", "soft", "soft", "out"]);
  assert.match(enlargementWords(crop(511), 1.5).text, /left out/);
});

/**
 * A server and a node that tell what was asked of them.
 *
 * @param {{ known?: string[], output?: object | null, isBusy?: boolean }} how
 */
function makeSource({ known = [], output = { hunyuan_crop_plan: ["new"] }, isBusy = false }) {
  const state = { settings: "a", runs: 0, known };
  /** @type {string[]} */
  const said = [];
  const source = new PlanSource({
    readPlan: async (key) => (state.known.includes(key) ? /** @type {any} */ ({ key }) : null),
    run: async (onWaiting) => {
      state.runs++;
      if (isBusy) onWaiting();
      return /** @type {any} */ (output);
    },
    settings: () => state.settings,
  });
  const load = (isAnew = false) => source.load(isAnew, (sentence) => said.push(sentence));
  return { source, state, said, load };
}

test("a plan that the server knows is taken without a run", async () => {
  const { source, state, load } = makeSource({ known: ["old"] });
  source.take({ hunyuan_crop_plan: ["old"] });
  assert.equal((await load()).key, "old");
  assert.equal(state.runs, 0);
});

test("the node is run when it never was, was changed, was forgotten, or must be", async () => {
  for (const change of ["never", "settings", "restart", "anew"]) {
    const { source, state, load } = makeSource({ known: change === "restart" ? ["new"] : ["old", "new"] });
    if (change !== "never") source.take({ hunyuan_crop_plan: ["old"] });
    if (change === "settings") state.settings = "b";
    assert.equal((await load(change === "anew")).key, "new", change);
    assert.equal(state.runs, 1, change);
  }
});

test("a busy queue is told, and a failed run says what to do", async () => {
  const busy = makeSource({ known: ["new"], isBusy: true });
  await busy.load();
  assert.match(busy.said.at(-1) ?? "", /busy/);
  await assert.rejects(makeSource({ output: null }).load(), NoPlanError);
  await assert.rejects(makeSource({ known: [] }).load(), /Try again/);
});
