// @ts-check
// Shows the lines a node reports (what it found, warned about, chose) on the node itself.
import { addDisplayWidget, afterExecuted } from "../comfy_shim.js";

const LINE_PX = 17;
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
  return count === 0 ? 0 : Math.min(count, MOST_LINES) * LINE_PX + 14;
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
    count = lines.reduce((sum, line) => sum + 1 + Math.floor(line.length / 60), 0);
    if (area === null) {
      area = makeArea();
      addDisplayWidget(node, "report", area, () => reportHeight(count));
    }
    area.textContent = lines.join("\n");
    grow(node);
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

/** @param {import("../comfy_shim.js").ComfyNode} node */
function grow(node) {
  const needed = node.computeSize?.();
  if (!needed || !node.setSize) return;
  node.setSize([node.size[0], Math.max(node.size[1], needed[1])]);
}
