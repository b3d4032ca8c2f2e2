import assert from "node:assert/strict";
import { test } from "node:test";

import {
  joinText,
  keepMine,
  mendsOf,
  revertAll,
  revertCrops,
  setField,
  takeTheirs,
  writeTexts,
} from "../../web/captions/data/changes.js";
import { EditsError, formatEdits, NO_EDITS, parseEdits } from "../../web/captions/data/edits.js";
import { ownValue, parseOverrides, valueOf } from "../../web/captions/data/fields.js";
import { History } from "../../web/ui/history.js";
import { makeRandom } from "./chart_random.js";

const CROP = {
  id: "aa/full_body/768x1024",
  picture: "aa",
  name: "front.png",
  box: [0, 0, 1, 1],
  width: 768,
  height: 1024,
  shot: "full_body",
  shot_words: "full body",
  view: "front",
  bucket: "768x1024",
};
const STORED = {
  version: 1,
  pictures: {
    aa: { name: "front.png", fields: { pose: "sitting" } },
    gone: { name: "old.png", fields: { pose: "" } },
  },
  crops: {
    "aa/full_body/768x1024": { text: "by hand", file: "0123abcd" },
    "gone/detail/64x64~2": { fields: { extra: "x" } },
  },
};

/**
 * @param {string} caption
 * @param {Partial<import("../../web/captions/types.js").Filled>} [more]
 * @returns {import("../../web/captions/types.js").Filled}
 */
function filledWith(caption, more = {}) {
  const origin = { origin: "template", start: caption, start_origin: "template", file_mark: "feedbeef" };
  return { caption, ...origin, slots: {}, file: null, conflict: null, tokens: null, warnings: [], ...more };
}

/** A caption by hand, as if the .txt beside it had that mark. @param {string} text @param {string} mark */
function write(text, mark, edits = NO_EDITS) {
  return writeTexts(edits, [{ id: CROP.id, text }], () => filledWith("as filled", { file_mark: mark }));
}

/** @param {"crop" | "picture"} level @param {string} name @param {string | null} value */
function put(level, name, value, edits = NO_EDITS) {
  return setField(edits, [CROP], { name, value, level });
}

test("stored edits are written back as they were read, with those of absent pictures", () => {
  assert.deepEqual(JSON.parse(formatEdits(parseEdits(JSON.stringify(STORED)))), STORED);
});

test("nothing edited is an empty text, whatever was edited and taken back before", () => {
  assert.equal(formatEdits(parseEdits("  ")), "");
  let edits = put("crop", "extra", "y", put("picture", "pose", "", write("words", "")));
  edits = put("crop", "extra", null, put("picture", "pose", null, edits));
  assert.notEqual(formatEdits(edits), "");
  assert.equal(formatEdits(write("as filled", "", edits)), "");
});

for (const [name, text, reason] of [
  ["no JSON", "{", /not valid JSON/],
  ["a list", "[]", /not a JSON object/],
  ["no version", "{}", /version null/],
  ["a later version", '{"version": 2}', /version 2/],
  ["pictures as a list", '{"version": 1, "pictures": []}', /'pictures' is not an object/],
  ["a caption that is a number", '{"version": 1, "crops": {"a": {"text": 5}}}', /crop 'a' is damaged/],
  [
    "a field that is a list",
    '{"version": 1, "pictures": {"k": {"fields": {"pose": []}}}}',
    /picture 'k' is damaged/,
  ],
]) {
  test(`a stored text with ${name} is refused in one sentence`, () => {
    assert.throws(
      () => parseEdits(String(text)),
      (error) => error instanceof EditsError && /** @type {RegExp} */ (reason).test(error.message),
    );
  });
}

test("an empty caption and an empty field are edits, not their absence", () => {
  const edits = put("crop", "pose", "", write("", "m"));
  assert.deepEqual(parseEdits(formatEdits(edits)).crops[CROP.id], {
    text: "",
    file: "m",
    fields: { pose: "" },
  });
});

test("the mark is that of the first words; only a decision renews it", () => {
  const typed = write("ab", "new", write("a", "old"));
  assert.equal(typed.crops[CROP.id]?.file, "old");
  assert.equal(keepMine(typed, CROP.id, "new").crops[CROP.id]?.file, "new");
  assert.equal(keepMine(NO_EDITS, CROP.id, "new"), NO_EDITS);
});

test("edits are never changed in place", () => {
  const before = parseEdits(JSON.stringify(STORED));
  const text = JSON.stringify(before);
  setField(before, [CROP], { name: "pose", value: "running", level: "picture" });
  revertAll(before, [CROP]);
  writeTexts(before, [{ id: CROP.id, text: "other" }], () => undefined);
  assert.equal(JSON.stringify(before), text);
});

test("a change that changes nothing gives back the very same edits", () => {
  const edits = write("by hand", "m");
  assert.equal(write("by hand", "other", edits), edits);
  assert.equal(revertCrops(edits, ["other"]), edits);
  assert.equal(revertAll(NO_EDITS, [CROP]), NO_EDITS);
});

test("two thousand captions are changed in the time of a few", () => {
  const texts = Array.from({ length: 2000 }, (_, index) => ({
    id: `${index}/torso/64x64`,
    text: "words ".repeat(30),
  }));
  const start = performance.now();
  const edits = revertCrops(
    writeTexts(NO_EDITS, texts, () => undefined),
    texts.map(({ id }) => id),
  );
  assert.equal(formatEdits(edits), "");
  // One copy for all takes a few milliseconds; one copy for each took three seconds.
  assert.ok(performance.now() - start < 1000);
});

test("a caption typed back to what it is anyway counts as untouched", () => {
  const look = () => filledWith("as filled");
  const typed = writeTexts(NO_EDITS, [{ id: CROP.id, text: "as filled!" }], look);
  assert.deepEqual(typed.crops[CROP.id], { text: "as filled!", file: "feedbeef" });
  assert.equal(formatEdits(writeTexts(typed, [{ id: CROP.id, text: "as filled" }], look)), "");
});

test("words are joined with a space only where one is needed", () => {
  assert.equal(joinText("A cat.", "Outdoors.", "after"), "A cat. Outdoors.");
  assert.equal(joinText("A cat", ", outdoors", "after"), "A cat, outdoors");
  assert.equal(joinText("a cat", "photo of ", "before"), "photo of a cat");
  assert.equal(joinText("", "only", "after"), "only");
});

test("reverting takes the crop's edits, reverting all also its picture's, never those of others", () => {
  const edits = parseEdits(JSON.stringify(STORED));
  const one = revertCrops(edits, [CROP.id]);
  assert.deepEqual(Object.keys(one.crops), ["gone/detail/64x64~2"]);
  assert.deepEqual(Object.keys(one.pictures), ["aa", "gone"]);
  const all = revertAll(edits, [CROP]);
  assert.deepEqual(Object.keys(all.pictures), ["gone"]);
  assert.deepEqual(Object.keys(all.crops), ["gone/detail/64x64~2"]);
});

test("taking the file's text drops the own words, or repeats them where fields come first", () => {
  const edits = write("mine", "old");
  assert.equal(
    formatEdits(takeTheirs(edits, CROP.id, "theirs", filledWith("mine", { start: "theirs" }))),
    "",
  );
  const kept = takeTheirs(edits, CROP.id, "theirs", filledWith("mine", { start: "from fields" }));
  assert.deepEqual(kept.crops[CROP.id], { text: "theirs", file: "feedbeef" });
});

test("mends of a kind take one for each caption that has one", () => {
  const warnings = [
    { kind: "trigger", text: "", mend: null },
    { kind: "ratio", text: "", mend: "first" },
    { kind: "ratio", text: "", mend: "second" },
  ];
  const filled = new Map([
    ["a", filledWith("x", { warnings })],
    ["b", filledWith("y")],
  ]);
  assert.deepEqual(mendsOf(filled, "ratio"), [{ id: "a", text: "first" }]);
  assert.deepEqual(mendsOf(filled, "trigger"), []);
});

test("a crop's field beats its picture's, an override and the whole set's", () => {
  const fields = { pose: "standing" };
  const overrides = parseOverrides('{"front": {"pose": "jumping", "headshot": {"pose": "still"}}}');
  let edits = NO_EDITS;
  const value = (/** @type {unknown} */ given) => valueOf("pose", CROP, { edits, fields }, given);
  assert.deepEqual(value(null), { value: "standing", source: "node" });
  assert.deepEqual(value(overrides), { value: "jumping", source: "override" });
  edits = put("picture", "pose", "sitting", edits);
  assert.deepEqual(value(overrides), { value: "sitting", source: "picture" });
  edits = put("crop", "pose", "", edits);
  assert.deepEqual(value(overrides), { value: "", source: "crop" });
  assert.equal(ownValue("pose", "node", CROP, { edits, fields }), "standing");
});

test("overrides count by file name before stem, and by shot before both", () => {
  const state = { edits: NO_EDITS, fields: {} };
  const given = { front: { pose: "a", full_body: { pose: "d" } }, "front.png": { pose: "b", extra: "c" } };
  assert.equal(valueOf("pose", CROP, state, given).value, "d");
  assert.equal(valueOf("extra", CROP, state, given).value, "c");
  assert.equal(valueOf("pose", CROP, state, { "front.png": { pose: "b" }, front: { pose: "a" } }).value, "b");
  assert.equal(
    valueOf("named_traits", CROP, state, { front: { named_traits: ["red hat", "scarf"] } }).value,
    "red hat, scarf",
  );
  assert.equal(parseOverrides("{"), null);
});

test("undo and redo lead through every state of a random history, back and forth", () => {
  const random = makeRandom(7);
  for (let round = 0; round < 50; round += 1) {
    const history = new History(0);
    const states = [0];
    for (let step = 1; step < 30; step += 1) {
      history.push(step, `step ${step}`);
      states.push(step);
      const back = random.whole(3);
      for (let count = 0; count < back && states.length > 1; count += 1) {
        states.pop();
        history.undo();
      }
      assert.equal(history.present, states.at(-1));
    }
    while (history.lastDone !== null) history.undo();
    assert.equal(history.present, 0);
    for (const state of states.slice(1)) {
      assert.equal(history.redo(), `step ${state}`);
      assert.equal(history.present, state);
    }
  }
});

test("steps of one key are one until they are sealed", () => {
  const history = new History("");
  for (const text of ["a", "ab", "abc"]) history.push(text, "typed", "type 1");
  history.seal();
  history.push("abcd", "typed", "type 1");
  history.undo();
  assert.equal(history.present, "abc");
  history.undo();
  assert.equal(history.present, "");
  assert.equal(history.undo(), null);
});

test("a step after undo forgets what was taken back", () => {
  const history = new History(1);
  history.push(2, "two");
  history.undo();
  history.push(3, "three");
  assert.equal(history.lastUndone, null);
  assert.equal(history.redo(), null);
});
