// @ts-check
// The crops of the picture as a list; the arrow keys choose.
import { bucketWords, colourOf } from "../data/buckets.js";
import { make } from "../../ui/dom.js";
import { enlargementWords, shotWords } from "../words.js";

/** @typedef {import("../actions.js").Actions} Actions */
/** @typedef {import("../types.js").Crop} Crop */

/** A listbox of one stop. */
export class BoxList {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.element = make("div", {
      part: "crops-list",
      attributes: { role: "listbox", tabindex: "0", "aria-label": "Crops of this picture" },
      on: { keydown: (event) => this.#onKey(event) },
    });
  }

  show() {
    const { content, selected } = this.actions;
    this.element.replaceChildren(
      ...content.crops.map((crop, place) => this.#row(crop, place)),
      ...(content.crops.length === 0 ? [this.#empty()] : []),
    );
    const active = content.crops.some(({ id }) => id === selected);
    if (active) this.element.setAttribute("aria-activedescendant", idOf(selected));
    else this.element.removeAttribute("aria-activedescendant");
    this.#reveal();
  }

  /** Scroll the list itself, and not the panel around it, to the chosen crop. */
  #reveal() {
    const row = this.element.querySelector("[aria-selected=true]");
    if (!(row instanceof HTMLElement)) return;
    const start = row.offsetTop;
    const { scrollTop, clientHeight } = this.element;
    if (start < scrollTop) this.element.scrollTop = start;
    const end = start + row.offsetHeight;
    if (end > scrollTop + clientHeight) this.element.scrollTop = end - clientHeight;
  }

  /**
   * @param {Crop} crop
   * @param {number} place
   */
  #row(crop, place) {
    const { plan, selected } = this.actions;
    const swatch = make("span", { part: "crops-swatch" });
    swatch.style.background = colourOf(crop.bucket, plan.buckets);
    const { text, level } = enlargementWords(crop, plan.max_enlargement);
    const words = { fine: "", soft: "enlarged", out: "left out" };
    return make(
      "div",
      {
        part: "crops-item",
        title: text,
        attributes: {
          role: "option",
          id: idOf(crop.id),
          "aria-selected": String(crop.id === selected),
          "aria-label": `${this.actions.describe(crop)}. ${text}`,
        },
        on: { click: () => this.actions.select(crop.id) },
      },
      swatch,
      make("span", { part: "crops-number", text: String(place + 1) }),
      make("span", { part: "grow cut", text: shotWords(crop.shot) }),
      make("span", { part: `crops-mark crops-${level}`, text: words[level] }),
      make("span", { part: "faint", text: bucketWords(crop.bucket) }),
    );
  }

  #empty() {
    const text = "None: this picture gives no crops. Press A to add one.";
    return make("div", { part: "crops-none faint", text });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.actions.stepCrop(by);
  }
}

/** @param {number | null} id */
function idOf(id) {
  return `hunyuan-lora-crop-${id}`;
}
