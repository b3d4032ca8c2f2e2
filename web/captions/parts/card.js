// @ts-check
// One crop with its caption, where the caption comes from, its tokens and its warnings.
import { make, makeButton, setText } from "../../ui/dom.js";
import { kindWords, ORIGIN_WORDS } from "../data/filtering.js";
import { makeCaptionBox } from "./caption_box.js";
import { makeTokenBars } from "./token_bars.js";

/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {import("../types.js").Warning} Warning */
/** @typedef {import("./caption_box.js").Mark} Mark */

/**
 * @typedef {object} CardView
 * @property {string} caption
 * @property {Mark[]} marks
 * @property {string} origin
 * @property {boolean} isEdited
 * @property {boolean} isSelected
 * @property {boolean} isActive
 * @property {import("../types.js").Tokens | null} tokens
 * @property {{ clip: number, llama: number }} limits
 * @property {Warning[]} warnings
 * @property {Map<string, number>} mendable how many captions have a mend, by the kind of warning
 * @property {import("../types.js").Conflict | null} conflict
 * @property {number} place from 1
 * @property {number} count of all cards
 */

/**
 * @typedef {object} CardActions
 * @property {(id: string, how: { extend: boolean, toggle: boolean }) => void} choose
 * @property {(id: string) => void} edit the text has the focus
 * @property {(id: string, text: string) => void} type
 * @property {(id: string) => void} leave
 * @property {(id: string) => void} revert
 * @property {(id: string, text: string) => void} mend
 * @property {(kind: string) => void} mendAll
 * @property {(id: string) => void} compare shows the conflict
 */

export class Card {
  /**
   * @param {SheetCrop} crop
   * @param {string} address of its picture
   * @param {CardActions} actions
   */
  constructor(crop, address, actions) {
    this.crop = crop;
    this.actions = actions;
    this.tick = make("input", {
      attributes: { type: "checkbox", "aria-label": `Select ${nameOf(crop)}` },
      on: { click: (event) => this.#onTick(event) },
    });
    this.origin = make("span", { part: "cap-chip" });
    this.revertButton = makeButton("Revert", () => actions.revert(crop.id), {
      part: "cap-mini",
      title: "Take back what was edited on this caption (Delete)",
    });
    this.box = makeCaptionBox({
      label: `Caption of ${nameOf(crop)}`,
      onInput: (text) => actions.type(crop.id, text),
      onEdit: () => actions.edit(crop.id),
      onLeave: () => actions.leave(crop.id),
    });
    this.bars = makeTokenBars();
    this.warnings = make("div", { part: "cap-warnings" });
    this.picture = make("img", {
      attributes: { alt: "", draggable: "false", decoding: "async", src: address },
    });
    this.element = this.#assemble();
    this.drawnWarnings = "";
  }

  #assemble() {
    const { crop } = this;
    const shown = [crop.shot_words, crop.view].filter(Boolean).join(", ");
    return make(
      "article",
      {
        part: "cap-card",
        attributes: { role: "listitem", "aria-label": nameOf(crop), "data-crop": crop.id },
        on: { click: (event) => this.#onClick(event), pointerdown: (event) => this.#onPointer(event) },
      },
      make(
        "div",
        { part: "cap-head" },
        this.tick,
        make("span", {
          part: "cap-name cut",
          text: crop.name,
          title: `${crop.name}, ${crop.width} x ${crop.height} pixels`,
        }),
        this.origin,
        this.revertButton,
      ),
      make(
        "div",
        { part: "cap-middle" },
        make(
          "div",
          { part: "cap-left" },
          make("div", { part: "cap-picture" }, this.picture),
          make(
            "div",
            { part: "cap-facts" },
            make("span", { part: "cut", text: shown, title: shown }),
            make("span", { text: crop.bucket }),
          ),
        ),
        this.box.element,
      ),
      this.bars.element,
      this.warnings,
    );
  }

  /** @param {CardView} view */
  update(view) {
    const { element } = this;
    this.tick.checked = view.isSelected;
    element.dataset["selected"] = String(view.isSelected);
    element.dataset["active"] = String(view.isActive);
    element.setAttribute("aria-posinset", String(view.place));
    element.setAttribute("aria-setsize", String(view.count));
    element.tabIndex = view.isActive ? 0 : -1;
    if (view.isActive) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
    setText(this.origin, ORIGIN_WORDS[view.origin] ?? view.origin);
    this.origin.dataset["origin"] = view.origin;
    this.origin.title = `This caption comes from: ${ORIGIN_WORDS[view.origin] ?? view.origin}`;
    this.revertButton.hidden = !view.isEdited;
    this.box.update(view.caption, view.marks);
    this.bars.update(view.tokens, view.limits);
    this.#drawWarnings(view);
    // Tab goes through the active card only; the arrow keys lead to the others.
    for (const control of element.querySelectorAll("textarea, button, input")) {
      /** @type {HTMLElement} */ (control).tabIndex = view.isActive ? 0 : -1;
    }
  }

  /** Stop loading what is not seen any more. */
  drop() {
    if (!this.picture.complete) this.picture.removeAttribute("src");
    this.element.remove();
  }

  /** @param {CardView} view */
  #drawWarnings({ warnings, conflict, mendable }) {
    const counts = warnings.map(({ kind }) => mendable.get(kind) ?? 0);
    const key = JSON.stringify([warnings, conflict?.kind, counts]);
    if (key === this.drawnWarnings) return;
    this.drawnWarnings = key;
    const rows = warnings.map((warning, index) => this.#warningRow(warning, counts[index] ?? 0));
    if (conflict) rows.unshift(this.#conflictRow(conflict.where));
    this.warnings.hidden = rows.length === 0;
    this.warnings.replaceChildren(...rows);
  }

  /** @param {string} where */
  #conflictRow(where) {
    const words = make("span", { text: `'${where}' was changed too.` });
    const compare = makeButton("Compare", () => this.actions.compare(this.crop.id), { part: "cap-mini" });
    return make("div", { part: "cap-warning" }, words, make("div", {}, compare));
  }

  /**
   * @param {Warning} warning
   * @param {number} count captions with a mend of this kind
   */
  #warningRow({ kind, text, mend }, count) {
    const buttons = make("div");
    if (mend !== null) {
      buttons.append(
        makeButton("Mend", () => this.actions.mend(this.crop.id, mend), {
          part: "cap-mini",
          title: mend || "An empty caption",
        }),
      );
      if (count > 1) {
        buttons.append(
          makeButton(`All ${count}`, () => this.actions.mendAll(kind), {
            part: "cap-mini",
            title: `Mend every caption with the warning '${kindWords(kind)}'`,
          }),
        );
      }
    }
    return make("div", { part: "cap-warning" }, make("span", { text }), buttons);
  }

  /** @param {MouseEvent} event */
  #onTick(event) {
    event.stopPropagation();
    this.actions.choose(this.crop.id, { extend: event.shiftKey, toggle: true });
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("button, input, textarea, a")) return;
    this.actions.choose(this.crop.id, { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
  }

  /** With ctrl or shift a click on the text selects the card too. @param {PointerEvent} event */
  #onPointer(event) {
    const isChoosing = event.shiftKey || event.ctrlKey || event.metaKey;
    const target = /** @type {Element} */ (event.target);
    if (!isChoosing || target !== this.box.area || document.activeElement === target) return;
    target.addEventListener("mousedown", (/** @type {Event} */ down) => down.preventDefault(), {
      once: true,
    });
    this.actions.choose(this.crop.id, { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
  }
}

/**
 * @param {SheetCrop} crop
 * @returns {string} "front.png, full body, 768x1024"
 */
export function nameOf(crop) {
  return [crop.name, crop.shot_words, crop.view, crop.bucket].filter(Boolean).join(", ");
}
