// @ts-check
// What pointer, wheel and keys want of a chart, in its own pixels.

/**
 * @typedef {object} Wishes
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {(x: number, y: number) => void} press a click without a drag
 * @property {(x: number, factor: number) => boolean} zoom false: nothing changed
 * @property {(px: number) => void} move shows what lies to the right when above 0
 * @property {(from: number, to: number) => void} selecting while a part is being marked
 * @property {(from: number, to: number) => void} select that part
 * @property {() => void} reset
 * @property {(key: string, isShift: boolean) => boolean} key false: not meant for the chart
 * @property {(x: number, y: number) => boolean} isAxis is this below the curves
 */

const DRAG_PX = 4;

/**
 * Listen on an element; dragging marks a part, with Shift, the middle button, on the axis or by
 * touch it moves the view.
 *
 * @param {HTMLElement} plot
 * @param {Wishes} wishes
 * @param {{ wheel: boolean }} options
 * @returns {() => void} stops listening
 */
export function listen(plot, wishes, options) {
  const stop = new AbortController();
  const { signal } = stop;
  /** @type {{ id: number, x: number, y: number, last: number, moves: boolean, far: boolean } | null} */
  let drag = null;

  plot.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    event.stopPropagation();
    const { x, y } = placeOf(plot, event);
    const moves =
      event.shiftKey || event.button === 1 || event.pointerType === "touch" || wishes.isAxis(x, y);
    drag = { id: event.pointerId, x, y, last: x, moves, far: false };
    plot.setPointerCapture(event.pointerId);
    // The middle button would start the browser's own scrolling.
    if (event.button === 1) event.preventDefault();
  }, { signal });

  plot.addEventListener("pointermove", (event) => {
    const { x, y } = placeOf(plot, event);
    if (!drag || drag.id !== event.pointerId) {
      wishes.hover(x, y);
      return;
    }
    drag.far ||= Math.abs(x - drag.x) > DRAG_PX;
    if (!drag.far) return;
    if (drag.moves) {
      plot.style.cursor = "grabbing";
      wishes.move(drag.last - x);
      drag.last = x;
    } else {
      wishes.selecting(drag.x, x);
    }
  }, { signal });

  const finish = (/** @type {PointerEvent} */ event, /** @type {boolean} */ isDone) => {
    if (!drag || drag.id !== event.pointerId) return;
    const { x: start, y, moves, far } = drag;
    drag = null;
    plot.style.cursor = "";
    const { x } = placeOf(plot, event);
    if (far && !moves) wishes.select(start, isDone ? x : start);
    else if (!far && isDone) wishes.press(start, y);
  };
  plot.addEventListener("pointerup", (event) => finish(event, true), { signal });
  plot.addEventListener("pointercancel", (event) => finish(event, false), { signal });
  plot.addEventListener("pointerleave", () => drag || wishes.leave(), { signal });
  plot.addEventListener("dblclick", (event) => {
    event.stopPropagation();
    wishes.reset();
  }, { signal });
  plot.addEventListener("blur", () => wishes.leave(), { signal });

  if (options.wheel) listenToWheel(plot, wishes, signal);
  plot.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!wishes.key(event.key, event.shiftKey)) return;
    // ComfyUI has keys of its own for the whole page.
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
  return () => stop.abort();
}

/**
 * @param {HTMLElement} plot
 * @param {Wishes} wishes
 * @param {AbortSignal} signal
 */
function listenToWheel(plot, wishes, signal) {
  plot.addEventListener("wheel", (event) => {
    const line = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [across, along] = event.shiftKey
      ? [event.deltaX || event.deltaY, 0]
      : [event.deltaX, event.deltaY];
    if (Math.abs(across) > Math.abs(along)) {
      wishes.move(across * line);
    } else {
      const turned = Math.max(-240, Math.min(240, along * line));
      const isZoomed = wishes.zoom(placeOf(plot, event).x, 1.0022 ** turned);
      // With everything in view a turn outwards scrolls the page, as beside the chart.
      if (!isZoomed && turned > 0) return;
    }
    event.preventDefault();
    event.stopPropagation();
  }, { signal, passive: false });
}

/**
 * Where a pointer is in the element's own pixels; ComfyUI shows nodes scaled.
 *
 * @param {HTMLElement} plot
 * @param {MouseEvent} event
 */
function placeOf(plot, event) {
  const box = plot.getBoundingClientRect();
  const scale = box.width > 0 ? plot.offsetWidth / box.width : 1;
  return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
}
