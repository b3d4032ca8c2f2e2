// @ts-check
// Where everything of a chart goes: the plot's edges, the axes, the ticks.
import { formatTick } from "../format.js";
import { linearTicks, logTicks, makeScale } from "../scale.js";
import { ROW_PX, rowsOf } from "./marks.js";

/** @typedef {import("../scale.js").Scale} Scale */
/** @typedef {import("../scale.js").Ticks} Ticks */
/** @typedef {{ left: number, right: number, top: number, bottom: number }} Box */

/**
 * @typedef {object} Axis
 * @property {Scale} scale
 * @property {Ticks} ticks
 * @property {string[]} texts one for each tick
 */

/**
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {Box} plot with the rows of signs at its lower end
 * @property {Scale} x
 * @property {Ticks} xTicks
 * @property {{ left: Axis | null, right: Axis | null }} axes
 * @property {import("../types.js").MarkKind[]} rows of signs, the lowest first
 * @property {boolean} clipped some axis leaves outliers out
 */

const BELOW_PX = 22;
const ABOVE_PX = 24;
const LEAST_ABOVE_PX = 10;

/**
 * @param {CanvasRenderingContext2D} context with the font of the axes, to measure text
 * @param {import("../model.js").Model} model
 * @param {import("../types.js").ChartOptions} options
 * @param {{ width: number, height: number }} size in px
 * @returns {Layout}
 */
export function makeLayout(context, model, options, size) {
  const { width, height } = size;
  const hasTitles = Boolean(options.yLabel || options.yRightLabel);
  const hasLabels = model.marks.some((mark) => mark.kind === "verdict" || mark.kind === "band");
  const top = hasTitles || hasLabels ? ABOVE_PX : LEAST_ABOVE_PX;
  const bottom = Math.max(top + 20, height - BELOW_PX);
  const rows = rowsOf(model.marks);
  const floor = bottom - rows.length * ROW_PX - (rows.length ? 2 : 0);
  const makeAxis = (/** @type {"left" | "right"} */ side) => {
    const range = model.range(side);
    if (!range) return null;
    const scale = makeScale(range.min, range.max, floor, top, model.log[side]);
    const count = Math.max(3, Math.floor((floor - top) / 36));
    const make = scale.log ? logTicks : linearTicks;
    const ticks = make(range.min, range.max, count);
    const texts = ticks.values.map((value) => formatTick(value, ticks.step));
    return { scale, ticks, texts, clipped: range.clipped };
  };
  const left = makeAxis("left");
  const right = makeAxis("right");
  const plot = {
    left: left ? sideWidth(context, left.texts) : 14,
    right: width - (right ? sideWidth(context, right.texts) : 14),
    top,
    bottom,
  };
  plot.right = Math.max(plot.left + 20, plot.right);
  const { from, to } = model.shown();
  const x = makeScale(from, to, plot.left, plot.right);
  const count = Math.max(2, Math.floor((plot.right - plot.left) / 70));
  const clipped = Boolean(left?.clipped || right?.clipped);
  return {
    width, height, plot, x, rows, clipped,
    xTicks: linearTicks(from, to, count, 1),
    axes: { left, right },
  };
}

/**
 * Room for the numbers of an axis, in steps, so that the plot does not tremble while it grows.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string[]} texts
 */
function sideWidth(context, texts) {
  const widest = Math.max(28, ...texts.map((text) => context.measureText(text).width));
  return Math.ceil((widest + 16) / 8) * 8;
}
