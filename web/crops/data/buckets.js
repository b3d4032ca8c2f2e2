// @ts-check
// Buckets as the editor sees them: shape, colour, and how much a box must be enlarged.

/** @typedef {import("../types.js").Box} Box */
/** @typedef {import("../types.js").Size} Size */

// Told apart by people with red-green blindness too; the same as on the contact sheet.
// Source: Okabe and Ito, "Color Universal Design", 2008, without black and brightened.
const COLOURS = ["#56b4e9", "#f0b228", "#1ebe91", "#eb783c", "#de8cbe", "#f0e442", "#5a8ceb"];

/**
 * @param {string} bucket "768x1024"
 * @returns {Size} in pixels
 */
export function sizeOf(bucket) {
  const [width, height] = bucket.split("x").map(Number);
  return { width: width ?? NaN, height: height ?? NaN };
}

/**
 * @param {string} bucket
 * @returns {number} width divided by height
 */
export function ratioOf(bucket) {
  const { width, height } = sizeOf(bucket);
  return width / height;
}

/**
 * The bucket whose shape is most like a box's.
 *
 * @param {Size} box
 * @param {readonly string[]} buckets at least one
 * @returns {string}
 */
export function nearestBucket(box, buckets) {
  const unlike = (/** @type {string} */ one) =>
    Math.abs(Math.log((ratioOf(one) * box.height) / box.width));
  return buckets.reduce((best, one) => (unlike(one) < unlike(best) ? one : best));
}

/**
 * @param {string} bucket
 * @param {readonly string[]} buckets in the plan's order
 * @returns {string} a CSS colour; neutral for a bucket that is not chosen
 */
export function colourOf(bucket, buckets) {
  const place = buckets.indexOf(bucket);
  return place < 0 ? "#c8c8c8" : (COLOURS[place % COLOURS.length] ?? "#c8c8c8");
}

/**
 * How many times a box is enlarged to fill its bucket; below 1 it is made smaller.
 *
 * @param {Box} box
 * @param {string} bucket
 * @returns {number}
 */
export function enlargement(box, bucket) {
  return sizeOf(bucket).width / box.width;
}

/**
 * @param {string} bucket
 * @returns {string} "768 × 1024"
 */
export function bucketWords(bucket) {
  return bucket.replace("x", " × ");
}
