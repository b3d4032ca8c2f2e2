// @ts-check
// Shows the lines a node reports (what it found, warned about, chose) on the node itself.
import { addDisplayWidget, afterExecuted, growNode } from "../comfy_shim.js";

const LINE_PX = 17;
// The page draws a margin around a widget's element, inside the height that it asks for.
const FRAME_PX = 30;
const CHARACTER_PX = 6.4;
const MOST_LINES = 9;

/**
 * The lines of a node's report, or none.
 *
 * @param {Record<string, unknown> | undefined} output what the server sent after the node ran
 * @returns {string[]}
 */
export function reportLines(output) {
  const lines = output?.["hunyuan_report"];
  return Array.isArray(lines) ? lines.map((line) => String(line)) : [];
}

/**
 * Height that shows the lines without scrolling, up to a limit.
 *
 * @param {number} count number of lines
 * @returns {number} height in canvas units
 */
export function reportHeight(count) {
  return count === 0 ? 0 : Math.min(count, MOST_LINES) * LINE_PX + FRAME_PX;
}

/**
 * Lines that a text takes when it is wrapped to a width.
 *
 * @param {string[]} lines
 * @param {number} width in canvas units
 * @returns {number}
 */
export function wrappedCount(lines, width) {
  const room = Math.max(10, Math.floor((width - 50) / CHARACTER_PX));
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / room)), 0);
}

/**
 * Give a node a report area that appears with its first report.
 *
 * @param {import("../comfy_shim.js").ComfyNode} node
 */
export function attachReport(node) {
  /** @type {HTMLElement | null} */
  let area = null;
  let count = 0;
  afterExecuted(node, (output) => {
    const lines = reportLines(output);
    if (lines.length === 0) return;
    count = wrappedCount(lines, node.size[0]);
    if (area === null) {
      area = makeArea();
      addDisplayWidget(node, "report", area, () => reportHeight(count));
    }
    area.textContent = lines.join("\n");
    growNode(node);
  });
}

/** @returns {HTMLElement} */
function makeArea() {
  const area = document.createElement("div");
  area.className = "hunyuan-lora-report";
  area.setAttribute("role", "status");
  Object.assign(area.style, {
    overflow: "auto",
    whiteSpace: "pre-wrap",
    overflowWrap: "anywhere",
    font: "12px/1.4 sans-serif",
    padding: "4px 8px",
    boxSizing: "border-box",
    color: "var(--input-text, #ddd)",
    background: "var(--comfy-input-bg, #222)",
    borderRadius: "4px",
    userSelect: "text",
  });
  return area;
}
