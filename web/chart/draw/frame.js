// @ts-check
// Draws a whole chart: grid, marks, curves, numbers.
import { formatCount } from "../format.js";
import { drawCurve } from "./curves.js";
import { makeLayout } from "./layout.js";
import { drawBehind, drawLabels, drawSigns } from "./marks.js";
import { colorOf } from "./theme.js";

/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./theme.js").Theme} Theme */

/**
 * @typedef {object} Scene
 * @property {import("../model.js").Model} model
 * @property {import("../types.js").ChartOptions} options
 * @property {Theme} theme
 * @property {Element} element in whose place colours are looked up
 * @property {number} width
 * @property {number} height
 * @property {number} ratio device pixels for each px
 */

const FONT_PX = 11;

/**
 * Draw everything anew.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Scene} scene
 * @param {typeof drawCurve} [draw] what draws one curve
 * @returns {Layout}
 */
export function drawFrame(context, scene, draw = drawCurve) {
  const { model, theme, options, ratio } = scene;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.font = `${FONT_PX}px ${theme.font}`;
  const layout = makeLayout(context, model, options, scene);
  drawGrid(context, layout, theme);
  drawBehind(context, model.marks, layout, theme);
  context.save();
  const { plot } = layout;
  context.beginPath();
  context.rect(plot.left, plot.top - 1, plot.right - plot.left, floorOf(layout) - plot.top + 2);
  context.clip();
  for (const series of model.series) {
    const axis = layout.axes[series.spec.axis ?? "left"];
    if (!series.visible || !axis) continue;
    const color = colorOf(series.spec, series.slot, theme, scene.element);
    draw(context, series, { x: layout.x, y: axis.scale, ratio, color, surface: theme.surface });
  }
  context.restore();
  drawSigns(context, model.marks, layout, theme);
  drawNumbers(context, layout, scene);
  const taken = drawTitles(context, layout, scene);
  drawLabels(context, model.marks, layout, theme, taken);
  return layout;
}

/** @param {Layout} layout where the curves end, above the rows of signs */
function floorOf(layout) {
  const axis = layout.axes.left ?? layout.axes.right;
  return axis ? axis.scale.toPixel(axis.scale.min) : layout.plot.bottom;
}

/**
 * Lines exactly one pixel thick; those of the right axis would cross the others, so it has none.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Theme} theme
 */
function drawGrid(context, layout, theme) {
  const { plot } = layout;
  const axis = layout.axes.left ?? layout.axes.right;
  const across = plot.right - plot.left;
  context.fillStyle = theme.border;
  for (const [alpha, values] of /** @type {[number, number[]][]} */ ([
    [theme.isDark ? 0.5 : 0.32, axis?.ticks.values ?? []],
    [theme.isDark ? 0.22 : 0.14, axis?.ticks.minor ?? []],
  ])) {
    context.globalAlpha = alpha;
    for (const value of values) {
      context.fillRect(plot.left, Math.round(axis?.scale.toPixel(value) ?? 0), across, 1);
    }
  }
  context.globalAlpha = theme.isDark ? 0.28 : 0.2;
  for (const value of layout.xTicks.values) {
    context.fillRect(Math.round(layout.x.toPixel(value)), plot.top, 1, plot.bottom - plot.top);
  }
  context.globalAlpha = 1;
  context.fillRect(plot.left, plot.bottom, across, 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Scene} scene
 */
function drawNumbers(context, layout, scene) {
  const { plot, axes } = layout;
  context.fillStyle = scene.theme.soft;
  context.textBaseline = "middle";
  for (const [axis, at, align] of /** @type {const} */ ([
    [axes.left, plot.left - 7, "right"],
    [axes.right, plot.right + 7, "left"],
  ])) {
    context.textAlign = align;
    for (const [place, value] of (axis?.ticks.values ?? []).entries()) {
      context.fillText(axis?.texts[place] ?? "", at, axis?.scale.toPixel(value) ?? 0);
    }
  }
  drawXNumbers(context, layout, scene);
}

/**
 * The numbers below; what they count stands left of them, or at the right end if it is too long.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Scene} scene
 */
function drawXNumbers(context, layout, scene) {
  const { plot, width } = layout;
  const format = scene.options.formatX ?? formatCount;
  const title = scene.options.xLabel ?? "step";
  const y = plot.bottom + 13;
  const long = context.measureText(title).width;
  const isLeft = long <= plot.left - 18;
  context.textAlign = "right";
  context.fillText(title, isLeft ? plot.left - 14 : width - 4, y);
  const end = isLeft ? width - 2 : width - long - 18;
  let free = isLeft ? plot.left - 6 : 2;
  context.textAlign = "left";
  for (const value of layout.xTicks.values) {
    const text = format(value);
    const wide = context.measureText(text).width;
    const middle = layout.x.toPixel(value) - wide / 2;
    const left = isLeft ? Math.min(middle, end - wide) : Math.max(2, middle);
    if (left < free || left + wide > end) continue;
    context.fillText(text, left, y);
    free = left + wide + 12;
  }
}

/**
 * The titles of the axes, above them.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Scene} scene
 * @returns {[number, number][]} the stretches of x that they take
 */
function drawTitles(context, layout, scene) {
  const { plot, axes, width } = layout;
  const { yLabel, yRightLabel } = scene.options;
  /** @type {[number, number][]} */
  const taken = [];
  context.textBaseline = "alphabetic";
  if (yLabel && axes.left) {
    const wide = context.measureText(yLabel).width;
    const left = Math.max(4, plot.left - 7 - wide);
    context.textAlign = "left";
    context.fillText(yLabel, left, plot.top - 10);
    taken.push([left, left + wide]);
  }
  if (yRightLabel && axes.right) {
    const wide = context.measureText(yRightLabel).width;
    const left = Math.min(width - 4 - wide, plot.right + 7);
    context.textAlign = "left";
    context.fillText(yRightLabel, left, plot.top - 10);
    taken.push([left, left + wide]);
  }
  return taken;
}
