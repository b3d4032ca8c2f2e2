// @ts-check
// What concerns the whole set: a server that does not answer, conflicts, findings, missing counts.
import { make, makeButton } from "../../ui/dom.js";
import { kindWords } from "../data/filtering.js";
import { mendsOf } from "../data/changes.js";
import { countOf } from "../session.js";

/** @typedef {import("../session.js").Session} Session */

/**
 * @typedef {object} NoticeActions
 * @property {() => void} retry
 * @property {() => void} compare
 * @property {(kind: string) => void} showKind
 * @property {(kind: string) => void} mendAll
 */

/**
 * @param {Session} session
 * @param {NoticeActions} actions
 */
export function makeNotices(session, actions) {
  const element = make("div", {
    part: "cap-notices",
    attributes: { role: "region", "aria-label": "Findings" },
  });
  let drawn = "";

  /** @param {string} remark of the moment, such as waiting for the queue; "" is none */
  function update(remark) {
    const conflicts = session.conflicts.length;
    const kinds = kindsOf(session);
    const facts = {
      remark,
      problem: session.problem,
      conflicts,
      kinds,
      general: session.general,
      counts: session.sheet.counts_tokens,
    };
    const key = JSON.stringify(facts);
    if (key === drawn) return;
    drawn = key;
    element.replaceChildren(
      ...(remark ? [notice("info", remark)] : []),
      ...(session.problem
        ? [notice("problem", session.problem, makeButton("Try again", actions.retry, { part: "cap-mini" }))]
        : []),
      ...(conflicts > 0
        ? [
            notice(
              "conflict",
              `${countOf(conflicts)} changed in the editor and in a file.`,
              makeButton("Compare", actions.compare, { part: "cap-mini main" }),
            ),
          ]
        : []),
      ...(kinds.length > 0 ? [kindsNotice(kinds, actions)] : []),
      ...(session.general.length > 0 ? [generalNotice(session.general)] : []),
      ...(session.sheet.counts_tokens
        ? []
        : [
            notice(
              "info",
              "Connect a CLIP to the node to see here how many tokens each caption has and where the encoders stop reading.",
            ),
          ]),
    );
  }
  return { element, update };
}

/** @param {Session} session */
function kindsOf(session) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { warnings } of session.filled.values()) {
    for (const kind of new Set(warnings.map((warning) => warning.kind)))
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => ({ kind, count, mends: mendsOf(session.filled, kind).length }));
}

/**
 * @param {{ kind: string, count: number, mends: number }[]} kinds
 * @param {NoticeActions} actions
 */
function kindsNotice(kinds, actions) {
  const parts = kinds.map(({ kind, count, mends }) =>
    make(
      "span",
      { part: "cap-pair" },
      makeButton(`${kindWords(kind)}: ${count}`, () => actions.showKind(kind), {
        part: "cap-mini",
        title: "Show only these captions",
      }),
      mends > 0
        ? makeButton(mends === 1 ? "Mend it" : `Mend all ${mends}`, () => actions.mendAll(kind), {
            part: "cap-mini",
            title: `Mend every caption with the warning '${kindWords(kind)}'; undo takes it back`,
          })
        : null,
    ),
  );
  return notice("warning", "Warnings", ...parts);
}

/** @param {import("../types.js").Finding[]} general */
function generalNotice(general) {
  const list = make("ul", {}, ...general.map(({ text }) => make("li", { text })));
  const title =
    general.length === 1 ? "About the whole set" : `About the whole set: ${general.length} findings`;
  const fold = make("details", { part: "grow" }, make("summary", { text: title }), list);
  fold.open = general.length < 3;
  return notice("info", "", fold);
}

/**
 * @param {"info" | "problem" | "conflict" | "warning"} kind
 * @param {string} text
 * @param {...(Node | null)} parts
 */
function notice(kind, text, ...parts) {
  const words = text ? make("span", { text }) : null;
  const attributes = { "data-kind": kind, ...(kind === "problem" ? { role: "alert" } : {}) };
  return make("div", { part: "cap-notice", attributes }, words, ...parts);
}
