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

/**
 * @param {HTMLElement} stage
 * @param {Wishes} wishes
 */
export function listenToStage(stage, wishes) {
  /** @type {Map<number, Point>} */
  const pointers = new Map();
  /** @type {{ id: number, drag: Drag } | null} */
  let active = null;

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    capture(stage, event.pointerId);
    const at = placeOf(stage, event);
    pointers.set(event.pointerId, at);
    if (pointers.size > 1) {
      // A second finger means pinch; what the first one began is taken back.
      active?.drag.end(at, false, event);
      active = null;
      return;
    }
    const drag = wishes.press(at, event);
    active = drag && { id: event.pointerId, drag };
  });

  stage.addEventListener("pointermove", (event) => {
    const at = placeOf(stage, event);
    const before = pointers.get(event.pointerId);
    if (!before) return wishes.hover(at, event);
    if (pointers.size === 2) pinch(event.pointerId, before, at);
    pointers.set(event.pointerId, at);
    if (active?.id === event.pointerId) active.drag.move(at, event);
    return undefined;
  });

  const finish = (/** @type {PointerEvent} */ event, /** @type {boolean} */ isDone) => {
    if (!pointers.delete(event.pointerId) || active?.id !== event.pointerId) return;
    const { drag } = active;
    active = null;
    drag.end(placeOf(stage, event), isDone, event);
  };
  stage.addEventListener("pointerup", (event) => finish(event, true));
  stage.addEventListener("pointercancel", (event) => finish(event, false));

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const turned = Math.max(-300, Math.min(300, event.deltaY * line));
      // Browsers report a pinch on a touchpad as a small turn with Ctrl.
      wishes.zoom((event.ctrlKey ? PINCH : WHEEL) ** -turned, placeOf(stage, event));
    },
    { passive: false },
  );

  /**
   * @param {number} id of the finger that moved
   * @param {Point} before
   * @param {Point} at
   */
  function pinch(id, before, at) {
    const other = [...pointers].find(([own]) => own !== id)?.[1];
    if (!other) return;
    const [was, is] = [distance(before, other), distance(at, other)];
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    wishes.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    if (was > 0 && is > 0) wishes.zoom(is / was, middle);
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
