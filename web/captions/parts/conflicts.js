// @ts-check
// A caption that is one text in the editor and another one in a file: both are shown, and asked.
import { openDialog } from "../../ui/dialog.js";
import { make, makeButton, setText } from "../../ui/dom.js";
import { diffWords } from "../data/word_diff.js";
import { settleConflict } from "../settling.js";
import { nameOf } from "./card.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {"mine" | "theirs"} Side */

/**
 * Ask about conflicts one after the other; "Later" and Escape leave what is not decided.
 *
 * @param {Session} session
 * @param {string[]} ids crops with a conflict
 * @param {(decided: number) => void} onDone
 */
export function askConflicts(session, ids, onDone) {
  let place = 0;
  let decided = 0;
  const { dialog, close } = openDialog("cap-compare", "A caption was changed in two places", () =>
    onDone(decided),
  );
  const title = make("h2");
  const text = make("p");
  const mine = makeSide("mine", "In the editor");
  const theirs = makeSide("theirs", "In the file");
  const take = async (/** @type {Side} */ side, /** @type {string[]} */ those) => {
    for (const id of those) {
      await settleConflict(session, id, side);
      decided += 1;
    }
    place += those.length;
    draw();
  };
  const here = () => ids.slice(place, place + 1);
  const keep = makeButton("Keep mine", () => void take("mine", here()), { part: "main" });
  const other = makeButton("Take theirs", () => void take("theirs", here()));
  const keepAll = makeButton("", () => void take("mine", ids.slice(place)));
  const otherAll = makeButton("", () => void take("theirs", ids.slice(place)));
  dialog.append(
    title,
    text,
    make("div", { part: "cap-sides" }, mine.element, theirs.element),
    make(
      "div",
      { part: "row" },
      keep,
      other,
      make("span", { part: "grow" }),
      keepAll,
      otherAll,
      makeButton("Later", close, { title: "Escape" }),
    ),
  );

  function draw() {
    const id = ids[place];
    const conflict = id === undefined ? null : session.filled.get(id)?.conflict;
    if (id === undefined || place >= ids.length) {
      close();
      return;
    }
    if (!conflict) {
      place += 1;
      draw();
      return;
    }
    const left = ids.length - place;
    const crop = session.crop(id);
    setText(
      title,
      ids.length === 1
        ? "This caption was changed in two places"
        : `A caption was changed in two places (${place + 1} of ${ids.length})`,
    );
    setText(text, `${crop ? nameOf(crop) : id}: ${reasonOf(conflict)}`);
    const parts = diffWords(conflict.mine, conflict.theirs);
    mine.draw(parts);
    theirs.draw(parts);
    keepAll.hidden = otherAll.hidden = left < 2;
    setText(keepAll, `Keep mine for all ${left}`);
    setText(otherAll, `Take theirs for all ${left}`);
    keep.focus();
  }
  draw();
}

/** @param {import("../types.js").Conflict} conflict */
function reasonOf({ kind, where, theirs }) {
  if (kind === "built") return `'${where}' in the built dataset was edited by hand.`;
  return theirs === ""
    ? `'${where}' beside the picture is gone or empty since this caption was written.`
    : `'${where}' beside the picture changed since this caption was written.`;
}

/**
 * @param {Side} side
 * @param {string} title
 */
function makeSide(side, title) {
  const words = make("p");
  const element = make(
    "section",
    { attributes: { "aria-label": title } },
    make("h3", { text: title }),
    words,
  );

  /** @param {import("../data/word_diff.js").DiffPart[]} parts */
  function draw(parts) {
    const own = parts.filter(({ kind }) => kind === "same" || kind === side);
    const pieces = own.map(({ kind, text }) =>
      kind === "same"
        ? document.createTextNode(text)
        : make("mark", { text, attributes: { "data-kind": kind } }),
    );
    words.replaceChildren(...pieces);
    if (own.length === 0) words.replaceChildren(make("span", { part: "faint", text: "(empty)" }));
  }
  return { element, draw };
}
