// @ts-check
// Draws what happened during a run: signs in rows below the curves, lines and bands behind them.

/** @typedef {import("../types.js").Mark} Mark */
/** @typedef {import("../types.js").MarkKind} MarkKind */
/** @typedef {import("./theme.js").Theme} Theme */

export const ROW_PX = 12;
const TIGHT_PX = 9;
/** @type {MarkKind[]} from the lowest row up */
const IN_ROWS = ["checkpoint", "sample", "control"];

/**
 * The rows of signs that these marks need, the lowest first.
 *
 * @param {Mark[]} marks
 */
export function rowsOf(marks) {
  return IN_ROWS.filter((kind) => marks.some((mark) => mark.kind === kind));
}

/**
 * Bands and the lines of verdicts, to be drawn below the curves.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mark[]} marks
 * @param {import("./layout.js").Layout} layout
 * @param {Theme} theme
 */
export function drawBehind(context, marks, layout, theme) {
  const { plot, x } = layout;
  context.fillStyle = theme.strong;
  for (const mark of marks) {
    if (mark.kind !== "band") continue;
    const from = Math.max(plot.left, x.toPixel(mark.from ?? mark.x));
    const to = Math.min(plot.right, x.toPixel(mark.to ?? mark.x));
    if (to <= from) continue;
    context.globalAlpha = 0.06;
    context.fillRect(from, plot.top, to - from, plot.bottom - plot.top);
  }
  context.globalAlpha = 0.75;
  for (const mark of marks) {
    const at = Math.round(x.toPixel(mark.x));
    if (mark.kind !== "verdict" || at < plot.left || at > plot.right) continue;
    for (let y = plot.top; y < plot.bottom; y += 6) {
      context.fillRect(at, y, 1, Math.min(3, plot.bottom - y));
    }
  }
  context.globalAlpha = 1;
}

/**
 * The signs below the curves, as short lines where they would touch each other; of several in one
 * place only the first is drawn.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mark[]} marks
 * @param {import("./layout.js").Layout} layout
 * @param {Theme} theme
 */
export function drawSigns(context, marks, layout, theme) {
  const { plot, x, rows } = layout;
  context.lineWidth = 1.25;
  for (const [row, kind] of rows.entries()) {
    const middle = plot.bottom - ROW_PX * (row + 0.5) + 0.5;
    context.fillStyle = context.strokeStyle = kind === "checkpoint" ? theme.text : theme.soft;
    const places = marks
      .filter((mark) => mark.kind === kind)
      .map((mark) => Math.round(x.toPixel(mark.x)) + 0.5)
      .filter((at) => at >= plot.left - 1 && at <= plot.right + 1);
    const span = (places.at(-1) ?? 0) - (places[0] ?? 0);
    const isTight = places.length > 2 && span / (places.length - 1) < TIGHT_PX;
    let last = -Infinity;
    for (const at of places) {
      if (at - last < 2) continue;
      last = at;
      if (isTight) context.fillRect(at - 0.5, middle - 3, 1, 6);
      else drawSign(context, kind, at, middle);
    }
  }
}

/**
 * A triangle for a checkpoint, a frame for a sample, a diamond for what the user did.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {MarkKind} kind
 * @param {number} x
 * @param {number} y middle
 */
export function drawSign(context, kind, x, y) {
  context.beginPath();
  if (kind === "sample") {
    context.rect(x - 3, y - 3, 6, 6);
    context.stroke();
    return;
  }
  if (kind === "checkpoint") {
    context.moveTo(x, y - 3.5);
    context.lineTo(x + 4, y + 3.5);
    context.lineTo(x - 4, y + 3.5);
  } else {
    context.moveTo(x, y - 4);
    context.lineTo(x + 3.5, y);
    context.lineTo(x, y + 4);
    context.lineTo(x - 3.5, y);
  }
  context.closePath();
  context.fill();
}

/**
 * Labels of verdicts and bands above the plot, as far as they do not touch each other.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Mark[]} marks
 * @param {import("./layout.js").Layout} layout
 * @param {Theme} theme
 * @param {[number, number][]} taken stretches of x that other words have; grows
 */
export function drawLabels(context, marks, layout, theme, taken) {
  const { plot, x } = layout;
  const baseline = plot.top - 7;
  const wanted = marks.filter((mark) => mark.label && (mark.kind === "verdict" || mark.kind === "band"));
  // A verdict matters more than a band.
  wanted.sort((a, b) => Number(a.kind === "band") - Number(b.kind === "band"));
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  for (const mark of wanted) {
    const isBand = mark.kind === "band";
    const from = x.toPixel(isBand ? (mark.from ?? mark.x) : mark.x);
    const to = x.toPixel(isBand ? (mark.to ?? mark.x) : mark.x);
    if (to < plot.left || from > plot.right) continue;
    const width = context.measureText(mark.label ?? "").width;
    const middle = (Math.max(from, plot.left) + Math.min(to, plot.right)) / 2;
    const left = Math.min(Math.max(middle - width / 2, plot.left + 6), plot.right - width - 6);
    if (taken.some(([a, b]) => left - 14 < b && left + width + 14 > a)) continue;
    taken.push([left, left + width]);
    if (!isBand) drawPill(context, left - 6, baseline - 12, width + 12, theme.strong);
    context.fillStyle = isBand ? theme.soft : theme.surface;
    context.fillText(mark.label ?? "", left, baseline);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {string} color
 */
function drawPill(context, x, y, width, color) {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, 16, 4);
  context.fill();
}

/**
 * The marks near a pixel, nearest first.
 *
 * @param {Mark[]} marks
 * @param {import("../scale.js").Scale} x
 * @param {number} pixel
 * @param {number} reach in px
 */
export function marksNear(marks, x, pixel, reach) {
  return marks
    .filter((mark) => mark.kind !== "band")
    .map((mark) => ({ mark, away: Math.abs(x.toPixel(mark.x) - pixel) }))
    .filter(({ away }) => away <= reach)
    .sort((a, b) => a.away - b.away)
    .map(({ mark }) => mark);
}
