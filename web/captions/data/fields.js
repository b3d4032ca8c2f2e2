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
 * @param {unknown} overrides the node's input, as `parseOverrides` gives it
 * @returns {{ value: string, source: Source }}
 */
export function valueOf(name, crop, state, overrides) {
  for (const source of /** @type {Level[]} */ (["crop", "picture"])) {
    const value = ownValue(name, source, crop, state);
    if (value !== null) return { value, source };
  }
  const value = overrideOf(name, crop, overrides);
  if (value !== null) return { value, source: "override" };
  return { value: state.fields[name] ?? "", source: "node" };
}

/**
 * @param {string} text
 * @returns {unknown} null for what is no JSON; the server says so
 */
export function parseOverrides(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The file's name is more exact than its stem, and the shot more exact than both.
 *
 * @param {string} name
 * @param {SheetCrop} crop
 * @param {unknown} overrides
 * @returns {string | null}
 */
function overrideOf(name, crop, overrides) {
  const stem = crop.name.replace(/\.[^.]*$/, "");
  const entries = [stem, crop.name].map((key) => property(overrides, key));
  const found = [...entries, ...entries.map((entry) => property(entry, crop.shot))]
    .map((entry) => property(entry, name))
    .filter((value) => typeof value === "string" || Array.isArray(value))
    .at(-1);
  if (found === undefined) return null;
  return Array.isArray(found) ? found.join(", ") : String(found);
}

/**
 * @param {unknown} value
 * @param {string} key
 * @returns {unknown} undefined where there is none
 */
function property(value, key) {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, key);
  return isThere ? /** @type {Record<string, unknown>} */ (value)[key] : undefined;
}
