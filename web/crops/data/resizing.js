// @ts-check
// Resizing a box by one of its eight handles, or by keys.
import { clamp, inside, roundHalfEven, shapeWithin } from "./geometry.js";

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").Size} Size */
/** @typedef {"nw" | "n" | "ne" | "e" | "se" | "s" | "sw" | "w"} Handle */

/** @type {readonly Handle[]} */
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/** Shortest side of a box, in pixels of the picture, where the picture has as many. */
export const LEAST_SIDE = 16;

/**
 * Drag a handle; the bucket's shape is kept and the other end stays where it is.
 *
 * @param {Box} box as it was when the drag began
 * @param {Handle} handle
 * @param {{ x: number, y: number }} point where the handle is wanted, in pixels of the picture
 * @param {number} ratio width divided by height
 * @param {Size} picture
 * @returns {Box}
 */
export function resizeLocked(box, handle, point, ratio, picture) {
  const across = side(handle, "w", "e", box.left, box.width, picture.width);
  const along = side(handle, "n", "s", box.top, box.height, picture.height);
  const byWidth = across.grows ? across.wanted(point.x) / ratio : 0;
  const byHeight = along.grows ? along.wanted(point.y) : 0;
  const least = leastHeight(ratio, picture);
  const wanted = Math.max(byWidth, byHeight, least);
  const size = shapeWithin(wanted, ratio, { width: across.room, height: along.room });
  const placed = {
    left: across.place(size.width),
    top: along.place(size.height),
    width: size.width,
    height: size.height,
  };
  // Near an edge the smallest box may have too little room; the other end gives way there.
  const isTooSmall = size.height < Math.floor(least);
  const enough = isTooSmall ? shapeWithin(least, ratio, picture) : size;
  return inside({ ...placed, ...enough }, picture);
}

/**
 * Drag a handle to any shape.
 *
 * @param {Box} box as it was when the drag began
 * @param {Handle} handle
 * @param {{ x: number, y: number }} point
 * @param {Size} picture
 * @returns {Box}
 */
export function resizeFree(box, handle, point, picture) {
  const across = edges(handle, "w", "e", box.left, box.width, point.x, picture.width);
  const along = edges(handle, "n", "s", box.top, box.height, point.y, picture.height);
  return { left: across.from, top: along.from, width: across.length, height: along.length };
}

/**
 * Make the longer side a number of pixels longer; the left upper corner stays.
 *
 * @param {Box} box
 * @param {number} by pixels, below 0 to make it smaller
 * @param {number} ratio
 * @param {Size} picture
 * @returns {Box}
 */
export function growBox(box, by, ratio, picture) {
  const wanted = ratio >= 1 ? (box.width + by) / ratio : box.height + by;
  const height = Math.max(wanted, leastHeight(ratio, picture));
  const { left, top } = box;
  return inside({ left, top, ...shapeWithin(height, ratio, picture) }, picture);
}

/**
 * @param {number} ratio
 * @param {Size} picture
 */
function leastHeight(ratio, picture) {
  const most = Math.min(picture.height, picture.width / ratio);
  return Math.min(ratio >= 1 ? LEAST_SIDE : LEAST_SIDE / ratio, most);
}

/**
 * What a handle does to one direction: which end stays, and how much room there is.
 *
 * @param {Handle} handle
 * @param {string} low letter of the handles at the start
 * @param {string} high letter of those at the end
 * @param {number} from
 * @param {number} length
 * @param {number} limit the picture's side
 */
function side(handle, low, high, from, length, limit) {
  const end = from + length;
  if (handle.includes(low)) {
    const wanted = (/** @type {number} */ at) => end - at;
    return { grows: true, room: end, wanted, place: (/** @type {number} */ size) => end - size };
  }
  if (handle.includes(high)) {
    const wanted = (/** @type {number} */ at) => at - from;
    return { grows: true, room: limit - from, wanted, place: () => from };
  }
  // The middle stays; where the picture ends the box moves away from its edge.
  const place = (/** @type {number} */ size) =>
    clamp(roundHalfEven(from + length / 2 - size / 2), 0, limit - size);
  return { grows: false, room: limit, wanted: () => 0, place };
}

/**
 * @param {Handle} handle
 * @param {string} low
 * @param {string} high
 * @param {number} from
 * @param {number} length
 * @param {number} at where the handle is wanted
 * @param {number} limit the picture's side
 */
function edges(handle, low, high, from, length, at, limit) {
  const least = Math.min(LEAST_SIDE, limit);
  const end = from + length;
  if (handle.includes(low)) {
    const start = clamp(Math.round(at), 0, Math.max(0, end - least));
    return { from: start, length: end - start };
  }
  if (handle.includes(high)) {
    const stop = clamp(Math.round(at), Math.min(limit, from + least), limit);
    return { from, length: stop - from };
  }
  return { from, length };
}
