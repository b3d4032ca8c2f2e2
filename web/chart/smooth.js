// @ts-check
// Averages of a noisy curve that do not lag behind it. Values that are not finite are left out.

/**
 * Mean of each value and its neighbours, `window` values in all, as the trainer computes it.
 *
 * The window is centred; near the ends it has only the neighbours that exist. Even windows reach
 * one further back than forward. A window of 0 or 1 gives the values themselves.
 *
 * @param {ArrayLike<number>} values
 * @param {number} window
 * @param {number} [first] only from this place on; with changedFrom(), what new values changed
 * @returns {Float64Array} of the places from `first` on
 */
export function runningAverage(values, window, first = 0) {
  const length = values.length;
  const wide = Math.max(1, Math.floor(window));
  const before = Math.floor(wide / 2);
  const after = Math.floor((wide - 1) / 2);
  const begin = Math.max(0, first - before);
  // Sums are taken around the mean, so that long runs lose no digits.
  const centre = meanFrom(values, begin);
  const result = new Float64Array(Math.max(0, length - first));
  let sum = 0;
  let count = 0;
  let entering = begin;
  let leaving = begin;
  for (let place = first; place < length; place++) {
    for (const end = Math.min(length, place + after + 1); entering < end; entering++) {
      const value = values[entering] ?? NaN;
      if (Number.isFinite(value)) {
        sum += value - centre;
        count += 1;
      }
    }
    for (; leaving < place - before; leaving++) {
      const value = values[leaving] ?? NaN;
      if (Number.isFinite(value)) {
        sum -= value - centre;
        count -= 1;
      }
    }
    result[place - first] = count > 0 ? sum / count + centre : NaN;
  }
  return result;
}

/**
 * First place whose running average changes when values are added to the end.
 *
 * @param {number} length before they were added
 * @param {number} window
 */
export function changedFrom(length, window) {
  const after = Math.floor((Math.max(1, Math.floor(window)) - 1) / 2);
  return Math.max(0, length - after);
}

/**
 * Exponential average that looks both ways, so that it does not lag.
 *
 * Every value is the mean of all, each weighing `weight` to the power of its distance.
 *
 * @param {ArrayLike<number>} values
 * @param {number} weight from 0 (the values themselves) to below 1
 * @returns {Float64Array}
 */
export function exponentialAverage(values, weight) {
  const length = values.length;
  const keep = Math.min(Math.max(weight, 0), 0.9999);
  const sums = new Float64Array(length);
  const weights = new Float64Array(length);
  let sum = 0;
  let total = 0;
  for (let place = 0; place < length; place++) {
    const value = values[place] ?? NaN;
    const counts = Number.isFinite(value) ? 1 : 0;
    sum = sum * keep + (counts ? value : 0);
    total = total * keep + counts;
    sums[place] = sum;
    weights[place] = total;
  }
  sum = 0;
  total = 0;
  for (let place = length - 1; place >= 0; place--) {
    // What lies behind this place; the place itself is in the sums of the way forward.
    sum *= keep;
    total *= keep;
    const all = /** @type {number} */ (weights[place]) + total;
    const value = values[place] ?? NaN;
    sums[place] = all > 0 ? (/** @type {number} */ (sums[place]) + sum) / all : NaN;
    if (Number.isFinite(value)) {
      sum += value;
      total += 1;
    }
  }
  return sums;
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} from
 */
function meanFrom(values, from) {
  let sum = 0;
  let count = 0;
  for (let place = from; place < values.length; place++) {
    const value = values[place] ?? NaN;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}
