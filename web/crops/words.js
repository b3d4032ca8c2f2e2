// @ts-check
// Sentences of the crop editor.
import { enlargement } from "./data/buckets.js";

/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Crop} Crop */

/** @param {string} shot */
export function shotWords(shot) {
  return shot === "picture" ? "whole picture" : shot.replaceAll("_", " ");
}

/** @param {Box} box */
export function sizeWords({ left, top, width, height }) {
  return `${width} × ${height} pixels at ${left}, ${top}`;
}

/**
 * How a crop's size goes with its bucket.
 *
 * @param {Crop} crop
 * @param {number} limit largest enlargement
 * @returns {{ text: string, level: "fine" | "soft" | "out" }}
 */
export function enlargementWords({ box, bucket }, limit) {
  const times = enlargement(box, bucket);
  const shown = times.toFixed(2);
  if (times > limit) {
    const text = `Would be enlarged ${shown} times, and the limit is ${limit}: it will be left out.`;
    return { text, level: "out" };
  }
  if (times > 1) return { text: `Will be enlarged ${shown} times, which makes it softer.`, level: "soft" };
  return { text: times === 1 ? "Taken pixel by pixel." : `Made smaller, to ${Math.round(times * 100)} %.`, level: "fine" };
}

/**
 * Keys of the editor, for the list behind "?".
 *
 * @type {readonly (readonly [string, string])[]}
 */
export const KEYS = [
  ["Arrows", "move the crop by 1 pixel, with Shift by 10 (on the picture)"],
  ["Ctrl or Alt + arrows", "larger (right, up) or smaller (left, down) by 1 pixel, with Shift by 10"],
  ["N, P", "next crop, crop before"],
  ["Page down, Page up", "next picture, picture before"],
  ["A", "add a crop: press on the picture, or Enter"],
  ["D", "duplicate to the next bucket"],
  ["Delete", "delete the crop"],
  ["Ctrl + Z", "undo"],
  ["Ctrl + Shift + Z, Ctrl + Y", "redo"],
  ["+, -, 0", "nearer, further, the whole picture"],
  ["Shift while resizing", "any shape; it becomes that of the nearest bucket"],
  ["Space + drag, middle button", "move the picture"],
  ["Escape", "end adding, choose no crop, close"],
];
