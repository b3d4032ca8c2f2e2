// @ts-check
// A chart's numbers as a table, for those who cannot see the curves or want to read them.
import { formatCount, formatShort } from "../format.js";

/** @typedef {import("../series.js").Series} Series */
/** @typedef {import("../types.js").ChartOptions} ChartOptions */
/** @typedef {{ caption: string, head: string[], rows: string[][] }} Numbers */

/**
 * One sentence on a curve: how long it is, where it begins and ends, and its lowest point.
 *
 * @param {Series} series
 * @param {ChartOptions} options
 */
export function summarise(series, options) {
  const formatX = options.formatX ?? formatCount;
  const format = series.spec.format ?? ((value) => formatShort(value, 4));
  const xLabel = options.xLabel ?? "step";
  const { length, x, y } = series;
  series.pyramid.range(y, 0, length);
  const least = series.pyramid.low;
  if (length === 0 || !Number.isFinite(least)) return `${series.spec.label}: no values yet.`;
  let first = 0;
  let last = length - 1;
  while (!Number.isFinite(y[first] ?? 0)) first += 1;
  while (!Number.isFinite(y[last] ?? 0)) last -= 1;
  const lowest = y.indexOf(least);
  return (
    `${series.spec.label}: ${formatCount(length)} ${length === 1 ? "point" : "points"} from ` +
    `${xLabel} ${formatX(x[first] ?? 0)} to ${formatX(x[last] ?? 0)}, ` +
    `first ${format(y[first] ?? NaN)}, last ${format(y[last] ?? NaN)}, ` +
    `lowest ${format(least)} at ${xLabel} ${formatX(x[lowest] ?? 0)}.`
  );
}

/**
 * Evenly spaced points of the longest visible curve, and what the others have near them.
 *
 * @param {Series[]} all
 * @param {ChartOptions} options
 * @param {number} maxRows
 * @returns {Numbers}
 */
export function collectNumbers(all, options, maxRows) {
  const series = all.filter((one) => one.visible);
  const formatX = options.formatX ?? formatCount;
  const xLabel = options.xLabel ?? "step";
  const longest = series.reduce(
    (/** @type {Series | undefined} */ a, b) => (a && a.length >= b.length ? a : b),
    undefined,
  );
  const points = longest?.length ?? 0;
  const count = Math.min(Math.max(1, Math.floor(maxRows)), points);
  const span = points > 0 ? (longest?.x[points - 1] ?? 0) - (longest?.x[0] ?? 0) : 0;
  // A value further away than half a row belongs to another row.
  const reach = count > 1 ? span / (count - 1) / 2 : Infinity;
  const rows = [];
  for (let row = 0; row < count; row++) {
    const place = count === 1 ? points - 1 : Math.round((row * (points - 1)) / (count - 1));
    const at = longest?.x[place] ?? 0;
    rows.push([formatX(at), ...series.map((one) => valueNear(one, at, reach))]);
  }
  const sentences = series.map((one) => summarise(one, options));
  const title = options.label ?? "Chart";
  const sampled = count < points ? ` Every row shows the values nearest to its ${xLabel}.` : "";
  return {
    caption: `${title}. ${sentences.join(" ") || "No curve is shown."}${sampled}`,
    head: [xLabel, ...series.map((one) => one.spec.label)],
    rows,
  };
}

/**
 * @param {Series} series
 * @param {number} at
 * @param {number} reach
 */
function valueNear(series, at, reach) {
  const place = series.nearest(at);
  if (place < 0 || Math.abs((series.x[place] ?? 0) - at) > reach) return "";
  const value = series.y[place] ?? NaN;
  if (!Number.isFinite(value)) return "";
  return series.spec.format ? series.spec.format(value) : formatShort(value, 4);
}

/**
 * @param {Document} page
 * @param {Numbers} numbers
 * @returns {HTMLTableElement}
 */
export function makeTable(page, numbers) {
  const table = page.createElement("table");
  table.className = "hl-chart-table";
  table.createCaption().textContent = numbers.caption;
  const head = table.createTHead().insertRow();
  for (const text of numbers.head) head.append(cell(page, text, "col"));
  const body = table.createTBody();
  for (const [first = "", ...rest] of numbers.rows) {
    const row = body.insertRow();
    row.append(cell(page, first, "row"));
    for (const text of rest) row.insertCell().textContent = text;
  }
  return table;
}

/**
 * @param {Document} page
 * @param {string} text
 * @param {string} scope
 */
function cell(page, text, scope) {
  const made = page.createElement("th");
  made.scope = scope;
  made.textContent = text;
  return made;
}
