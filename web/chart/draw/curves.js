// @ts-check
// Draws one curve: every point where there is room, else what each pixel column has in it.
import { fillColumns, makeColumns } from "../decimate.js";

/** @typedef {import("../series.js").Series} Series */
/** @typedef {import("../scale.js").Scale} Scale */

/**
 * @typedef {object} Place
 * @property {Scale} x
 * @property {Scale} y
 * @property {number} ratio device pixels for each px
 * @property {string} color
 * @property {string} surface colour behind the chart
 */

/** Above so many points for each pixel column, columns are drawn instead of points. */
const DENSE = 2;
/** Dots, which are quick to draw, up to here. */
const MOST_DOTS = 6000;
/** Columns on average so many times higher than the line is wide look better as bars. */
const NOISY = 3;

const columns = makeColumns();

/**
 * @param {CanvasRenderingContext2D} context clipped to the plot, 1 unit for each px
 * @param {Series} series
 * @param {Place} place
 */
export function drawCurve(context, series, place) {
  const { spec } = series;
  const { first, end } = series.places(place.x.min, place.x.max);
  const count = end - first;
  if (count === 0) return;
  const width = place.x.toPixel(place.x.max) - place.x.toPixel(place.x.min);
  context.globalAlpha = spec.opacity ?? 1;
  context.strokeStyle = context.fillStyle = place.color;
  context.lineWidth = spec.width ?? 1.75;
  context.setLineDash(spec.dash ? [5, 4] : []);
  if (spec.style === "dots" && count <= MOST_DOTS) {
    drawDots(context, series, first, end, place);
  } else if (spec.style !== "dots" && count <= DENSE * width) {
    drawLine(context, series, first, end, place);
    if (spec.markers && count <= width / 8) drawMarkers(context, series, first, end, place);
  } else {
    const step = (place.x.max - place.x.min) / (width * place.ratio);
    fillColumns(series, first, end, step, columns);
    if (spec.style === "dots" || isNoisy(place.y, context.lineWidth)) drawBars(context, place);
    else drawColumnLine(context, place, step);
  }
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {number} first
 * @param {number} end
 * @param {Place} place
 */
function drawLine(context, series, first, end, place) {
  const isStepped = series.spec.style === "step";
  let isDown = false;
  let before = 0;
  context.lineJoin = "round";
  context.beginPath();
  for (let i = first; i < end; i++) {
    const value = series.y[i] ?? NaN;
    if (!Number.isFinite(value)) {
      isDown = false;
      continue;
    }
    const x = place.x.toPixel(series.x[i] ?? 0);
    const y = place.y.toPixel(value);
    if (!isDown) context.moveTo(x, y);
    else if (isStepped) context.lineTo(x, before);
    context.lineTo(x, y);
    before = y;
    isDown = true;
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {number} first
 * @param {number} end
 * @param {Place} place
 */
function drawDots(context, series, first, end, place) {
  const size = series.spec.width ?? 2;
  for (let i = first; i < end; i++) {
    const value = series.y[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    const x = place.x.toPixel(series.x[i] ?? 0);
    context.fillRect(x - size / 2, place.y.toPixel(value) - size / 2, size, size);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Series} series
 * @param {number} first
 * @param {number} end
 * @param {Place} place
 */
function drawMarkers(context, series, first, end, place) {
  context.setLineDash([]);
  for (let i = first; i < end; i++) {
    const value = series.y[i] ?? NaN;
    if (!Number.isFinite(value)) continue;
    drawPoint(context, place.x.toPixel(series.x[i] ?? 0), place.y.toPixel(value), place, 2.75);
  }
}

/**
 * A dot with a rim in the colour of the ground, so that it stands out from lines below it.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {{ color: string, surface: string }} colors
 * @param {number} radius
 */
export function drawPoint(context, x, y, colors, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colors.color;
  context.strokeStyle = colors.surface;
  context.lineWidth = 1.5;
  context.stroke();
  context.fill();
}

/**
 * Are the columns high, compared with the line?
 *
 * @param {Scale} y
 * @param {number} lineWidth
 */
function isNoisy(y, lineWidth) {
  let height = 0;
  for (let i = 0; i < columns.count; i++) {
    height += Math.abs(y.toPixel(columns.low[i] ?? 0) - y.toPixel(columns.high[i] ?? 0));
  }
  return height > NOISY * lineWidth * columns.count;
}

/**
 * A bar from the least to the greatest value of each column, touching its neighbours.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Place} place
 */
function drawBars(context, place) {
  const pixel = 1 / place.ratio;
  let topBefore = 0;
  let bottomBefore = 0;
  for (let i = 0; i < columns.count; i++) {
    let top = place.y.toPixel(columns.high[i] ?? 0);
    let bottom = place.y.toPixel(columns.low[i] ?? 0);
    const [highest, lowest] = [top, bottom];
    if (i > 0 && columns.joins[i]) {
      if (top > bottomBefore) top = bottomBefore;
      else if (bottom < topBefore) bottom = topBefore;
    }
    topBefore = highest;
    bottomBefore = lowest;
    if (bottom - top < 1) bottom = top + 1;
    const x = Math.round(place.x.toPixel(columns.at[i] ?? 0) * place.ratio) * pixel;
    context.fillRect(x, top, pixel, bottom - top);
  }
}

/**
 * A line through the columns; where one holds a rise or a fall, from one of its ends to the other.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Place} place
 * @param {number} step width of a column, in x
 */
function drawColumnLine(context, place, step) {
  let before = 0;
  context.lineJoin = "bevel";
  context.beginPath();
  for (let i = 0; i < columns.count; i++) {
    const left = place.x.toPixel(columns.at[i] ?? 0);
    const right = place.x.toPixel((columns.at[i] ?? 0) + step);
    const top = place.y.toPixel(columns.high[i] ?? 0);
    const bottom = place.y.toPixel(columns.low[i] ?? 0);
    const isFlat = bottom - top < 1;
    const isTopFirst = Math.abs(top - before) < Math.abs(bottom - before);
    const one = isFlat ? (top + bottom) / 2 : isTopFirst ? top : bottom;
    const other = isFlat ? one : isTopFirst ? bottom : top;
    const x = isFlat ? (left + right) / 2 : left;
    if (i === 0 || !columns.joins[i]) context.moveTo(x, one);
    else context.lineTo(x, one);
    if (!isFlat) context.lineTo(right, other);
    before = other;
  }
  context.stroke();
}
