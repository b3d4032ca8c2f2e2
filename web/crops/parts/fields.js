// @ts-check
// Selects and sections that the editor's panel is made of.
import { make } from "../../ui/dom.js";

/** @typedef {{ value: string, text: string }} Choice */

/**
 * A select with its label.
 *
 * @param {string} label
 * @param {(value: string) => void} onChoose
 * @returns {{ element: HTMLElement, select: HTMLSelectElement, show: (choices: readonly Choice[], value: string) => void }}
 */
export function makeSelect(label, onChoose) {
  const select = make("select", {
    part: "field grow",
    on: { change: () => onChoose(select.value) },
  });
  const element = make("label", { part: "crops-field" }, make("span", { part: "faint", text: label }), select);
  let shown = "";
  /**
   * @param {readonly Choice[]} choices
   * @param {string} value
   */
  function show(choices, value) {
    const mark = JSON.stringify(choices);
    if (mark !== shown) {
      shown = mark;
      select.replaceChildren(
        ...choices.map((one) => make("option", { text: one.text, attributes: { value: one.value } })),
      );
    }
    if (select.value !== value) select.value = value;
  }
  return { element, select, show };
}

/**
 * A part of the panel under a heading.
 *
 * @param {string} title
 * @param {...(Node | null)} children
 * @returns {HTMLElement}
 */
export function makeSection(title, ...children) {
  return make(
    "section",
    { part: "crops-section", attributes: { "aria-label": title } },
    make("h3", { text: title }),
    ...children,
  );
}
