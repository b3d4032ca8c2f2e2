// @ts-check
// Decides between a caption of the editor and the one in a file.
import { keepMine, takeTheirs } from "./data/changes.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Settle the conflict of one caption, if it has one.
 *
 * @param {Session} session
 * @param {string} id of the crop
 * @param {"mine" | "theirs"} take the editor's caption or the file's
 */
export async function settleConflict(session, id, take) {
  const filled = session.filled.get(id);
  if (!filled?.conflict) return;
  const { kind, mine, theirs } = filled.conflict;
  if (kind === "built" && take === "mine") {
    await overrule(session, id, mine);
    return;
  }
  // The question is answered; the server confirms it with its next answer.
  session.filled.set(id, { ...filled, conflict: null });
  const { edits } = session.state;
  if (take === "mine")
    session.take({ edits: keepMine(edits, id, filled.file_mark) }, "Kept the editor's caption");
  else if (kind === "built") session.write([{ id, text: theirs }], "Took the file's caption");
  else session.take({ edits: takeTheirs(edits, id, theirs, filled) }, "Took the file's caption");
}

/**
 * Write the editor's caption into the built dataset, over what was typed there.
 *
 * @param {Session} session
 * @param {string} id
 * @param {string} text
 */
async function overrule(session, id, text) {
  try {
    await session.link.settle(id, text);
    await session.filler.now();
  } catch (error) {
    await session.fail(error);
  }
}
