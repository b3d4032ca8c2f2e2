// A made-up sheet, and a stand-in for the server that fills it by simple rules.
import { NO_EDITS } from "../../web/captions/data/edits.js";
import { Session } from "../../web/captions/session.js";

/** @typedef {import("../../web/captions/types.js").State} State */
/** @typedef {import("../../web/captions/types.js").Filled} Filled */
/** @typedef {import("../../web/captions/types.js").Sheet} Sheet */

export const IDS = ["aa/full_body/96x160", "aa/headshot/96x96", "bb/full_body/96x160"];

/** @returns {Sheet} */
export function makeSheet(ids = IDS) {
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
export function answerTo(state, files = {}, sheet = makeSheet()) {
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
export async function makeSession(link = {}, state = {}) {
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
