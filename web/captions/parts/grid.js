// @ts-check
// The grid of cards, of which only those in view are in the page.
import { make } from "../../ui/dom.js";
import { layoutRows, moveBy, placeOf, scrollTo, visibleCards } from "../data/rows.js";
import { Card } from "./card.js";

/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("./card.js").CardView} CardView */

/**
 * @typedef {object} GridOptions
 * @property {Session} session
 * @property {import("./card.js").CardActions} actions
 * @property {(crop: SheetCrop) => CardView} view of a card; place and count are filled in
 * @property {(crop: SheetCrop) => string} address of its picture
 */

const LEAST_WIDTH_PX = 360;
const GAP_PX = 10;
const MARGIN_PX = 200;
// What a card has around its text, as the style lays it out.
const HEAD_PX = 62;
const LEFT_PX = 160;
const LINE_PX = 18;
const LETTER_PX = 6.7;
const LEAST_MIDDLE_PX = 152;
const MOST_LINES = 16;

export class CardGrid {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #isDue = false;
  /** @type {import("../data/rows.js").Layout} */
  #layout = layoutRows([], { room: 1000, least: LEAST_WIDTH_PX, gap: GAP_PX });

  /** @param {GridOptions} options */
  constructor(options) {
    this.options = options;
    this.session = options.session;
    this.space = make("div", { attributes: { role: "list", "aria-label": "Captions" } });
    this.empty = make("div", { part: "cap-empty", text: "No caption fits the filter." });
    this.element = make(
      "div",
      { part: "cap-grid", on: { scroll: () => this.#drawSoon() } },
      this.empty,
      this.space,
    );
    this.observer = new ResizeObserver(() => this.update());
    this.observer.observe(this.element);
  }

  destroy() {
    this.observer.disconnect();
    for (const card of this.#cards.values()) card.drop();
    this.#cards.clear();
  }

  /** Lay out and draw anew. */
  update() {
    const { shown } = this.session;
    const room = Math.max(0, this.space.clientWidth);
    const space = { room, least: Math.min(LEAST_WIDTH_PX, room), gap: GAP_PX };
    const width = layoutRows([], space).width;
    const heights = shown.map((crop) => this.#heightOf(crop, width));
    this.#layout = layoutRows(heights, space);
    this.space.style.height = `${this.#layout.total}px`;
    this.empty.hidden = shown.length > 0;
    this.#draw();
  }

  /**
   * Bring a card into view and give it the focus.
   *
   * @param {string} id
   * @param {"card" | "text"} [part]
   * @returns {boolean} false when there is no such card
   */
  focus(id, part = "card") {
    this.reveal(id);
    const card = this.#cards.get(id);
    const target = part === "text" ? card?.box.area : card?.element;
    target?.focus({ preventScroll: true });
    return target !== undefined;
  }

  /** Bring a card into view. @param {string} id */
  reveal(id) {
    const index = this.session.shown.findIndex((crop) => crop.id === id);
    if (index < 0) return;
    const view = { top: this.element.scrollTop, height: this.element.clientHeight };
    this.element.scrollTop = scrollTo(placeOf(this.#layout, index), view, GAP_PX);
    this.#draw();
  }

  /**
   * The card that a key leads to.
   *
   * @param {string} id
   * @param {string} key
   * @returns {string | null}
   */
  neighbour(id, key) {
    const { shown } = this.session;
    const index = shown.findIndex((crop) => crop.id === id);
    if (index < 0) return shown[0]?.id ?? null;
    const height = this.#layout.heights[0] ?? 1;
    const rowsInView = Math.floor(this.element.clientHeight / (height + GAP_PX));
    const next = moveBy(index, key, { columns: this.#layout.columns, count: shown.length, rowsInView });
    return next === null ? null : (shown[next]?.id ?? null);
  }

  #drawSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw() {
    const { shown, selection } = this.session;
    const view = { top: this.element.scrollTop, height: this.element.clientHeight, margin: MARGIN_PX };
    const { first, end } = visibleCards(this.#layout, shown.length, view);
    /** @type {Map<string, number>} */
    const wanted = new Map();
    for (let index = first; index < end; index += 1) wanted.set(shown[index]?.id ?? "", index);
    // The active card stays, so that the focus is not lost when it is scrolled out of view.
    const active = shown.findIndex(({ id }) => id === selection.active);
    if (active >= 0) wanted.set(shown[active]?.id ?? "", active);
    for (const [id, card] of this.#cards) {
      if (wanted.has(id)) continue;
      card.drop();
      this.#cards.delete(id);
    }
    const order = [...wanted.values()].sort((a, b) => a - b);
    order.forEach((index, place) => this.#drawCard(index, place));
  }

  /**
   * @param {number} index among all shown
   * @param {number} position among those in the page
   */
  #drawCard(index, position) {
    const crop = this.session.shown[index];
    if (!crop) return;
    let card = this.#cards.get(crop.id);
    if (!card || card.crop !== crop) {
      card?.drop();
      card = new Card(crop, this.options.address(crop), this.options.actions);
      this.#cards.set(crop.id, card);
    }
    const { left, top, width, height } = placeOf(this.#layout, index);
    const { style } = card.element;
    style.transform = `translate(${left}px, ${top}px)`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    card.update({ ...this.options.view(crop), place: index + 1, count: this.session.shown.length });
    // Moving an element that stands in its place already would take the focus away.
    if (this.space.children[position] !== card.element) {
      this.space.insertBefore(card.element, this.space.children[position] ?? null);
    }
  }

  /**
   * @param {SheetCrop} crop
   * @param {number} width of the card
   */
  #heightOf(crop, width) {
    const filled = this.session.filled.get(crop.id);
    const lines = linesOf(this.session.captionOf(crop.id), width - LEFT_PX);
    const middle = Math.max(LEAST_MIDDLE_PX, Math.min(lines, MOST_LINES) * LINE_PX + 16);
    const warnings = (filled?.warnings ?? []).map(({ text, mend }) =>
      linesOf(text, width - (mend === null ? 40 : 130)),
    );
    const below =
      warnings.reduce((sum, count) => sum + Math.max(count * 16, 22) + 4, 0) + (filled?.conflict ? 26 : 0);
    return Math.round(
      HEAD_PX + middle + (filled?.tokens ? 22 : 0) + (below > 0 ? Math.min(below, 150) + 4 : 0),
    );
  }
}

/**
 * @param {string} text
 * @param {number} room in pixels
 */
function linesOf(text, room) {
  const letters = Math.max(8, room / LETTER_PX);
  return text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / letters)), 0);
}
