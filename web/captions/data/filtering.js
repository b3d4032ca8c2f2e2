// @ts-check
// Which crops are shown, and what there is to choose from.

/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {import("../types.js").Filled} Filled */

/**
 * @typedef {object} Filter
 * @property {string} text found in the caption or the file's name, whatever the case
 * @property {string} shot "" is any
 * @property {string} view "" is any, "none" is one without
 * @property {string} origin "" is any
 * @property {string} warnings "" is any, "any" is some, else a kind of warning
 */

/** @type {Readonly<Filter>} */
export const NO_FILTER = Object.freeze({ text: "", shot: "", view: "", origin: "", warnings: "" });

/** @type {Record<string, string>} */
export const ORIGIN_WORDS = Object.freeze({
  template: "template",
  file: ".txt file",
  captioner: "captioner",
  override: "overrides",
  fields: "own fields",
  editor: "by hand",
});

/**
 * What a crop is filtered by.
 *
 * @typedef {object} Facts
 * @property {string} caption
 * @property {string} origin
 * @property {readonly { kind: string }[]} warnings
 */

/**
 * @param {SheetCrop} crop
 * @param {Facts} facts
 * @param {Filter} filter
 * @returns {boolean}
 */
export function isShown(crop, facts, filter) {
  const text = filter.text.trim().toLowerCase();
  if (text && !`${facts.caption}\n${crop.name}`.toLowerCase().includes(text)) return false;
  if (filter.shot && crop.shot !== filter.shot) return false;
  if (filter.view && (crop.view || "none") !== filter.view) return false;
  if (filter.origin && facts.origin !== filter.origin) return false;
  if (filter.warnings === "any") return facts.warnings.length > 0;
  return !filter.warnings || facts.warnings.some(({ kind }) => kind === filter.warnings);
}

/**
 * Whether a filter lets everything through.
 *
 * @param {Filter} filter
 */
export function isOpen(filter) {
  return filter.text.trim() === "" && !filter.shot && !filter.view && !filter.origin && !filter.warnings;
}

/**
 * Values that occur, each with how often, the most frequent first where `bySize` is set.
 *
 * @param {Iterable<string>} values
 * @param {boolean} [bySize]
 * @returns {{ value: string, count: number }[]}
 */
export function countValues(values, bySize = false) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const list = [...counts].map(([value, count]) => ({ value, count }));
  return bySize ? list.sort((a, b) => b.count - a.count) : list;
}

/**
 * How a kind of warning is called.
 *
 * @param {string} kind "clip_length"
 */
export function kindWords(kind) {
  return kind.replaceAll("_", " ");
}
