// @ts-check
// Where a value lies on an axis, and which values are worth a line and a number.

/**
 * @typedef {object} Scale
 * @property {number} min
 * @property {number} max
 * @property {boolean} log
 * @property {(value: number) => number} toPixel
 * @property {(pixel: number) => number} toValue
 */

/**
 * @typedef {object} Ticks
 * @property {number[]} values with a line and a number
 * @property {number[]} minor with a fainter line only
 * @property {number} step between the values; 0 on a logarithmic axis
 */

/**
 * An axis from pixel `start` (min) to pixel `end` (max).
 *
 * @param {number} min
 * @param {number} max above min; both above 0 when logarithmic
 * @param {number} start
 * @param {number} end
 * @param {boolean} [log]
 * @returns {Scale}
 */
export function makeScale(min, max, start, end, log = false) {
  const low = log ? Math.log10(min) : min;
  const high = log ? Math.log10(max) : max;
  const perUnit = (end - start) / (high - low);
  if (!log) {
    const toPixel = (/** @type {number} */ value) => start + (value - low) * perUnit;
    return { min, max, log, toPixel, toValue: (pixel) => low + (pixel - start) / perUnit };
  }
  return {
    min,
    max,
    log,
    // What has no logarithm lies a few lengths of the axis below its start, out of sight.
    toPixel: (value) =>
      value > 0 ? start + (Math.log10(value) - low) * perUnit : start - 4 * (end - start),
    toValue: (pixel) => 10 ** (low + (pixel - start) / perUnit),
  };
}

/**
 * The smallest of 1, 2, 5 times a power of ten that makes at most `count` steps.
 *
 * @param {number} range above 0
 * @param {number} count
 */
export function niceStep(range, count) {
  const rough = range / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  // A hair of leeway: 0.3 / 3 is a little more than 0.1.
  for (const nice of [1, 2, 5]) if (share <= nice * (1 + 1e-9)) return nice * power;
  return 10 * power;
}

/**
 * @param {number} min
 * @param {number} max
 * @param {number} count most steps between them
 * @param {number} [leastStep] 1 for an axis of whole numbers
 * @returns {Ticks}
 */
export function linearTicks(min, max, count, leastStep = 0) {
  if (!(max > min)) return { values: [min], minor: [], step: 0 };
  const step = Math.max(niceStep(max - min, count), leastStep);
  const values = [];
  const last = Math.floor(max / step + 1e-9);
  for (let k = Math.ceil(min / step - 1e-9); k <= last; k++) {
    // Rounded to twelve digits of the step, so that 3 * 0.1 is 0.3; "+ 0" makes -0 a 0.
    values.push(Number((k * step).toPrecision(12)) + 0);
  }
  return { values, minor: [], step };
}

/**
 * Decades with numbers, and where few of them are seen, 2 and 5 as well.
 *
 * @param {number} min above 0
 * @param {number} max
 * @param {number} count most steps between them
 * @returns {Ticks}
 */
export function logTicks(min, max, count) {
  const decades = Math.log10(max) - Math.log10(min);
  if (decades < 0.7) return { ...linearTicks(min, max, count), step: 0 };
  const factors = decades < count / 3 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const values = [];
  const minor = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
    for (let factor = 1; factor < 10; factor++) {
      const value = Number(`${factor}e${power}`);
      if (value < min * (1 - 1e-9) || value > max * (1 + 1e-9)) continue;
      if (factors.includes(factor) && power % every === 0) values.push(value);
      else if (every === 1 && decades < 5) minor.push(value);
    }
  }
  return { values, minor, step: 0 };
}

/**
 * A range with some air, or around a single value.
 *
 * @param {number} min
 * @param {number} max
 * @param {boolean} log
 * @returns {{ min: number, max: number }}
 */
export function withAir(min, max, log) {
  if (!(max >= min)) return { min: log ? 0.1 : 0, max: 1 };
  if (log) {
    const least = min > 0 ? min : 1e-9;
    const most = Math.max(max, least);
    const air = Math.max(Math.log10(most / least) * 0.05, 0.02);
    return { min: least / 10 ** air, max: most * 10 ** air };
  }
  const air = (max - min) * 0.06 || Math.abs(max) * 0.1 || 1;
  return { min: min - air, max: max + air };
}
