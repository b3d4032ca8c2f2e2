// @ts-check
// What pointers, wheel and pinch want of the stage, in its own pixels.

/** @typedef {{ x: number, y: number }} Point */

/**
 * @typedef {object} Drag what one pointer does from press to release
 * @property {(at: Point, event: PointerEvent) => void} move
 * @property {(at: Point, isDone: boolean, event: PointerEvent) => void} end not done: taken back
 */

/**
 * @typedef {object} Wishes
 * @property {(at: Point, event: PointerEvent) => Drag | null} press
 * @property {(at: Point, event: PointerEvent) => void} hover
 * @property {(factor: number, at: Point) => void} zoom
 * @property {(across: number, along: number) => void} pan
 */

const WHEEL = 1.0018;
const PINCH = 1.01;

/** Follows every pointer on the stage. */
export class StageGestures {
  /** @type {Map<number, Point>} */
  #pointers = new Map();
  /** @type {{ id: number, drag: Drag } | null} */
  #active = null;

  /**
   * @param {HTMLElement} stage
   * @param {Wishes} wishes
   */
  constructor(stage, wishes) {
    this.stage = stage;
    this.wishes = wishes;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#finish(event, true));
    stage.addEventListener("pointercancel", (event) => this.#finish(event, false));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button > 1) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    capture(this.stage, event.pointerId);
    const at = placeOf(this.stage, event);
    this.#pointers.set(event.pointerId, at);
    if (this.#pointers.size > 1) {
      // A second finger means pinch; what the first one began is taken back.
      this.#active?.drag.end(at, false, event);
      this.#active = null;
      return;
    }
    const drag = this.wishes.press(at, event);
    this.#active = drag && { id: event.pointerId, drag };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = placeOf(this.stage, event);
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      this.wishes.hover(at, event);
      return;
    }
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, before, at);
    this.#pointers.set(event.pointerId, at);
    if (this.#active?.id === event.pointerId) this.#active.drag.move(at, event);
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} isDone
   */
  #finish(event, isDone) {
    if (!this.#pointers.delete(event.pointerId) || this.#active?.id !== event.pointerId) return;
    const { drag } = this.#active;
    this.#active = null;
    drag.end(placeOf(this.stage, event), isDone, event);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const turned = Math.max(-300, Math.min(300, event.deltaY * line));
    // Browsers report a pinch on a touchpad as a small turn with Ctrl.
    this.wishes.zoom((event.ctrlKey ? PINCH : WHEEL) ** -turned, placeOf(this.stage, event));
  }

  /**
   * @param {number} id of the finger that moved
   * @param {Point} before
   * @param {Point} at
   */
  #pinch(id, before, at) {
    const other = [...this.#pointers].find(([own]) => own !== id)?.[1];
    if (!other) return;
    const [was, is] = [distance(before, other), distance(at, other)];
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.wishes.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    if (was > 0 && is > 0) this.wishes.zoom(is / was, middle);
  }
}

/**
 * @param {HTMLElement} stage
 * @param {number} id
 */
function capture(stage, id) {
  try {
    stage.setPointerCapture(id);
  } catch {
    // The finger is gone already.
  }
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/**
 * @param {HTMLElement} stage
 * @param {MouseEvent} event
 * @returns {Point}
 */
function placeOf(stage, event) {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
