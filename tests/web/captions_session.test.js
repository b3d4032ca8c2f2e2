import assert from "node:assert/strict";
import { test } from "node:test";

import { formatEdits, NO_EDITS, parseEdits } from "../../web/captions/data/edits.js";
import { Filler } from "../../web/captions/data/filler.js";
import { countOf, Session } from "../../web/captions/session.js";
import { settleConflict } from "../../web/captions/settling.js";
import { contextOf, viewOf } from "../../web/captions/view.js";

/** @typedef {import("../../web/captions/types.js").State} State */
/** @typedef {import("../../web/captions/types.js").Filled} Filled */
/** @typedef {import("../../web/captions/types.js").Sheet} Sheet */

const IDS = ["aa/full_body/96x160", "aa/headshot/96x96", "bb/full_body/96x160"];

/** @returns {Sheet} */
function makeSheet(ids = IDS) {
  const crops = ids.map((id) => {
    const [picture = "", shot = "", bucket = ""] = id.split("/");
    return {
      id,
      picture,
      name: `${picture}.png`,
      box: [0, 0, 1, 1],
      width: 96,
      height: 160,
      shot,
      shot_words: shot,
      view: "",
      bucket,
    };
  });
  return {
    key: "k",
    template: "",
    fields: {},
    slots: [],
    limits: { clip: 75, llama: 256 },
    counts_tokens: false,
    crops,
  };
}

/**
 * What a server makes of a state: words by hand, else the pose; "horns" is warned about once for
 * each time it stands there, and each mend takes one away.
 *
 * @param {State} state
 * @param {Record<string, string>} [files] changed texts beside the pictures, by the crop's id
 */
function answerTo(state, files = {}, sheet = makeSheet()) {
  /** @type {Record<string, Filled>} */
  const crops = {};
  for (const { id, picture } of sheet.crops) {
    const edit = state.edits.crops[id];
    const pose =
      edit?.fields?.["pose"] ?? state.edits.pictures[picture]?.fields?.["pose"] ?? state.fields["pose"] ?? "";
    const file = files[id] ?? null;
    const start = file ?? pose;
    const caption = edit?.text ?? start;
    const mark = file === null ? "" : `mark of ${file}`;
    const warnings = caption
      .split("horns")
      .slice(1)
      .map(() => ({ kind: "omitted_trait", text: "horns", mend: caption.replace("horns", "").trim() }));
    const isConflict = edit?.text !== undefined && file !== null && edit.file !== mark && edit.text !== file;
    const conflict = isConflict
      ? { kind: /** @type {const} */ ("file"), mine: caption, theirs: file, where: "x.txt" }
      : null;
    crops[id] = {
      caption,
      origin: "",
      start,
      start_origin: file === null ? "template" : "file",
      slots: {},
      file_mark: mark,
      file,
      conflict,
      tokens: null,
      warnings,
    };
  }
  return { crops, general: [] };
}

/**
 * @param {Partial<import("../../web/captions/types.js").Link>} [link]
 * @param {Partial<State>} [state]
 */
async function makeSession(link = {}, state = {}) {
  /** @type {State[]} */
  const saved = [];
  const first = { edits: NO_EDITS, template: "", fields: { pose: "standing" }, ...state };
  const session = new Session(makeSheet(), first, {
    fill: async (now) => answerTo(now),
    settle: async () => undefined,
    save: (now) => saved.push(now),
    recover: async () => null,
    ...link,
  });
  await session.filler.now();
  return { session, saved };
}

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

test("what is typed is shown at once, and a late answer does not take it away", async () => {
  /** @type {((answer: any) => void)[]} */
  const waiting = [];
  const { session } = await makeSession();
  session.link.fill = () => new Promise((resolve) => waiting.push(resolve));
  session.write([{ id: FIRST, text: "by h" }], "typed", "t");
  const answered = session.filler.now();
  const old = answerTo(session.state);
  session.write([{ id: FIRST, text: "by hand" }], "typed", "t");
  waiting[0]?.(old);
  await answered;
  assert.equal(session.captionOf(FIRST), "by hand");
  assert.equal(session.originOf(FIRST), "editor");
  assert.ok(session.isPending);
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

for (const [take, caption, text] of [
  ["mine", "mine", "mine"],
  ["theirs", "theirs", undefined],
]) {
  test(`a conflict is settled by taking ${take}, and stays settled`, async () => {
    const files = { [FIRST]: "theirs" };
    const edits = parseEdits(
      JSON.stringify({ version: 1, crops: { [FIRST]: { text: "mine", file: "mark of an older text" } } }),
    );
    const { session } = await makeSession({ fill: async (now) => answerTo(now, files) }, { edits });
    assert.deepEqual(
      session.conflicts.map(({ id }) => id),
      [FIRST],
    );
    await settleConflict(session, FIRST, take === "mine" ? "mine" : "theirs");
    await session.filler.now();
    assert.deepEqual(session.conflicts, []);
    assert.equal(session.captionOf(FIRST), caption);
    assert.equal(session.state.edits.crops[FIRST]?.text, text);
    session.undo();
    await session.filler.now();
    assert.equal(session.conflicts.length, 1);
    session.end();
  });
}

test("the editor's caption is written over one edited in the built dataset only when asked", async () => {
  /** @type {string[][]} */
  const settled = [];
  const conflict = {
    kind: /** @type {const} */ ("built"),
    mine: "standing",
    theirs: "edited there",
    where: "set/1.txt",
  };
  const fill = async (/** @type {State} */ now) => {
    const answer = answerTo(now);
    const one = answer.crops[SECOND];
    if (one && settled.length === 0 && one.caption !== conflict.theirs) one.conflict = conflict;
    return answer;
  };
  const { session } = await makeSession({ fill, settle: async (id, text) => void settled.push([id, text]) });
  await settleConflict(session, SECOND, "theirs");
  assert.equal(session.captionOf(SECOND), "edited there");
  session.undo();
  await session.filler.now();
  await settleConflict(session, SECOND, "mine");
  assert.deepEqual(settled, [[SECOND, "standing"]]);
  assert.deepEqual(session.conflicts, []);
  session.end();
});

test("a server that was started anew gets the node run again, and the edits go on", async () => {
  let isLost = true;
  const { session } = await makeSession({
    fill: async (now) => {
      if (isLost) throw new Error("unknown sheet");
      return answerTo(now);
    },
    recover: async () => {
      isLost = false;
      return makeSheet(IDS.slice(1));
    },
  });
  session.write([{ id: THIRD, text: "kept" }], "typed");
  await session.filler.now();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(session.problem, "");
  assert.deepEqual(session.order, IDS.slice(1));
  assert.equal(session.captionOf(THIRD), "kept");
  session.end();
});

test("why the server gives no answer is kept until it gives one", async () => {
  const { session } = await makeSession();
  session.link.fill = async () => {
    throw new Error("The caption template has an unknown slot '{x}'.");
  };
  session.take({ template: "{x}" }, "typed");
  await session.filler.now();
  assert.match(session.problem, /unknown slot/);
  session.link.fill = async (now) => answerTo(now);
  session.undo();
  await session.filler.now();
  assert.equal(session.problem, "");
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

test("one question is under way at a time, and the last one asks with what is newest", async () => {
  let state = 0;
  let under = 0;
  /** @type {number[]} */
  const asked = [];
  /** @type {number[]} */
  const delivered = [];
  const filler = new Filler({
    ask: async () => {
      under += 1;
      assert.equal(under, 1);
      asked.push(state);
      const now = state;
      await new Promise((resolve) => setTimeout(resolve, 8));
      under -= 1;
      return now;
    },
    deliver: (answer) => delivered.push(answer),
    fail: (error) => assert.fail(String(error)),
    pauseMs: 3,
  });
  for (state = 1; state < 40; state += 1) {
    filler.request();
    await new Promise((resolve) => setTimeout(resolve, state % 7 === 0 ? 6 : 1));
  }
  filler.request();
  while (filler.isPending) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(delivered.at(-1), 40);
  assert.ok(asked.length < 40);
  assert.deepEqual(
    [...delivered].sort((a, b) => a - b),
    delivered,
  );
});

test("no answer comes after the end", async () => {
  let count = 0;
  const filler = new Filler({
    ask: async () => 1,
    deliver: () => (count += 1),
    fail: () => undefined,
    pauseMs: 0,
  });
  const asked = filler.now();
  filler.end();
  await asked;
  filler.request();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(count, 0);
});

test("captions are counted in words", () => {
  assert.deepEqual([countOf(1), countOf(2), countOf(2000)], ["1 caption", "2 captions", "2,000 captions"]);
});
