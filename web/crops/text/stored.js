// @ts-check
// The text in the `boxes` widget: reading it with every fault named, and writing it.
import { isObject, parseBucket, parseShares, parseShot, parseView, StoredTextError } from "./fields.js";
import { parseTypedList } from "./typed_list.js";

/**
 * One box as it is stored: left, top, width and height as shares, shot, bucket.
 *
 * @typedef {[number, number, number, number, string, string]} StoredBox
 */

/**
 * @typedef {object} StoredPicture
 * @property {string} name of the file when it was edited
 * @property {string} view
 * @property {StoredBox[]} boxes
 */

/**
 * @typedef {{ pictures: Map<string, StoredPicture>, typed: import("./typed_list.js").TypedBox[] }} Stored
 */

const VERSION = 1;
const FIELDS = new Set(["name", "view", "boxes"]);

/**
 * @param {string} text
 * @returns {Stored}
 * @throws {StoredTextError} with one sentence
 */
export function parseStored(text) {
  if (text.trim() === "") return { pictures: new Map(), typed: [] };
  /** @type {unknown} */
  let data;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new StoredTextError(`it is not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (Array.isArray(data)) return { pictures: new Map(), typed: parseTypedList(data) };
  if (!isObject(data) || !isObject(data["pictures"])) {
    throw new StoredTextError("it has no 'pictures'");
  }
  if (data["version"] !== VERSION) {
    throw new StoredTextError(
      `it has the version ${JSON.stringify(data["version"])}, and this editor reads version ${VERSION}`,
    );
  }
  const pictures = Object.entries(data["pictures"]).map(
    ([key, entry]) => /** @type {const} */ ([key, parsePicture(key, entry)]),
  );
  return { pictures: new Map(pictures), typed: [] };
}

/**
 * @param {Iterable<readonly [string, StoredPicture]>} pictures
 * @returns {string} compact JSON; "" when there are none
 */
export function formatStored(pictures) {
  const entries = [...pictures].map(([key, { name, view, boxes }]) => [
    key,
    view ? { name, view, boxes } : { name, boxes },
  ]);
  if (entries.length === 0) return "";
  return JSON.stringify({ version: VERSION, pictures: Object.fromEntries(entries) });
}

/**
 * @param {string} key
 * @param {unknown} entry
 * @returns {StoredPicture}
 */
function parsePicture(key, entry) {
  const where = `picture '${key}'`;
  if (!/^[0-9a-f]{12}$/.test(key)) {
    throw new StoredTextError(`${where} has a key that is not 12 hexadecimal digits`);
  }
  if (!isObject(entry) || !Object.keys(entry).every((name) => FIELDS.has(name))) {
    throw new StoredTextError(`${where} has other fields than name, view and boxes`);
  }
  const { name = "", view = "", boxes } = entry;
  if (!Array.isArray(boxes)) throw new StoredTextError(`${where} has no list of boxes`);
  return {
    name: String(name),
    view: parseView(view, where),
    boxes: boxes.map((values) => parseBox(values, where)),
  };
}

/**
 * @param {unknown} values
 * @param {string} where
 * @returns {StoredBox}
 */
function parseBox(values, where) {
  if (!Array.isArray(values) || values.length !== 6) {
    throw new StoredTextError(`${where} has a box that is not [left, top, width, height, shot, bucket]`);
  }
  const [left, top, width, height] = parseShares(values.slice(0, 4), where);
  const bucket = parseBucket(values[5], where);
  return [left, top, width, height, parseShot(values[4], where), bucket];
}
