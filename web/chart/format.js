// @ts-check
// Numbers, short enough for an axis or a tooltip.

const UNITS = ["", "k", "M", "G", "T"];

/**
 * A number in three digits or so: 0.0831, 8.31e-5, 12.3, 1.23k.
 *
 * @param {number} value
 * @param {number} [digits]
 * @returns {string} "-" for what is no number
 */
export function formatShort(value, digits = 3) {
  if (!Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  const size = Math.abs(rounded);
  if (size < 1e-3) return shortPower(rounded.toExponential(digits - 1));
  if (size < 1000) return String(rounded);
  const thousands = Math.floor(Math.log10(size) / 3);
  const unit = UNITS[thousands];
  if (unit === undefined) return shortPower(rounded.toExponential(digits - 1));
  return `${Number((rounded / 1000 ** thousands).toPrecision(digits))}${unit}`;
}

/**
 * The number of an axis tick, with just the decimals that tell it from its neighbours.
 *
 * @param {number} value
 * @param {number} step between ticks; 0 when they are no equal steps apart
 */
export function formatTick(value, step) {
  if (!(step > 0)) return formatShort(value, 3);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const stepPower = Math.floor(Math.log10(step) + 1e-9);
  if (size < 1e-3 || step < 1e-6) {
    const digits = Math.max(0, Math.floor(Math.log10(size) + 1e-9) - stepPower);
    return shortPower(value.toExponential(Math.min(digits, 8)));
  }
  if (size < 10_000) return value.toFixed(Math.max(0, -stepPower));
  const thousands = Math.min(Math.floor(Math.log10(size) / 3 + 1e-9), UNITS.length - 1);
  const decimals = Math.max(0, thousands * 3 - stepPower);
  return `${(value / 1000 ** thousands).toFixed(Math.min(decimals, 8))}${UNITS[thousands]}`;
}

/**
 * A whole number in groups of three digits: 12,345. Fractions keep two decimals.
 *
 * @param {number} value
 */
export function formatCount(value) {
  if (!Number.isFinite(value)) return "-";
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

/** @param {string} text "1.00e-5" becomes "1e-5" */
function shortPower(text) {
  return text.replace(/\.?0+e/, "e").replace("e+", "e");
}
