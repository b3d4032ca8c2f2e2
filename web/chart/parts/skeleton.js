// @ts-check
// The elements of a chart and how they look.

const STYLE_ID = "hunyuan-lora-chart-style";
const STYLE = `
.hl-chart { position: relative; display: flex; flex-direction: column; width: 100%; height: 100%;
  min-height: 120px; min-width: 0; box-sizing: border-box; font: 12px/1.4 sans-serif;
  font-family: inherit; color: var(--input-text, #ddd); }
.hl-chart-legend { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 4px;
  padding: 0 4px 2px; min-height: 24px; max-height: 40%; overflow-y: auto; flex: none; }
.hl-chart-legend button { display: inline-flex; align-items: center; gap: 6px; font: inherit;
  color: inherit; background: none; border: 1px solid transparent; border-radius: 4px;
  padding: 1px 6px; cursor: pointer; }
.hl-chart-legend button:hover { border-color: var(--border-color, #4e4e4e); }
.hl-chart-legend button[aria-pressed="false"] { opacity: 0.5; text-decoration: line-through; }
.hl-chart-swatch { flex: none; width: 14px; height: 0; border-top: 3px solid currentColor;
  border-radius: 2px; }
.hl-chart-swatch[data-look="dash"] { border-top-style: dashed; border-radius: 0; }
.hl-chart-swatch[data-look="dots"] { width: 6px; height: 6px; margin: 0 4px; border: 0;
  border-radius: 50%; background: currentColor; }
.hl-chart-note { margin-left: auto; color: var(--descrip-text, #999); font-size: 11px; }
.hl-chart-note + button { color: var(--descrip-text, #999); font-size: 11px; }
.hl-chart-plot { position: relative; flex: 1 1 0; min-height: 80px; outline: none;
  touch-action: pan-y; cursor: crosshair; border-radius: 4px; user-select: none; }
.hl-chart-plot:focus-visible, .hl-chart-legend button:focus-visible {
  outline: 2px solid var(--input-text, #ddd); outline-offset: -2px; }
.hl-chart-plot canvas { position: absolute; inset: 0; width: 100%; height: 100%; display: block; }
.hl-chart-plot canvas + canvas { pointer-events: none; }
.hl-chart-tip { position: absolute; z-index: 2; top: 0; left: 0; max-width: 280px;
  pointer-events: none; padding: 6px 9px; border-radius: 6px; font-size: 12px;
  background: var(--comfy-menu-bg, #222); color: var(--input-text, #ddd);
  border: 1px solid var(--border-color, #4e4e4e); box-shadow: 0 3px 10px rgba(0, 0, 0, 0.25); }
.hl-chart-tip[hidden] { display: none; }
.hl-chart-tip div { display: flex; align-items: center; gap: 7px; white-space: nowrap; }
.hl-chart-tip .hl-chart-head { color: var(--descrip-text, #999); margin-bottom: 2px; }
.hl-chart-tip .hl-chart-name { overflow: hidden; text-overflow: ellipsis; }
.hl-chart-tip .hl-chart-value { margin-left: auto; padding-left: 12px;
  font-variant-numeric: tabular-nums; }
.hl-chart-tip .hl-chart-at { color: var(--descrip-text, #999); }
.hl-chart-tip .hl-chart-mark { white-space: normal; }
.hl-chart-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap; border: 0; }
.hl-chart-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.hl-chart-table caption { text-align: left; padding: 2px 0 6px; white-space: pre-line; }
.hl-chart-table th, .hl-chart-table td { text-align: right; padding: 2px 8px; font-weight: normal;
  border-bottom: 1px solid var(--border-color, #4e4e4e); }
.hl-chart-table thead th { color: var(--descrip-text, #999); }
`;

const HOW =
  "Arrow keys move, plus and minus zoom, Home shows everything, Shift with arrow keys reads values.";

/**
 * @typedef {object} Skeleton
 * @property {HTMLElement} root
 * @property {HTMLElement} legend
 * @property {HTMLElement} plot takes the pointer and the keys
 * @property {HTMLCanvasElement} canvas
 * @property {HTMLCanvasElement} overlay crosshair and selection
 * @property {HTMLElement} tip
 * @property {HTMLElement} hidden for screen readers: the table
 * @property {HTMLElement} live for screen readers: values read by key
 */

/**
 * @param {HTMLElement} container
 * @param {import("../types.js").ChartOptions} options
 * @returns {Skeleton}
 */
export function makeSkeleton(container, options) {
  const page = container.ownerDocument;
  addStyle(page);
  const root = element(page, "div", "hl-chart");
  const legend = element(page, "div", "hl-chart-legend");
  legend.hidden = options.legend === false;
  if (legend.hidden) legend.style.display = "none";
  legend.setAttribute("role", "group");
  legend.setAttribute("aria-label", "Curves");
  const plot = element(page, "div", "hl-chart-plot");
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", `${options.label ?? "Chart"}. ${HOW}`);
  const canvas = page.createElement("canvas");
  canvas.setAttribute("role", "img");
  const overlay = page.createElement("canvas");
  overlay.setAttribute("aria-hidden", "true");
  const tip = element(page, "div", "hl-chart-tip");
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  const hidden = element(page, "div", "hl-chart-hidden");
  const live = element(page, "div", "hl-chart-hidden");
  live.setAttribute("aria-live", "polite");
  plot.append(canvas, overlay, tip);
  root.append(legend, plot, hidden, live);
  container.append(root);
  return { root, legend, plot, canvas, overlay, tip, hidden, live };
}

/**
 * @param {Document} page
 * @param {string} tag
 * @param {string} className
 */
export function element(page, tag, className) {
  const made = page.createElement(tag);
  made.className = className;
  return made;
}

/** @param {Document} page */
function addStyle(page) {
  if (page.getElementById(STYLE_ID)) return;
  const style = page.createElement("style");
  style.id = STYLE_ID;
  style.textContent = STYLE;
  page.head.append(style);
}
