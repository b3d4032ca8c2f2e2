// @ts-check
// The hand-made changes as the node's widget keeps them. Values are never changed, only replaced.

/** @typedef {{ name?: string, fields?: Record<string, string> }} PictureEdit */
/** @typedef {{ fields?: Record<string, string>, text?: string, file?: string }} CropEdit */
/**
 * @typedef {object} Edits
 * @property {Readonly<Record<string, PictureEdit>>} pictures by the picture's key
 * @property {Readonly<Record<string, CropEdit>>} crops by the crop's id
 */

const VERSION = 1;

/** @type {Edits} */
export const NO_EDITS = Object.freeze({ pictures: {}, crops: {} });

/** The stored text cannot be used; the message is a sentence for the user. */
export class EditsError extends Error {}

/**
 * Read the widget's text.
 *
 * @param {string} text "" means no edits
 * @returns {Edits}
 * @throws {EditsError}
 */
export function parseEdits(text) {
  if (text.trim() === "") return NO_EDITS;
  /** @type {any} */
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new EditsError(`The captions stored on the node are not valid JSON (${reasonOf(error)}).`);
  }
  if (!isRecord(found)) throw new EditsError("The captions stored on the node are not a JSON object.");
  if (found["version"] !== VERSION) {
    const version = JSON.stringify(found["version"] ?? null);
    throw new EditsError(
      `The captions stored on the node have version ${version}, but this pack reads version ${VERSION}.`,
    );
  }
  const pictures = recordOf(found["pictures"], "pictures");
  const crops = recordOf(found["crops"], "crops");
  for (const [key, entry] of Object.entries(pictures)) checkEntry(entry, `picture '${key}'`, ["name"]);
  for (const [id, entry] of Object.entries(crops)) checkEntry(entry, `crop '${id}'`, ["text", "file"]);
  return { pictures, crops };
}

/**
 * Write the widget's text: nothing for what is untouched, "" when nothing is edited.
 *
 * @param {Edits} edits
 * @returns {string}
 */
export function formatEdits(edits) {
  const isEmpty = Object.keys(edits.pictures).length + Object.keys(edits.crops).length === 0;
  if (isEmpty) return "";
  return JSON.stringify({ version: VERSION, pictures: edits.pictures, crops: edits.crops });
}

/**
 * Give a crop a caption written by hand.
 *
 * @param {Edits} edits
 * @param {string} id
 * @param {string} text
 * @param {string} mark of the .txt beside the picture; an older mark stays, so that a file that
 *   changed since is noticed
 * @returns {Edits}
 */
export function withText(edits, id, text, mark) {
  const before = edits.crops[id] ?? {};
  const file = before.text === undefined ? mark : (before.file ?? "");
  return withCrop(edits, id, { ...before, text, file });
}

/**
 * Take a crop's handwritten caption away; its fields stay.
 *
 * @param {Edits} edits
 * @param {string} id
 * @returns {Edits}
 */
export function withoutText(edits, id) {
  const { text, file, ...rest } = edits.crops[id] ?? {};
  return text === undefined && file === undefined ? edits : withCrop(edits, id, rest);
}

/**
 * Say that a handwritten caption is meant although the .txt is another one now.
 *
 * @param {Edits} edits
 * @param {string} id
 * @param {string} mark
 * @returns {Edits}
 */
export function withMark(edits, id, mark) {
  const before = edits.crops[id];
  return before?.text === undefined ? edits : withCrop(edits, id, { ...before, file: mark });
}

/**
 * Set a template field of one crop.
 *
 * @param {Edits} edits
 * @param {string} id
 * @param {string} name
 * @param {string | null} value null: what the picture or the whole set says
 * @returns {Edits}
 */
export function withCropField(edits, id, name, value) {
  const before = edits.crops[id] ?? {};
  return withCrop(edits, id, withField(before, name, value));
}

/**
 * Set a template field of one picture, for all its crops.
 *
 * @param {Edits} edits
 * @param {{ key: string, name: string }} picture
 * @param {string} name
 * @param {string | null} value null: what the whole set says
 * @returns {Edits}
 */
export function withPictureField(edits, picture, name, value) {
  const before = edits.pictures[picture.key] ?? {};
  const next = { ...withField(before, name, value), name: picture.name };
  return { ...edits, pictures: withEntry(edits.pictures, picture.key, next.fields ? next : null) };
}

/**
 * Take away all that was edited on one crop.
 *
 * @param {Edits} edits
 * @param {string} id
 * @returns {Edits}
 */
export function withoutCrop(edits, id) {
  return edits.crops[id] ? { ...edits, crops: withEntry(edits.crops, id, null) } : edits;
}

/**
 * Take away all that was edited on one picture itself.
 *
 * @param {Edits} edits
 * @param {string} key
 * @returns {Edits}
 */
export function withoutPicture(edits, key) {
  return edits.pictures[key] ? { ...edits, pictures: withEntry(edits.pictures, key, null) } : edits;
}

/**
 * @param {Edits} edits
 * @param {string} id
 * @param {CropEdit} entry
 * @returns {Edits}
 */
function withCrop(edits, id, entry) {
  const isEmpty = entry.text === undefined && !entry.fields;
  return { ...edits, crops: withEntry(edits.crops, id, isEmpty ? null : entry) };
}

/**
 * @template {{ fields?: Record<string, string> }} T
 * @param {T} entry
 * @param {string} name
 * @param {string | null} value
 * @returns {T}
 */
function withField(entry, name, value) {
  const { fields, ...rest } = entry;
  const next = withEntry(fields ?? {}, name, value);
  return /** @type {T} */ (Object.keys(next).length > 0 ? { ...rest, fields: next } : rest);
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {string} key
 * @param {T | null} value null takes it out
 * @returns {Record<string, T>}
 */
function withEntry(record, key, value) {
  if (value !== null) return { ...record, [key]: value };
  const { [key]: _, ...rest } = record;
  return rest;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {Record<string, any>}
 */
function recordOf(value, name) {
  if (value === undefined) return {};
  if (!isRecord(value)) {
    throw new EditsError(`The captions stored on the node cannot be read: '${name}' is not an object.`);
  }
  return value;
}

/**
 * @param {unknown} entry
 * @param {string} what
 * @param {string[]} texts names of its properties that must be text
 */
function checkEntry(entry, what, texts) {
  const fields = isRecord(entry) ? entry["fields"] : undefined;
  const isFine =
    isRecord(entry) &&
    texts.every((name) => entry[name] === undefined || typeof entry[name] === "string") &&
    (fields === undefined ||
      (isRecord(fields) && Object.values(fields).every((value) => typeof value === "string")));
  if (!isFine) {
    throw new EditsError(`The captions stored on the node cannot be read: the entry of ${what} is damaged.`);
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}
