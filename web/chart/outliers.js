// @ts-check
// Which range of values an axis should show, so that single outliers do not flatten a curve.

/** Values looked at; a long curve is sampled evenly. */
const SAMPLED = 4096;
/** The middle part of the values, and how much of its width is added on either side. */
const TAIL = 0.02;
const REACH = 1;

/**
 * The range outside which values count as outliers.
 *
 * It reaches the width of the middle 96% beyond them; on normal noise that is six standard
 * deviations. Values without width, or fewer than 20 of them, have no outliers.
 *
 * @param {ArrayLike<number>} values those that are not finite do not count
 * @param {number} length how many of them count
 * @param {{ log?: boolean }} [how] log: width is measured in decades, and only values above 0 count
 * @returns {{ min: number, max: number }} -Infinity and Infinity where there are no outliers
 */
export function clipLimits(values, length, how = {}) {
  const none = { min: -Infinity, max: Infinity };
  const stride = Math.max(1, Math.floor(length / SAMPLED));
  const sample = new Float64Array(Math.ceil(length / stride));
  let count = 0;
  for (let place = 0; place < length; place += stride) {
    const value = values[place] ?? NaN;
    const measured = how.log ? Math.log10(value) : value;
    if (Number.isFinite(measured)) sample[count++] = measured;
  }
  if (count < 20) return none;
  const sorted = sample.subarray(0, count).sort();
  const low = quantile(sorted, TAIL);
  const high = quantile(sorted, 1 - TAIL);
  const reach = REACH * (high - low);
  if (!(reach > 0)) return none;
  const limits = { min: low - reach, max: high + reach };
  return how.log ? { min: 10 ** limits.min, max: 10 ** limits.max } : limits;
}

/**
 * The value below which a share of the values lies, between neighbours by straight line.
 *
 * @param {ArrayLike<number>} sorted rising, at least one
 * @param {number} share 0 to 1
 */
export function quantile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? NaN;
  return low + (high - low) * (place - below);
}
