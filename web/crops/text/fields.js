// @ts-check
// The single values in the text of the `boxes` widget; what cannot be used is named.

/** The text cannot be used as it is. */
export class StoredTextError extends Error {}

const VIEWS = ["", "front", "behind", "side"];
const SHOTS = ["full_body", "waist_up", "torso", "headshot", "detail", "picture"];

/**
 * @param {unknown} values
 * @param {string} where
 * @returns {[number, number, number, number]}
 */
export function parseShares(values, where) {
  const numbers = Array.isArray(values) ? values : [];
  const [left, top, width, height] = numbers;
  const isWhole = numbers.length === 4 && numbers.every((one) => Number.isFinite(one));
  const isInside =
    isWhole &&
    Math.min(left, top) >= 0 &&
    Math.min(width, height) > 0 &&
    Math.max(left + width, top + height) <= 1 + 1e-6;
  if (!isInside) {
    throw new StoredTextError(`${where} has the box ${JSON.stringify(values)}, which is not inside the picture`);
  }
  return [left, top, width, height];
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {string}
 */
export function parseShot(value, where) {
  if (typeof value === "string" && SHOTS.includes(value)) return value;
  throw new StoredTextError(`${where} has the unknown shot ${JSON.stringify(value)}`);
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {string}
 */
export function parseView(value, where) {
  if (typeof value === "string" && VIEWS.includes(value)) return value;
  throw new StoredTextError(`${where} has the unknown view ${JSON.stringify(value)}`);
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {string} with sides that are multiples of 16, as the server takes them
 */
export function parseBucket(value, where) {
  const match = typeof value === "string" ? /^\s*(\d+)\s*[xX×*]\s*(\d+)\s*$/.exec(value) : null;
  const sides = match?.slice(1).map(Number) ?? [];
  if (sides.length !== 2 || !sides.every((side) => side >= 64 && side <= 4096)) {
    throw new StoredTextError(`${where} has the bucket ${JSON.stringify(value)}, which is no size like 768x1024`);
  }
  return sides.map((side) => Math.floor((side + 8) / 16) * 16).join("x");
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
