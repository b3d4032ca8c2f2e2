// @ts-check
// Changes of several captions at once, each a new value of the edits.
import { withCropField, withoutCrop, withoutPicture, withoutText, withPictureField, withText } from "./edits.js"; // prettier-ignore

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
  let next = edits;
  for (const { id, text } of texts) {
    const known = filled(id);
    const isUntouched = known !== undefined && text.trim() === known.start.trim();
    next = isUntouched ? withoutText(next, id) : withText(next, id, text, known?.file_mark ?? "");
  }
  return next;
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
  let next = edits;
  for (const crop of crops) {
    next =
      field.level === "crop"
        ? withCropField(next, crop.id, field.name, field.value)
        : withPictureField(next, { key: crop.picture, name: crop.name }, field.name, field.value);
  }
  return next;
}

/**
 * Take away what was edited on crops; what was set for their pictures stays.
 *
 * @param {Edits} edits
 * @param {Iterable<string>} ids
 * @returns {Edits}
 */
export function revertCrops(edits, ids) {
  let next = edits;
  for (const id of ids) next = withoutCrop(next, id);
  return next;
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
  let next = revertCrops(edits, crops.map(({ id }) => id)); // prettier-ignore
  for (const key of new Set(crops.map(({ picture }) => picture))) next = withoutPicture(next, key);
  return next;
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
  const bare = withoutText(edits, id);
  // Where fields or overrides come before the file, only the words themselves bring its text.
  return filled?.start === theirs ? bare : withText(bare, id, theirs, filled?.file_mark ?? "");
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
