// @ts-check
// The two averages that a curve can be smoothed by.

/** @typedef {"average" | "exponential"} Smoothing */

/**
 * Mean of each value and its neighbours, `window` values in all, fewer near the ends.
 *
 * The window is centred, as in the verdict, so that the curve does not lag.
 *
 * @param {ArrayLike<number>} values
 * @param {number} window at least 1
 * @param {number} [from] first place that is wanted
 * @returns {Float64Array} averages from place `from` to the end
 */
export function runningAverage(values, window, from = 0) {
  const before = Math.floor(window / 2);
  const after = Math.floor((window - 1) / 2);
  const averages = new Float64Array(Math.max(0, values.length - from));
  let sum = 0;
  let first = Math.max(0, from - before);
  let end = first;
  for (let place = from; place < values.length; place += 1) {
    const wantedEnd = Math.min(values.length, place + after + 1);
    while (end < wantedEnd) sum += values[end++] ?? 0;
    while (first < place - before) sum -= values[first++] ?? 0;
    averages[place - from] = sum / (end - first);
  }
  return averages;
}

/**
 * The first place whose running average changes when values are put behind `length` of them.
 *
 * @param {number} length
 * @param {number} window
 * @returns {number}
 */
export function firstChanged(length, window) {
  return Math.max(0, length - Math.floor((window - 1) / 2));
}

/**
 * Exponential average that weighs the last `window` values most (weight 2 / (window + 1)), without
 * leaning on the first value.
 *
 * @param {ArrayLike<number>} values
 * @param {number} window at least 1
 * @returns {Float64Array}
 */
export function exponentialAverage(values, window) {
  const weight = 2 / (window + 1);
  const averages = new Float64Array(values.length);
  let sum = 0;
  let weights = 0;
  for (let place = 0; place < values.length; place += 1) {
    sum = (1 - weight) * sum + weight * (values[place] ?? 0);
    weights = (1 - weight) * weights + weight;
    averages[place] = sum / weights;
  }
  return averages;
}

/**
 * The smoothed curve from place `from` on.
 *
 * @param {ArrayLike<number>} values
 * @param {Smoothing} kind
 * @param {number} window
 * @param {number} [from]
 * @returns {Float64Array}
 */
export function smooth(values, kind, window, from = 0) {
  return kind === "average"
    ? runningAverage(values, window, from)
    : exponentialAverage(values, window).subarray(from);
}
