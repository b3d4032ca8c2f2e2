// @ts-check
// The template's fields, and where the value of each comes from.

/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {"crop" | "picture" | "node"} Level */
/** @typedef {Level | "override"} Source */

/** Fields of the template, in the order in which a caption has them. */
export const FIELDS = Object.freeze([
  { name: "style", label: "Style" },
  { name: "trigger", label: "Trigger word" },
  { name: "class_word", label: "Class word" },
  { name: "named_traits", label: "Named traits" },
  { name: "pose", label: "Pose" },
  { name: "background", label: "Background" },
  { name: "extra", label: "Extra" },
]);

/** Fields that only the whole set has. */
export const SET_FIELDS = Object.freeze([
  { name: "omitted_traits", label: "Omitted traits" },
  { name: "view_traits", label: "Traits seen in one view" },
]);

/** Slots that every crop fills by itself. */
export const CROP_SLOTS = Object.freeze(["framing", "ratio", "view", "pronoun", "shot"]);

/** @type {Record<Source, string>} */
export const SOURCE_WORDS = Object.freeze({
  crop: "this crop",
  picture: "this picture",
  override: "overrides",
  node: "whole set",
});

/**
 * A field's own value at a level.
 *
 * @param {string} name
 * @param {Level} level
 * @param {SheetCrop} crop
 * @param {{ edits: Edits, fields: Readonly<Record<string, string>> }} state
 * @returns {string | null} null: the level says nothing
 */
export function ownValue(name, level, crop, state) {
  if (level === "crop") return state.edits.crops[crop.id]?.fields?.[name] ?? null;
  if (level === "picture") return state.edits.pictures[crop.picture]?.fields?.[name] ?? null;
  return state.fields[name] ?? "";
}

/**
 * What a crop's caption is filled with, and who says so.
 *
 * @param {string} name
 * @param {SheetCrop} crop
 * @param {{ edits: Edits, fields: Readonly<Record<string, string>> }} state
 * @param {Readonly<Record<string, string>> | null} slots as the server filled them just now; null
 *   while that is not known
 * @returns {{ value: string, source: Source }}
 */
export function valueOf(name, crop, state, slots) {
  for (const source of /** @type {Level[]} */ (["crop", "picture"])) {
    const value = ownValue(name, source, crop, state);
    if (value !== null) return { value, source };
  }
  const value = state.fields[name] ?? "";
  const filled = slots?.[slotOf(name)];
  // The server alone reads the overrides; they show by what they change.
  if (filled !== undefined && plain(filled) !== plain(value)) return { value: filled, source: "override" };
  return { value, source: "node" };
}

/**
 * The slot that a field fills.
 *
 * @param {string} name
 * @returns {string}
 */
export function slotOf(name) {
  return name === "named_traits" ? "traits" : name;
}

/**
 * Without what the server tidies up: spaces, and the marks between traits.
 *
 * @param {string} text
 */
function plain(text) {
  return text.split(/[\s,;]+/).filter(Boolean).join(" "); // prettier-ignore
}
