// @ts-check
// Boxes of a bucket's shape in whole pixels: the same rules as trainer/data/pictures/boxes.py.

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").Size} Size */

/**
 * Where a box is wanted.
 *
 * @typedef {object} Frame
 * @property {number} height in pixels, above 0
 * @property {number} centreX in pixels from the left
 * @property {number} anchorY row that stays in place when the box must become smaller
 * @property {number} anchor where in the box that row is: 0 top, 0.5 middle, 1 bottom
 */

const UNITS = 1e6;

/**
 * Round as Python does: a half goes to the even neighbour.
 *
 * @param {number} value
 * @returns {number}
 */
export function roundHalfEven(value) {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 * @returns {number}
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * Whole sides of a shape that are as tall as wanted or as the room allows.
 *
 * @param {number} wanted height in pixels
 * @param {number} ratio width divided by height
 * @param {Size} room whole pixels, each side at least 1
 * @returns {Size}
 */
export function shapeWithin(wanted, ratio, room) {
  const height = Math.min(wanted, room.height, room.width / ratio);
  // The longer side is rounded first; the other one follows, and so is within half a pixel.
  if (ratio >= 1) {
    const width = clamp(roundHalfEven(height * ratio), 1, room.width);
    return { width, height: clamp(roundHalfEven(width / ratio), 1, room.height) };
  }
  const whole = clamp(roundHalfEven(height), 1, room.height);
  return { width: clamp(roundHalfEven(whole * ratio), 1, room.width), height: whole };
}

/**
 * Place a box of a bucket's shape in a picture, like fit_box in Python.
 *
 * @param {Frame} frame
 * @param {number} ratio width divided by height
 * @param {Size} picture
 * @returns {Box}
 */
export function fitBox(frame, ratio, picture) {
  const { width, height } = shapeWithin(frame.height, ratio, picture);
  const left = roundHalfEven(frame.centreX - width / 2);
  const top = roundHalfEven(frame.anchorY - height * frame.anchor);
  return inside({ left, top, width, height }, picture);
}

/**
 * Move a box into its picture; it is not larger than the picture.
 *
 * @param {Box} box
 * @param {Size} picture
 * @returns {Box}
 */
export function inside(box, picture) {
  return {
    ...box,
    left: clamp(box.left, 0, picture.width - box.width),
    top: clamp(box.top, 0, picture.height - box.height),
  };
}

/**
 * Whether a box has a shape, within the rounding to whole pixels.
 *
 * @param {Box} box
 * @param {number} ratio
 * @returns {boolean}
 */
export function hasShape(box, ratio) {
  return (
    Math.abs(box.width - box.height * ratio) <= 0.5 ||
    Math.abs(box.height - box.width / ratio) <= 0.5
  );
}

/**
 * Give a box a shape around its centre; nothing is cut off, except where the picture ends.
 *
 * @param {Box} box
 * @param {number} ratio
 * @param {Size} picture
 * @returns {Box} the very same pixels when it has the shape already
 */
export function snapBox(box, ratio, picture) {
  return hasShape(box, ratio) ? inside(box, picture) : widened(box, ratio, picture);
}

/**
 * @param {Box} box may have broken numbers
 * @param {number} ratio
 * @param {Size} picture
 * @returns {Box}
 */
function widened(box, ratio, picture) {
  const frame = {
    height: Math.max(box.height, box.width / ratio),
    centreX: box.left + box.width / 2,
    anchorY: box.top + box.height / 2,
    anchor: 0.5,
  };
  return fitBox(frame, ratio, picture);
}

/**
 * Move a box by whole pixels; it stops at the picture's edges.
 *
 * @param {Box} box
 * @param {number} across
 * @param {number} along
 * @param {Size} picture
 * @returns {Box}
 */
export function moveBox(box, across, along, picture) {
  const left = box.left + Math.round(across);
  const top = box.top + Math.round(along);
  return inside({ ...box, left, top }, picture);
}

/**
 * A box as shares of the picture's sides, rounded to 6 digits as it is stored.
 *
 * Half a millionth of 20,000 pixels is a hundredth of a pixel, so rounding back gives the same box.
 *
 * @param {Box} box
 * @param {Size} picture
 * @returns {number[]} left, top, width, height
 */
export function toShares(box, picture) {
  const [left, width] = stretch(box.left, box.width, picture.width);
  const [top, height] = stretch(box.top, box.height, picture.height);
  return [left, top, width, height];
}

/**
 * @param {number} from
 * @param {number} length
 * @param {number} side
 * @returns {[number, number]}
 */
function stretch(from, length, side) {
  const start = Math.round((from / side) * UNITS);
  // Start and length rounded up together would end beyond the picture.
  const size = Math.min(Math.round((length / side) * UNITS), UNITS - start);
  return [start / UNITS, size / UNITS];
}

/**
 * A stored box in whole pixels: as it is where it has its bucket's shape, else widened to it.
 *
 * @param {readonly number[]} shares left, top, width, height
 * @param {number} ratio
 * @param {Size} picture
 * @returns {Box}
 */
export function fromShares(shares, ratio, picture) {
  const [left = 0, top = 0, width = 0, height = 0] = shares;
  const drawn = {
    left: left * picture.width,
    top: top * picture.height,
    width: width * picture.width,
    height: height * picture.height,
  };
  const whole = inside(
    {
      left: roundHalfEven(drawn.left),
      top: roundHalfEven(drawn.top),
      width: clamp(roundHalfEven(drawn.width), 1, picture.width),
      height: clamp(roundHalfEven(drawn.height), 1, picture.height),
    },
    picture,
  );
  return hasShape(whole, ratio) ? whole : widened(drawn, ratio, picture);
}

/**
 * @param {Box} one
 * @param {Box} other
 * @returns {boolean}
 */
export function isSameBox(one, other) {
  return (
    one.left === other.left &&
    one.top === other.top &&
    one.width === other.width &&
    one.height === other.height
  );
}
