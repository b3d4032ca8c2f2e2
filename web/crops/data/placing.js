// @ts-check
// Where a new crop is laid: on the part of the subject that its shot shows, never too small.
import { enlargement, ratioOf, sizeOf } from "./buckets.js";
import { fitBox, snapBox } from "./geometry.js";

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").PlanPicture} PlanPicture */

/**
 * First and last row of each shot, as shares of the figure's height. A start that the user moves.
 *
 * @type {Record<string, [number, number]>}
 */
const ROWS = {
  full_body: [0, 1],
  waist_up: [0, 0.45],
  torso: [0.14, 0.52],
  headshot: [0, 0.2],
  detail: [0.5, 1],
  picture: [0, 1],
};
const ROOM = 1.1;

/**
 * @typedef {object} Wish
 * @property {string} shot
 * @property {string} bucket
 * @property {number} maxEnlargement
 * @property {{ x: number, y: number } | null} [at] its middle, in pixels of the picture; left out:
 *   where the shot is expected
 */

/**
 * @param {PlanPicture} picture
 * @param {Wish} wish
 * @returns {Box}
 */
export function placeCrop(picture, { shot, bucket, maxEnlargement, at }) {
  const ratio = ratioOf(bucket);
  const subject = subjectOf(picture);
  const [start, end] = ROWS[shot] ?? [0, 1];
  let height = (end - start) * subject.height * ROOM;
  if (shot === "picture") height = picture.height;
  if (shot === "full_body") height = Math.max(height, (subject.width * ROOM) / ratio);
  const frame = {
    height: Math.max(height, leastWidth(bucket, maxEnlargement) / ratio),
    centreX: at?.x ?? subject.left + subject.width / 2,
    anchorY: at?.y ?? subject.top + ((start + end) / 2) * subject.height,
    anchor: 0.5,
  };
  return fitBox(frame, ratio, picture);
}

/**
 * The same part in another bucket's shape, larger where it would be enlarged too much.
 *
 * @param {Box} box
 * @param {string} bucket
 * @param {PlanPicture} picture
 * @param {number} maxEnlargement
 * @returns {Box}
 */
export function reshape(box, bucket, picture, maxEnlargement) {
  const ratio = ratioOf(bucket);
  const shaped = snapBox(box, ratio, picture);
  if (enlargement(shaped, bucket) <= maxEnlargement) return shaped;
  const frame = {
    height: leastWidth(bucket, maxEnlargement) / ratio,
    centreX: box.left + box.width / 2,
    anchorY: box.top + box.height / 2,
    anchor: 0.5,
  };
  return fitBox(frame, ratio, picture);
}

/**
 * Why a picture cannot fill a bucket at all, or "".
 *
 * @param {PlanPicture} picture
 * @param {string} bucket
 * @param {number} maxEnlargement
 * @returns {string} a sentence
 */
export function whyNever(picture, bucket, maxEnlargement) {
  const ratio = ratioOf(bucket);
  const whole = { height: picture.height, centreX: 0, anchorY: 0, anchor: 0 };
  const largest = fitBox(whole, ratio, picture);
  const needed = enlargement(largest, bucket);
  if (needed <= maxEnlargement) return "";
  return (
    `The picture is too small: its largest box of this shape, ${largest.width} × ` +
    `${largest.height} pixels, would be enlarged ${needed.toFixed(2)} times.`
  );
}

/**
 * Where the subject is, in pixels; the whole picture when none was found.
 *
 * @param {PlanPicture} picture
 * @returns {Box}
 */
export function subjectOf(picture) {
  const { subject, width, height } = picture;
  if (!subject) return { left: 0, top: 0, width, height };
  const [left = 0, top = 0, across = 1, along = 1] = subject.box;
  return { left: left * width, top: top * height, width: across * width, height: along * height };
}

/**
 * @param {string} bucket
 * @param {number} maxEnlargement
 */
function leastWidth(bucket, maxEnlargement) {
  // One pixel more than the limit asks for, so that rounding cannot cross it.
  return Math.ceil(sizeOf(bucket).width / maxEnlargement + 1);
}
