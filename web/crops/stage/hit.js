// @ts-check
// What lies under the pointer: a handle of the chosen crop, a crop, or the picture.
import { HANDLES } from "../data/resizing.js";

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").Crop} Crop */
/** @typedef {import("../data/resizing.js").Handle} Handle */
/** @typedef {import("./view.js").View} View */
/** @typedef {{ x: number, y: number }} Point on the stage, in screen pixels */

/**
 * @typedef {object} Hit
 * @property {"handle" | "crop" | "nothing"} kind
 * @property {number} id of the crop; 0 for nothing
 * @property {Handle | null} handle
 */

/**
 * A box on the stage.
 *
 * @param {Box} box
 * @param {View} view
 * @returns {import("./labels.js").Rect}
 */
export function onStage(box, view) {
  return {
    x: box.left * view.scale + view.x,
    y: box.top * view.scale + view.y,
    width: box.width * view.scale,
    height: box.height * view.scale,
  };
}

/**
 * Where a handle is.
 *
 * @param {import("./labels.js").Rect} rect
 * @param {Handle} handle
 * @returns {Point}
 */
export function handlePoint({ x, y, width, height }, handle) {
  const across = handle.includes("w") ? 0 : handle.includes("e") ? 1 : 0.5;
  const along = handle.includes("n") ? 0 : handle.includes("s") ? 1 : 0.5;
  return { x: x + width * across, y: y + height * along };
}

/**
 * @param {readonly Crop[]} crops
 * @param {number | null} selected
 * @param {View} view
 * @param {Point} at
 * @param {number} reach how near a handle must be, in screen pixels
 * @returns {Hit}
 */
export function findHit(crops, selected, view, at, reach) {
  const chosen = crops.find(({ id }) => id === selected);
  if (chosen) {
    const rect = onStage(chosen.box, view);
    const handle = nearestHandle(rect, at, reach);
    if (handle) return { kind: "handle", id: chosen.id, handle };
    if (isIn(rect, at)) return { kind: "crop", id: chosen.id, handle: null };
  }
  const under = crops.filter(({ box }) => isIn(onStage(box, view), at));
  const area = (/** @type {Crop} */ { box }) => box.width * box.height;
  // The smallest one, or a headshot could never be reached below a full body.
  const [best] = under.sort((one, other) => area(one) - area(other));
  if (best) return { kind: "crop", id: best.id, handle: null };
  return { kind: "nothing", id: 0, handle: null };
}

/**
 * @param {import("./labels.js").Rect} rect
 * @param {Point} at
 * @param {number} reach
 * @returns {Handle | null}
 */
function nearestHandle(rect, at, reach) {
  // In a small box the handles leave the middle free, by which it is moved.
  const most = Math.min(reach, Math.max(5, Math.min(rect.width, rect.height) / 3));
  /** @type {Handle | null} */
  let best = null;
  let away = most;
  for (const handle of HANDLES) {
    const point = handlePoint(rect, handle);
    const distance = Math.hypot(point.x - at.x, point.y - at.y);
    if (distance <= away) [best, away] = [handle, distance];
  }
  return best;
}

/**
 * @param {import("./labels.js").Rect} rect
 * @param {Point} at
 */
function isIn(rect, at) {
  return (
    at.x >= rect.x && at.x <= rect.x + rect.width && at.y >= rect.y && at.y <= rect.y + rect.height
  );
}
