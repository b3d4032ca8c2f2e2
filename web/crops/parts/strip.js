// @ts-check
// All pictures as a strip of thumbnails; only those in sight are in the page, whatever their number.
import { rangeInSight, scrollTo } from "../data/strip_layout.js";
import { make, setText } from "../../ui/dom.js";

/** @typedef {import("../actions.js").Actions} Actions */
/** @typedef {import("../types.js").PlanPicture} PlanPicture */

const STEP = 128;
const SIDE = 256;
// A strip that flies by asks the server for nothing.
const REST_MS = 90;

/**
 * @typedef {object} Item
 * @property {HTMLElement} element
 * @property {HTMLImageElement} image
 * @property {HTMLElement} count
 * @property {boolean} isAsked whether the thumbnail was asked for
 */

/** The strip; a listbox of one stop, in which the arrow keys move. */
export class Strip {
  /** @type {Map<string, Item>} */
  #items = new Map();
  #rest = 0;
  #frame = 0;
  #chosen = "";

  /**
   * @param {Actions} actions
   * @param {(key: string, side: number) => string} address of a picture
   */
  constructor(actions, address) {
    this.actions = actions;
    this.address = address;
    this.inner = make("div", { part: "crops-strip-inner" });
    this.element = make(
      "div",
      {
        part: "crops-strip",
        attributes: { role: "listbox", tabindex: "0", "aria-label": "Pictures" },
        on: { scroll: () => this.#later(), keydown: (event) => this.#onKey(event) },
      },
      this.inner,
    );
    this.watch = new ResizeObserver(() => this.#later());
    this.watch.observe(this.element);
  }

  /** Show what is chosen and edited now. */
  show() {
    const { pictures } = this.actions.plan;
    if (this.#chosen !== this.actions.key) {
      this.#chosen = this.actions.key;
      const place = pictures.findIndex(({ key }) => key === this.#chosen);
      this.#scroll = scrollTo(place, this.#scroll, this.#seen, STEP);
    }
    this.#drawNow();
  }

  /** Ask for the thumbnails again. */
  reload() {
    for (const key of [...this.#items.keys()]) this.#drop(key);
    this.#drawNow();
  }

  destroy() {
    this.watch.disconnect();
    clearTimeout(this.#rest);
    cancelAnimationFrame(this.#frame);
    for (const key of [...this.#items.keys()]) this.#drop(key);
  }

  /** Whether the strip lies below the stage, as on a narrow page. */
  get isAcross() {
    return this.element.clientWidth > this.element.clientHeight;
  }

  get #scroll() {
    return this.isAcross ? this.element.scrollLeft : this.element.scrollTop;
  }

  set #scroll(value) {
    if (this.isAcross) this.element.scrollLeft = value;
    else this.element.scrollTop = value;
  }

  get #seen() {
    return this.isAcross ? this.element.clientWidth : this.element.clientHeight;
  }

  #later() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { pictures } = this.actions.plan;
    const length = `${pictures.length * STEP}px`;
    // All reading comes first: the page would be laid out anew after each change.
    const { isAcross } = this;
    const { from, to } = rangeInSight(this.#scroll, this.#seen, pictures.length, STEP);
    this.inner.style.height = isAcross ? "100%" : length;
    this.inner.style.width = isAcross ? length : "100%";
    const wanted = pictures.slice(from, to);
    const keys = new Set(wanted.map(({ key }) => key));
    for (const key of [...this.#items.keys()]) if (!keys.has(key)) this.#drop(key);
    wanted.forEach((picture, place) => this.#showItem(picture, from + place, isAcross));
    const active = this.#items.get(this.actions.key);
    if (active) this.element.setAttribute("aria-activedescendant", active.element.id);
    else this.element.removeAttribute("aria-activedescendant");
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(() => this.#askForSeen(), REST_MS);
  }

  /**
   * @param {PlanPicture} picture
   * @param {number} place
   * @param {boolean} isAcross
   */
  #showItem(picture, place, isAcross) {
    const item = this.#items.get(picture.key) ?? this.#make(picture);
    const { element } = item;
    const { session } = this.actions;
    const start = `${place * STEP}px`;
    element.style.transform = isAcross ? `translateX(${start})` : `translateY(${start})`;
    element.setAttribute("aria-posinset", String(place + 1));
    element.setAttribute("aria-setsize", String(this.actions.plan.pictures.length));
    element.setAttribute("aria-selected", String(picture.key === this.actions.key));
    const isEdited = session.isEdited(picture.key);
    element.classList.toggle("edited", isEdited);
    const count = session.contentOf(picture.key).crops.length;
    setText(item.count, String(count));
    const edited = isEdited ? ", edited" : "";
    element.setAttribute(
      "aria-label",
      `${picture.name}, ${count === 1 ? "1 crop" : `${count} crops`}${edited}`,
    );
    element.title = `${picture.name}\n${picture.width} × ${picture.height} pixels${edited}`;
  }

  /** @param {PlanPicture} picture */
  #make(picture) {
    const image = make("img", { attributes: { alt: "", draggable: "false" } });
    const count = make("span", { part: "crops-count" });
    const name = make("span", { part: "crops-name cut", text: picture.name });
    const element = make(
      "div",
      {
        part: "crops-thumb",
        attributes: { role: "option", id: `hunyuan-lora-picture-${picture.key}` },
        on: { click: () => this.actions.choosePicture(picture.key) },
      },
      make("div", { part: "crops-thumb-frame" }, image),
      make("div", { part: "crops-thumb-foot" }, name, count),
    );
    const item = { element, image, count, isAsked: false };
    this.#items.set(picture.key, item);
    this.inner.append(element);
    return item;
  }

  #askForSeen() {
    for (const [key, item] of this.#items) {
      if (item.isAsked) continue;
      item.isAsked = true;
      item.image.addEventListener("error", () => item.element.classList.add("missing"));
      item.image.src = this.address(key, SIDE);
    }
  }

  /** @param {string} key */
  #drop(key) {
    const item = this.#items.get(key);
    // Without this the browser goes on loading what nobody sees.
    item?.image.removeAttribute("src");
    item?.element.remove();
    this.#items.delete(key);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const page = Math.max(1, Math.floor(this.#seen / STEP) - 1);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }; // prettier-ignore
    const by = steps[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { pictures } = this.actions.plan;
    const now = pictures.findIndex(({ key }) => key === this.actions.key);
    const next = pictures[Math.max(0, Math.min(now + by, pictures.length - 1))];
    if (next) this.actions.choosePicture(next.key);
  }
}
