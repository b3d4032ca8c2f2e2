// @ts-check
// The older form of the `boxes` widget: a list in which each entry names its picture by its file.
import { nearestBucket, ratioOf } from "../data/buckets.js";
import { fromShares } from "../data/geometry.js";
import { parseBucket, parseShares, parseShot, parseView, StoredTextError } from "./fields.js";

/** @typedef {import("../types.js").PlanPicture} PlanPicture */

/**
 * @typedef {object} TypedBox
 * @property {string} picture a file name, with or without its ending, or the start of the digest
 * @property {[number, number, number, number]} box shares of the picture's sides
 * @property {string} shot
 * @property {string | null} bucket null: the one that is most like the box
 * @property {string} view
 */

const FIELDS = new Set(["picture", "box", "shot", "bucket", "view"]);
const SHORTEST_DIGEST = 6;

/**
 * @param {unknown[]} entries
 * @returns {TypedBox[]}
 * @throws {StoredTextError}
 */
export function parseTypedList(entries) {
  return entries.map((entry, place) => {
    const where = `entry ${place + 1}`;
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      throw new StoredTextError(`${where} is not an object in { }`);
    }
    const { picture, box, shot, bucket, view } = /** @type {Record<string, unknown>} */ (entry);
    const unknown = Object.keys(entry).find((name) => !FIELDS.has(name));
    if (unknown !== undefined) throw new StoredTextError(`${where} has the unknown field '${unknown}'`);
    if (typeof picture !== "string" || picture.trim() === "") {
      throw new StoredTextError(`${where} does not name its picture`);
    }
    return {
      picture: picture.trim(),
      box: parseShares(box, where),
      shot: parseShot(shot ?? "picture", where),
      bucket: bucket === undefined || bucket === null ? null : parseBucket(bucket, where),
      view: parseView(view ?? "", where),
    };
  });
}

/**
 * The typed boxes of one picture, in pixels.
 *
 * @param {readonly TypedBox[]} typed
 * @param {PlanPicture} picture
 * @param {readonly string[]} buckets
 * @returns {{ crops: Omit<import("../types.js").Crop, "id">[], view: string }}
 */
export function typedFor(typed, picture, buckets) {
  const own = typed.filter((entry) => isFor(entry.picture, picture));
  const crops = own.map(({ box, shot, bucket }) => {
    const drawn = { width: box[2] * picture.width, height: box[3] * picture.height };
    const chosen = bucket ?? nearestBucket(drawn, buckets);
    return { box: fromShares(box, ratioOf(chosen), picture), shot, bucket: chosen };
  });
  return { crops, view: own.filter((entry) => entry.view).at(-1)?.view ?? "" };
}

/**
 * @param {string} said
 * @param {PlanPicture} picture
 */
function isFor(said, picture) {
  const name = picture.name.toLowerCase();
  const wanted = said.toLowerCase();
  if (wanted === name || wanted === name.replace(/\.[^.]*$/, "")) return true;
  const length = Math.min(said.length, picture.key.length);
  return said.length >= SHORTEST_DIGEST && said.slice(0, length) === picture.key.slice(0, length);
}
