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
 * Change what is edited on crops.
 *
 * @param {Edits} edits
 * @param {Iterable<string>} ids
 * @param {(entry: CropEdit, id: string) => CropEdit} change gives another entry, never changes its
 *   own; one that says nothing is taken out
 * @returns {Edits} the very same when nothing changed
 */
export function changeCrops(edits, ids, change) {
  const crops = changeEntries(edits.crops, ids, (entry, id) => {
    const next = change(entry, id);
    return next.text === undefined && !next.fields ? NOTHING : next;
  });
  return crops === edits.crops ? edits : { ...edits, crops };
}

/**
 * Change what is edited on pictures, as `changeCrops` does.
 *
 * @param {Edits} edits
 * @param {Iterable<string>} keys
 * @param {(entry: PictureEdit, key: string) => PictureEdit} change
 * @returns {Edits}
 */
export function changePictures(edits, keys, change) {
  const pictures = changeEntries(edits.pictures, keys, (entry, key) => {
    const next = change(entry, key);
    return next.fields ? next : NOTHING;
  });
  return pictures === edits.pictures ? edits : { ...edits, pictures };
}

/**
 * A crop's entry with a caption written by hand.
 *
 * @param {CropEdit} entry
 * @param {string} text
 * @param {string} mark of the .txt beside the picture; an older mark stays, so that a file that
 *   changed since is noticed
 * @returns {CropEdit}
 */
export function withText(entry, text, mark) {
  return { ...entry, text, file: entry.text === undefined ? mark : (entry.file ?? "") };
}

/**
 * A crop's entry without its handwritten caption; its fields stay.
 *
 * @param {CropEdit} entry
 * @returns {CropEdit}
 */
export function withoutText(entry) {
  const { text, file, ...rest } = entry;
  return text === undefined && file === undefined ? entry : rest;
}

/**
 * A crop's entry whose handwritten caption is meant although the .txt is another one now.
 *
 * @param {CropEdit} entry
 * @param {string} mark
 * @returns {CropEdit}
 */
export function withMark(entry, mark) {
  return entry.text === undefined ? entry : { ...entry, file: mark };
}

/** An entry that says nothing, and so is not stored. */
export const NOTHING = Object.freeze({});

/**
 * An entry with another value of one field.
 *
 * @template {{ fields?: Record<string, string> }} T
 * @param {T} entry
 * @param {string} name
 * @param {string | null} value null: what stands above says it
 * @returns {T}
 */
export function withField(entry, name, value) {
  const { fields, ...rest } = entry;
  const { [name]: _, ...others } = fields ?? {};
  const next = value === null ? others : { ...fields, [name]: value };
  return /** @type {T} */ (Object.keys(next).length > 0 ? { ...rest, fields: next } : rest);
}

/**
 * One copy of all entries for any number of changes.
 *
 * @template {object} T
 * @param {Readonly<Record<string, T>>} entries
 * @param {Iterable<string>} keys
 * @param {(entry: T, key: string) => T} change
 * @returns {Readonly<Record<string, T>>}
 */
function changeEntries(entries, keys, change) {
  const known = new Map(Object.entries(entries));
  let isChanged = false;
  for (const key of new Set(keys)) {
    const before = known.get(key) ?? /** @type {T} */ (NOTHING);
    const next = change(before, key);
    if (next === before) continue;
    isChanged = true;
    if (next === NOTHING) known.delete(key);
    else known.set(key, next);
  }
  return isChanged ? Object.fromEntries(known) : entries;
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
