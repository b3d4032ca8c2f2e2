// @ts-check
// What becomes of a box while it or one of its handles is dragged.
import { ratioOf } from "../data/buckets.js";
import { moveBox } from "../data/geometry.js";
import { resizeFree, resizeLocked } from "../data/resizing.js";

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").Crop} Crop */
/** @typedef {import("../types.js").Size} Size */

/**
 * @typedef {object} Pull
 * @property {import("../data/resizing.js").Handle | null} handle null: the whole box
 * @property {{ x: number, y: number }} moved since it was pressed, in pixels of the picture
 * @property {boolean} isFree whether the shape may change
 */

/**
 * @param {Crop} crop as it was when it was pressed
 * @param {Pull} pull
 * @param {Size} picture
 * @returns {Box}
 */
export function draggedBox({ box, bucket }, { handle, moved, isFree }, picture) {
  if (!handle) return moveBox(box, moved.x, moved.y, picture);
  // As far from where the handle was as the pointer is from where it was pressed.
  const point = {
    x: (handle.includes("w") ? box.left : box.left + box.width) + moved.x,
    y: (handle.includes("n") ? box.top : box.top + box.height) + moved.y,
  };
  return isFree
    ? resizeFree(box, handle, point, picture)
    : resizeLocked(box, handle, point, ratioOf(bucket), picture);
}
