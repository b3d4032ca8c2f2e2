import assert from "node:assert/strict";
import { test } from "node:test";

import { formatEdits, NO_EDITS, parseEdits } from "../../web/captions/data/edits.js";
import { countOf } from "../../web/captions/session.js";
import { contextOf, viewOf } from "../../web/captions/view.js";
import { IDS, makeSession } from "./captions_made_up.js";

const [FIRST = "", SECOND = "", THIRD = ""] = IDS;

test("captions follow the fields of the whole set, a picture and a crop", async () => {
  const { session } = await makeSession();
  const [crop] = session.sheet.crops;
  assert.ok(crop);
  session.setField([crop], { name: "pose", value: "sitting", level: "picture" }, "");
  session.setField([crop], { name: "pose", value: "running", level: "crop" }, "");
  session.setField([crop], { name: "pose", value: "lying", level: "node" }, "");
  await session.filler.now();
  assert.deepEqual(
    IDS.map((id) => session.captionOf(id)),
    ["running", "sitting", "lying"],
  );
  session.end();
});

test("every step is saved, and undo and redo go over texts, fields and the template", async () => {
  const { session, saved } = await makeSession();
  session.write([{ id: FIRST, text: "x" }], "one");
  session.setField([], { name: "pose", value: "sitting", level: "node" }, "two");
  session.take({ template: "{pose}" }, "three");
  assert.equal(saved.length, 3);
  assert.deepEqual(
    [session.undo(), session.undo(), session.undo(), session.undo()],
    ["three", "two", "one", null],
  );
  assert.deepEqual(session.state, { edits: NO_EDITS, template: "", fields: { pose: "standing" } });
  assert.deepEqual([session.redo(), session.redo(), session.redo()], ["one", "two", "three"]);
  assert.equal(session.state.template, "{pose}");
  assert.equal(saved.length, 9);
  session.end();
});

test("all warnings of a kind are mended, several in one caption too, in one step", async () => {
  const { session } = await makeSession();
  const before = [
    { id: FIRST, text: "horns a horns b horns" },
    { id: SECOND, text: "c" },
    { id: THIRD, text: "horns d" },
  ];
  session.write(before, "typed");
  await session.filler.now();
  session.mendAll("omitted_trait");
  for (let round = 0; round < 4; round += 1) await session.filler.now();
  assert.deepEqual(
    IDS.map((id) => session.captionOf(id).replace(/\s+/g, " ")),
    ["a b", "c", "d"],
  );
  session.undo();
  assert.deepEqual(
    IDS.map((id) => session.captionOf(id)),
    before.map(({ text }) => text),
  );
  session.end();
});

test("words put after several captions are one step, and count as written by hand", async () => {
  const { session } = await makeSession();
  session.join([FIRST, THIRD], "on grass", "after");
  assert.deepEqual(
    IDS.map((id) => session.captionOf(id)),
    ["standing on grass", "standing", "standing on grass"],
  );
  session.undo();
  assert.equal(formatEdits(session.state.edits), "");
  session.end();
});

test("a filter hides cards, but never the one that is typed in", async () => {
  const { session } = await makeSession();
  session.write([{ id: FIRST, text: "red coat" }], "typed");
  session.setFilter({ text: "red" });
  assert.deepEqual(session.order, [FIRST]);
  session.editing = FIRST;
  session.write([{ id: FIRST, text: "blue" }], "typed");
  assert.deepEqual(session.order, [FIRST]);
  session.editing = "";
  session.setFilter({});
  assert.deepEqual(session.order, []);
  session.end();
});

test("edits of pictures that are not here are kept through everything", async () => {
  const stored =
    '{"version":1,"pictures":{"zz":{"name":"z.png","fields":{"pose":"x"}}},"crops":{"zz/a/1x1":{"text":"far away","file":""}}}';
  const { session } = await makeSession({}, { edits: parseEdits(stored) });
  session.write([{ id: FIRST, text: "x" }], "typed");
  session.revertAll();
  assert.deepEqual(JSON.parse(formatEdits(session.state.edits)), JSON.parse(stored));
  session.end();
});

test("a card shows where CLIP-L stops only in the text that was counted", async () => {
  const { session } = await makeSession();
  const known = session.filled.get(FIRST);
  const [crop] = session.sheet.crops;
  assert.ok(known && crop);
  const tokens = { clip: 80, llama: 9, clip_cut: 4, llama_cut: null };
  const marks = () => viewOf(session, crop, contextOf(session, [])).marks;
  session.write([{ id: FIRST, text: "  one two" }], "typed");
  session.filled.set(FIRST, { ...known, caption: "one two", tokens });
  assert.deepEqual(marks(), [{ start: 6, end: 9, kind: "beyond" }]);
  session.write([{ id: FIRST, text: "one two three" }], "typed");
  assert.deepEqual(marks(), []);
  session.end();
});

test("captions are counted in words", () => {
  assert.deepEqual([countOf(1), countOf(2), countOf(2000)], ["1 caption", "2 captions", "2,000 captions"]);
});
