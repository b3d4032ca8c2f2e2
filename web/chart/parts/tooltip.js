// @ts-check
// The values under the pointer, in words beside it.
import { formatCount, formatShort } from "../format.js";
import { makeSwatch } from "./legend.js";
import { element } from "./skeleton.js";

/** @typedef {import("../types.js").Hover} Hover */
/** @typedef {{ name: string, value: string, at: string, color: string, look: string }} TipRow */
/** @typedef {{ color: string, look: string, format: ((value: number) => string) | undefined }} Look */

const KINDS = {
  checkpoint: "Checkpoint",
  sample: "Preview",
  verdict: "Verdict",
  control: "Action",
  band: "",
};
const MOST_MARKS = 4;
const APART_PX = 14;

/**
 * @param {import("../types.js").Mark} mark
 * @returns {string}
 */
export function describeMark(mark) {
  const kind = KINDS[mark.kind];
  if (!mark.label) return kind;
  return kind && !mark.label.startsWith(kind) ? `${kind}: ${mark.label}` : mark.label;
}

/**
 * What a tooltip says of every value; `at` only where the point lies elsewhere than the others.
 *
 * @param {Hover} hover
 * @param {number} headX the x that the head names
 * @param {(id: string) => Look} lookOf
 * @param {(x: number) => string} formatX
 * @returns {TipRow[]}
 */
export function tipRows(hover, headX, lookOf, formatX) {
  return hover.values.map(({ id, label, x, y }) => {
    const { color, look, format } = lookOf(id);
    const value = format ? format(y) : formatShort(y, 4);
    return { name: label, value, at: x === headX ? "" : `at ${formatX(x)}`, color, look };
  });
}

/**
 * One sentence for a screen reader.
 *
 * @param {string} head
 * @param {TipRow[]} rows
 * @param {import("../types.js").Mark[]} marks
 */
export function sayValues(head, rows, marks) {
  const values = rows.map(({ name, value, at }) => `${name} ${value}${at ? ` ${at}` : ""}`);
  return [head, ...values, ...marks.map(describeMark)].join(", ");
}

/**
 * @param {HTMLElement} tip
 * @param {string} head
 * @param {TipRow[]} rows
 * @param {import("../types.js").Mark[]} marks
 */
export function fillTip(tip, head, rows, marks) {
  const page = tip.ownerDocument;
  const title = element(page, "div", "hl-chart-head");
  title.textContent = head;
  const lines = rows.map(({ name, value, at, color, look }) => {
    const line = page.createElement("div");
    const label = element(page, "span", "hl-chart-name");
    label.textContent = name;
    const where = element(page, "span", "hl-chart-at");
    where.textContent = at;
    const number = element(page, "span", "hl-chart-value");
    number.textContent = value;
    line.append(makeSwatch(page, color, look), label, where, number);
    return line;
  });
  const happened = marks.slice(0, MOST_MARKS).map((mark) => {
    const line = element(page, "div", "hl-chart-mark");
    line.textContent = describeMark(mark);
    return line;
  });
  if (marks.length > MOST_MARKS) {
    const more = element(page, "div", "hl-chart-at");
    more.textContent = `and ${formatCount(marks.length - MOST_MARKS)} more`;
    happened.push(more);
  }
  tip.replaceChildren(title, ...lines, ...happened);
}

/**
 * Beside the pointer, on the side with more room, and never outside the plot.
 *
 * @param {HTMLElement} tip
 * @param {number} x
 * @param {number} y
 * @param {{ width: number, height: number }} size of the plot
 */
export function placeTip(tip, x, y, size) {
  tip.hidden = false;
  const { offsetWidth, offsetHeight } = tip;
  const isRight = x + APART_PX + offsetWidth <= size.width;
  const left = isRight ? x + APART_PX : Math.max(0, x - APART_PX - offsetWidth);
  const top = Math.min(Math.max(0, y - offsetHeight / 2), Math.max(0, size.height - offsetHeight));
  tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}
