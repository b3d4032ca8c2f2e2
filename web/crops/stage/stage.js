// @ts-check
// The chosen picture, large, with its boxes: they are pressed, dragged and resized here.
import { enlargement } from "../data/buckets.js";
import { make } from "../../ui/dom.js";
import { draggedBox } from "./dragging.js";
import { StageGestures } from "./gestures.js";
import { findHit } from "./hit.js";
import { Overlay } from "./overlay.js";
import { PictureView } from "./picture_view.js";
import { fitView, panView, toPicture, zoomView } from "./view.js";

/** @typedef {import("../types.js").Crop} Crop */
/** @typedef {import("../actions.js").Actions} Actions */
/** @typedef {import("./gestures.js").Point} Point */
/** @typedef {import("./gestures.js").Drag} Drag */
/** @typedef {import("../types.js").Size} Size */

const MOUSE_REACH = 9;
const FINGER_REACH = 24;
const DRAG_PX = 3;

/** The stage. */
export class Stage {
  #view = { scale: 1, x: 0, y: 0 };
  #isFitted = true;
  /** @type {{ crop: Crop, isFree: boolean } | null} the crop that is being dragged, as it is now */
  #live = null;
  #frame = 0;
  #shown = "";
  #isTouch = false;
  isSpaceHeld = false;

  /**
   * @param {Actions} actions
   * @param {object} page
   * @param {(key: string, side: number) => string} page.address of a picture
   * @param {(crop: Crop) => void} page.dragging called while a crop is dragged
   * @param {() => void} page.viewed called when the view changed
   * @param {() => void} page.unknown called when the server does not know the picture
   */
  constructor(actions, page) {
    this.actions = actions;
    this.page = page;
    this.overlay = new Overlay();
    this.picture = new PictureView(page.address, page.unknown);
    this.element = make(
      "div",
      {
        part: "crops-stage",
        attributes: { tabindex: "0", role: "application", "aria-roledescription": "crop stage" },
      },
      this.picture.image,
      this.overlay.element,
      this.picture.note,
    );
    this.picture.image.addEventListener("load", () => this.draw());
    this.gestures = new StageGestures(this.element, {
      press: (at, event) => this.#press(at, event),
      hover: (at, event) => this.#hover(at, event),
      zoom: (factor, at) => this.#setView((picture, stage) => zoomView(this.#view, factor, at, picture, stage)),
      pan: (across, along) =>
        this.#setView((picture, stage) => panView(this.#view, across, along, picture, stage)),
    });
    this.watch = new ResizeObserver(() => (this.#isFitted ? this.fit() : this.draw()));
    this.watch.observe(this.element);
  }

  get scale() {
    return this.#view.scale;
  }

  /** Show what is chosen now. */
  show() {
    const { picture, crop, isPlacing } = this.actions;
    this.element.classList.toggle("placing", isPlacing);
    const words = crop ? this.actions.describe(crop) : "no crop is chosen";
    this.element.setAttribute("aria-label", picture ? `${picture.name}: ${words}` : "No picture");
    if (picture && picture.key !== this.#shown) {
      this.#shown = picture.key;
      void this.picture.load(picture.key);
      this.element.classList.toggle("see-through", picture.has_alpha);
      this.fit();
    }
    this.draw();
  }

  /** Ask for the picture again. */
  reload() {
    if (this.#shown) void this.picture.load(this.#shown);
  }

  /** The whole picture. */
  fit() {
    this.#setView((picture, stage) => fitView(picture, stage));
    this.#isFitted = true;
  }

  /** @param {number} factor */
  zoom(factor) {
    const { width, height } = this.size;
    const at = { x: width / 2, y: height / 2 };
    this.#setView((picture, stage) => zoomView(this.#view, factor, at, picture, stage));
  }

  get size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  /** Draw before the next frame; many calls draw once. */
  draw() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawNow();
    });
  }

  destroy() {
    this.watch.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #drawNow() {
    const { picture } = this.actions;
    if (!picture) return;
    this.picture.place(picture, this.#view);
    this.overlay.show(this.scene());
  }

  /**
   * What is to be drawn above the picture.
   *
   * @returns {import("./overlay.js").Scene}
   */
  scene() {
    const { plan, selected } = this.actions;
    return {
      crops: this.#crops(),
      selected,
      view: this.#view,
      stage: this.size,
      buckets: plan.buckets,
      isDragging: this.#live !== null,
      isTouch: this.#isTouch,
      isLeftOut: ({ box, bucket }) => enlargement(box, bucket) > plan.max_enlargement,
    };
  }

  #crops() {
    const live = this.#live?.crop;
    return this.actions.content.crops.map((crop) => (crop.id === live?.id ? live : crop));
  }

  /**
   * @param {Point} at
   * @param {PointerEvent} event
   * @returns {Drag | null}
   */
  #press(at, event) {
    this.#isTouch = event.pointerType === "touch";
    if (event.button === 1 || this.isSpaceHeld) return this.#panning(at, () => undefined);
    if (this.actions.isPlacing) return this.#placing();
    const hit = this.#hit(at);
    if (hit.kind === "nothing") return this.#panning(at, () => this.actions.select(null));
    const crop = this.actions.content.crops.find(({ id }) => id === hit.id);
    if (!crop) return null;
    if (hit.id !== this.actions.selected) {
      // A finger may have come to move the picture or to pinch; it chooses when it is lifted.
      if (this.#isTouch) return this.#panning(at, () => this.actions.select(hit.id));
      this.actions.select(hit.id);
    }
    this.draw();
    return this.#dragging(crop, hit.handle, at);
  }

  /**
   * @param {Crop} crop
   * @param {import("../data/resizing.js").Handle | null} handle
   * @param {Point} from
   * @returns {Drag}
   */
  #dragging(crop, handle, from) {
    const { actions, page } = this;
    const start = toPicture(this.#view, from);
    let isFar = false;
    return {
      move: (at, event) => {
        isFar ||= Math.hypot(at.x - from.x, at.y - from.y) > DRAG_PX;
        if (!isFar || !actions.picture) return;
        const now = toPicture(this.#view, at);
        const moved = { x: now.x - start.x, y: now.y - start.y };
        const isFree = handle !== null && (event.shiftKey || actions.isFree);
        const box = draggedBox(crop, { handle, moved, isFree }, actions.picture);
        this.#live = { crop: { ...crop, box }, isFree };
        page.dragging(this.#live.crop);
        this.draw();
      },
      end: (_at, isDone) => {
        const live = this.#live;
        this.#live = null;
        if (live && isDone) actions.drag(crop.id, live.crop.box, live.isFree);
        else page.dragging(crop);
        this.draw();
      },
    };
  }

  /**
   * @param {Point} from
   * @param {() => void} onPress when nothing was moved
   * @returns {Drag}
   */
  #panning(from, onPress) {
    let last = from;
    let isFar = false;
    this.element.classList.add("panning");
    return {
      move: (at) => {
        isFar ||= Math.hypot(at.x - from.x, at.y - from.y) > DRAG_PX;
        if (!isFar) return;
        const [across, along] = [at.x - last.x, at.y - last.y];
        last = at;
        this.#setView((picture, stage) => panView(this.#view, across, along, picture, stage));
      },
      end: (_at, isDone) => {
        this.element.classList.remove("panning");
        if (isDone && !isFar) onPress();
      },
    };
  }

  /** @returns {Drag} */
  #placing() {
    return {
      move: () => undefined,
      end: (at, isDone) => {
        if (isDone) this.actions.add(toPicture(this.#view, at));
      },
    };
  }

  /**
   * @param {Point} at
   * @param {PointerEvent} event
   */
  #hover(at, event) {
    if (event.pointerType === "touch") return;
    this.#isTouch = false;
    const hit = this.#hit(at);
    const cursor = hit.handle ? `${hit.handle}-resize` : hit.kind === "crop" ? "move" : "";
    this.element.style.cursor = this.actions.isPlacing || this.isSpaceHeld ? "" : cursor;
  }

  /** @param {Point} at */
  #hit(at) {
    const { content, selected } = this.actions;
    const reach = this.#isTouch ? FINGER_REACH : MOUSE_REACH;
    return findHit(content.crops, selected, this.#view, at, reach);
  }

  /** @param {(picture: Size, stage: Size) => import("./view.js").View} change */
  #setView(change) {
    const { picture } = this.actions;
    const { size } = this;
    if (!picture || size.width === 0) return;
    this.#isFitted = false;
    this.#view = change(picture, size);
    this.page.viewed();
    this.draw();
  }
}
