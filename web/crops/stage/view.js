// @ts-check
// Which part of a picture the stage shows, and how large: screen = picture * scale + offset.
import { clamp } from "../data/geometry.js";

/** @typedef {import("../types.js").Size} Size */

/**
 * @typedef {object} View
 * @property {number} scale screen pixels for one pixel of the picture
 * @property {number} x of the picture's left edge on the stage
 * @property {number} y of its upper edge
 */

const MARGIN = 28;
const LARGEST = 16;
const KEPT = 60;

/**
 * The whole picture in the middle of the stage.
 *
 * @param {Size} picture
 * @param {Size} stage
 * @returns {View}
 */
export function fitView(picture, stage) {
  const scale = fittingScale(picture, stage);
  return {
    scale,
    x: (stage.width - picture.width * scale) / 2,
    y: (stage.height - picture.height * scale) / 2,
  };
}

/**
 * @param {Size} picture
 * @param {Size} stage
 */
function fittingScale(picture, stage) {
  const width = Math.max(1, stage.width - 2 * MARGIN);
  const height = Math.max(1, stage.height - 2 * MARGIN);
  return Math.min(width / picture.width, height / picture.height, LARGEST);
}

/**
 * Zoom; the picture's point under `at` stays under it.
 *
 * @param {View} view
 * @param {number} factor above 1 comes nearer
 * @param {{ x: number, y: number }} at on the stage
 * @param {Size} picture
 * @param {Size} stage
 * @returns {View}
 */
export function zoomView(view, factor, at, picture, stage) {
  const least = fittingScale(picture, stage) / 2;
  const scale = clamp(view.scale * factor, least, Math.max(LARGEST, least));
  const ratio = scale / view.scale;
  const moved = { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
  return keptInSight(moved, picture, stage);
}

/**
 * @param {View} view
 * @param {number} across screen pixels
 * @param {number} along
 * @param {Size} picture
 * @param {Size} stage
 * @returns {View}
 */
export function panView(view, across, along, picture, stage) {
  return keptInSight({ ...view, x: view.x + across, y: view.y + along }, picture, stage);
}

/**
 * Some of the picture always stays on the stage.
 *
 * @param {View} view
 * @param {Size} picture
 * @param {Size} stage
 * @returns {View}
 */
function keptInSight(view, picture, stage) {
  const x = clamp(view.x, KEPT - picture.width * view.scale, stage.width - KEPT);
  const y = clamp(view.y, KEPT - picture.height * view.scale, stage.height - KEPT);
  return { ...view, x, y };
}

/**
 * @param {View} view
 * @param {{ x: number, y: number }} at on the stage
 * @returns {{ x: number, y: number }} in pixels of the picture
 */
export function toPicture(view, at) {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}
