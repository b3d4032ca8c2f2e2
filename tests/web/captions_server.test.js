import assert from "node:assert/strict";
import { test } from "node:test";

import { parseEdits } from "../../web/captions/data/edits.js";
import { Filler } from "../../web/captions/data/filler.js";
import { settleConflict } from "../../web/captions/settling.js";
import { answerTo, IDS, makeSession, makeSheet } from "./captions_made_up.js";

/** @typedef {import("../../web/captions/types.js").State} State */

const [FIRST = "", SECOND = "", THIRD = ""] = IDS;

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
