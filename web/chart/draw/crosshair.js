// @ts-check
// What lies over a chart and changes with every move of the pointer.
import { drawPoint } from "./curves.js";

/**
 * @typedef {object} Pointing
 * @property {number | null} x of the crosshair, in px
 * @property {{ x: number, y: number, color: string }[]} points on the curves, in px
 * @property {[number, number] | null} selection in px
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Pointing} pointing
 * @param {import("./layout.js").Layout} layout
 * @param {import("./theme.js").Theme} theme
 * @param {number} ratio device pixels for each px
 */
export function drawPointing(context, pointing, layout, theme, ratio) {
  const { plot } = layout;
  const height = plot.bottom - plot.top;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  if (pointing.selection) {
    const [from, to] = pointing.selection;
    context.fillStyle = theme.strong;
    context.globalAlpha = 0.12;
    context.fillRect(from, plot.top, to - from, height);
    context.globalAlpha = 0.6;
    for (const edge of [from, to]) context.fillRect(Math.round(edge), plot.top, 1, height);
    context.globalAlpha = 1;
  }
  if (pointing.x === null) return;
  context.fillStyle = theme.soft;
  context.globalAlpha = 0.8;
  context.fillRect(Math.round(pointing.x), plot.top, 1, height);
  context.globalAlpha = 1;
  for (const { x, y, color } of pointing.points) {
    const isInside = x >= plot.left - 1 && x <= plot.right + 1 && y >= plot.top - 1 && y <= plot.bottom;
    if (isInside) drawPoint(context, x, y, { color, surface: theme.surface }, 3.5);
  }
}
