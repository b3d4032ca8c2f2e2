// @ts-check
// Which curve is which, with a button for each that shows or hides it.
import { colorOf } from "../draw/theme.js";
import { element } from "./skeleton.js";

/** @typedef {import("../series.js").Series} Series */

/** @param {import("../types.js").SeriesSpec} spec */
export function lookOf(spec) {
  return spec.style === "dots" ? "dots" : spec.dash ? "dash" : "line";
}

/**
 * A short piece of a curve.
 *
 * @param {Document} page
 * @param {string} color
 * @param {string} look
 */
export function makeSwatch(page, color, look) {
  const swatch = element(page, "span", "hl-chart-swatch");
  swatch.dataset["look"] = look;
  swatch.style.color = color;
  return swatch;
}

/** The row of buttons above a chart. */

export class Legend {
  /**
   * @param {HTMLElement} root
   * @param {{ onToggle: (id: string) => void, onReset: () => void }} events
   */
  constructor(root, events) {
    this.root = root;
    this.events = events;
    this.shown = "";
    const page = root.ownerDocument;
    this.note = element(page, "span", "hl-chart-note");
    this.reset = page.createElement("button");
    this.reset.type = "button";
    this.reset.textContent = "Show all";
    this.reset.title = "Show the whole run again (double click, or Home)";
    this.reset.addEventListener("click", () => events.onReset());
  }

  /**
   * @param {Series[]} series
   * @param {import("../draw/theme.js").Theme} theme
   * @param {{ isZoomed: boolean, clipped: boolean }} state
   */
  update(series, theme, state) {
    const listed = series.filter(({ spec }) => spec.inLegend !== false);
    const entries = listed.map((one) => ({
      id: one.id,
      label: one.spec.label,
      color: colorOf(one.spec, one.slot, theme, this.root),
      look: lookOf(one.spec),
    }));
    const wanted = JSON.stringify(entries);
    // Buttons that stay keep the keyboard's focus.
    if (wanted !== this.shown) this.#rebuild(entries);
    this.shown = wanted;
    for (const [place, one] of listed.entries()) {
      this.root.children[place]?.setAttribute("aria-pressed", String(one.visible));
    }
    const note = state.clipped ? "outliers left out" : "";
    if (this.note.textContent !== note) this.note.textContent = note;
    this.reset.style.display = state.isZoomed ? "" : "none";
  }

  /** @param {{ id: string, label: string, color: string, look: string }[]} entries */
  #rebuild(entries) {
    const page = this.root.ownerDocument;
    const buttons = entries.map(({ id, label, color, look }) => {
      const button = page.createElement("button");
      button.type = "button";
      button.title = `Show or hide ${label}`;
      button.append(makeSwatch(page, color, look), label);
      button.addEventListener("click", () => this.events.onToggle(id));
      return button;
    });
    this.root.replaceChildren(...buttons, this.note, this.reset);
  }
}
