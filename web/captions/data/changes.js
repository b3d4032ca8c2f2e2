// @ts-check
// Changes of several captions at once, each a new value of the edits.
import { changeCrops, changePictures, NOTHING, withField, withMark, withoutText, withText } from "./edits.js";

/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {import("../types.js").Filled} Filled */
/** @typedef {(id: string) => Filled | undefined} Lookup */

/**
 * Write captions by hand; one that is what the crop has anyway counts as untouched.
 *
 * @param {Edits} edits
 * @param {Iterable<{ id: string, text: string }>} texts
 * @param {Lookup} filled
 * @returns {Edits}
 */
export function writeTexts(edits, texts, filled) {
  const wanted = new Map([...texts].map(({ id, text }) => [id, text]));
  return changeCrops(edits, wanted.keys(), (entry, id) => {
    const text = wanted.get(id) ?? "";
    const known = filled(id);
    const isUntouched = known !== undefined && text.trim() === known.start.trim();
    if (isUntouched) return withoutText(entry);
    return entry.text === text ? entry : withText(entry, text, known?.file_mark ?? "");
  });
}

/**
 * Put words before or after a caption, with a space between where one is needed.
 *
 * @param {string} caption
 * @param {string} words
 * @param {"before" | "after"} where
 * @returns {string}
 */
export function joinText(caption, words, where) {
  const [first, second] = where === "before" ? [words, caption] : [caption, words];
  const needsSpace = first !== "" && second !== "" && !/\s$/.test(first) && !/^[\s.,;:!?]/.test(second);
  return first + (needsSpace ? " " : "") + second;
}

/**
 * Set a field of several crops, or of their pictures.
 *
 * @param {Edits} edits
 * @param {Iterable<SheetCrop>} crops
 * @param {{ name: string, value: string | null, level: "crop" | "picture" }} field
 * @returns {Edits}
 */
export function setField(edits, crops, field) {
  const { name, value, level } = field;
  if (level === "crop") {
    const ids = [...crops].map(({ id }) => id);
    return changeCrops(edits, ids, (entry) => withField(entry, name, value));
  }
  const names = new Map([...crops].map((crop) => [crop.picture, crop.name]));
  return changePictures(edits, names.keys(), (entry, key) => ({
    ...withField(entry, name, value),
    name: names.get(key) ?? "",
  }));
}

/**
 * Take away what was edited on crops; what was set for their pictures stays.
 *
 * @param {Edits} edits
 * @param {Iterable<string>} ids
 * @returns {Edits}
 */
export function revertCrops(edits, ids) {
  return changeCrops(edits, ids, () => NOTHING);
}

/**
 * Take away everything that was edited on these crops and their pictures; what belongs to pictures
 * that are not here stays.
 *
 * @param {Edits} edits
 * @param {readonly SheetCrop[]} crops
 * @returns {Edits}
 */
export function revertAll(edits, crops) {
  const ids = crops.map(({ id }) => id);
  const keys = crops.map(({ picture }) => picture);
  return changePictures(revertCrops(edits, ids), keys, () => NOTHING);
}

/**
 * Take over the text of a .txt that is in conflict with a handwritten caption.
 *
 * @param {Edits} edits
 * @param {string} id
 * @param {string} theirs
 * @param {Filled | undefined} filled
 * @returns {Edits}
 */
export function takeTheirs(edits, id, theirs, filled) {
  return changeCrops(edits, [id], (entry) => {
    const bare = withoutText(entry);
    // Where fields or overrides come before the file, only the words themselves bring its text.
    return filled?.start === theirs ? bare : withText(bare, theirs, filled?.file_mark ?? "");
  });
}

/**
 * Keep a handwritten caption although the .txt is another one now.
 *
 * @param {Edits} edits
 * @param {string} id
 * @param {string} mark of the .txt as it is now
 * @returns {Edits}
 */
export function keepMine(edits, id, mark) {
  return changeCrops(edits, [id], (entry) => withMark(entry, mark));
}

/**
 * One mend for each caption with this kind of warning; a caption with several gets the next one
 * when the first was checked again.
 *
 * @param {Iterable<[string, Filled]>} filled by the crop's id
 * @param {string} kind
 * @returns {{ id: string, text: string }[]}
 */
export function mendsOf(filled, kind) {
  /** @type {{ id: string, text: string }[]} */
  const mends = [];
  for (const [id, { warnings }] of filled) {
    const mend = warnings.find((warning) => warning.kind === kind && warning.mend !== null)?.mend;
    if (typeof mend === "string") mends.push({ id, text: mend });
  }
  return mends;
}
