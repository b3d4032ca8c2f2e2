// @ts-check
// A caption that is read and edited in place, with parts of it marked behind the letters.
import { make } from "../../ui/dom.js";

/** @typedef {{ start: number, end: number, kind: "beyond" | "hit" }} Mark */

/**
 * @param {{ label: string, onInput: (text: string) => void, onEdit: () => void, onLeave: () => void }} options
 *   onEdit: the user wants to type, onLeave: the focus is elsewhere
 */
export function makeCaptionBox(options) {
  const back = make("div", { part: "cap-back", attributes: { "aria-hidden": "true" } });
  /** @type {HTMLTextAreaElement} */
  const area = make("textarea", {
    attributes: { "aria-label": options.label, spellcheck: "true", rows: "1" },
    on: {
      input: () => options.onInput(area.value),
      focus: options.onEdit,
      blur: options.onLeave,
      scroll: () => (back.scrollTop = area.scrollTop),
    },
  });
  const element = make("div", { part: "cap-text" }, back, area);
  let drawn = "";

  /**
   * @param {string} text
   * @param {Mark[]} marks in order, not over each other
   */
  function update(text, marks) {
    // Setting the same text would move the cursor to the end.
    if (area.value !== text) area.value = text;
    const key = JSON.stringify([text, marks]);
    if (key === drawn) return;
    drawn = key;
    back.replaceChildren(...markedParts(text, marks));
    back.scrollTop = area.scrollTop;
  }
  return { element, area, update };
}

/**
 * @param {string} text
 * @param {Mark[]} marks
 * @returns {Node[]}
 */
function markedParts(text, marks) {
  /** @type {Node[]} */
  const parts = [];
  let done = 0;
  for (const { start, end, kind } of marks) {
    if (start > done) parts.push(document.createTextNode(text.slice(done, start)));
    parts.push(
      make("mark", { text: text.slice(Math.max(done, start), end), attributes: { "data-kind": kind } }),
    );
    done = Math.max(done, end);
  }
  // A last line that is empty has no height of its own in an element.
  parts.push(document.createTextNode(`${text.slice(done)}\n`));
  return parts;
}
