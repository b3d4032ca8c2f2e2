// @ts-check
// Zooming and moving along x. A view is a part of the extent; null stands for all of it.

/** @typedef {import("./types.js").View} View */

/**
 * A view inside the extent, not narrower than `least`; null when it is as wide as the extent.
 *
 * @param {View} view
 * @param {View} extent
 * @param {number} least
 * @returns {View | null}
 */
export function fitView(view, extent, least) {
  const whole = extent.to - extent.from;
  const wanted = Math.max(view.to - view.from, Math.min(least, whole));
  if (!(wanted < whole * (1 - 1e-9))) return null;
  const middle = (view.from + view.to) / 2;
  const from = Math.min(Math.max(middle - wanted / 2, extent.from), extent.to - wanted);
  return { from, to: from + wanted };
}

/**
 * Zoom around a point that stays where it is on the screen.
 *
 * @param {View | null} view
 * @param {View} extent
 * @param {number} at
 * @param {number} factor below 1 shows less
 * @param {number} least narrowest view
 * @returns {View | null}
 */
export function zoomView(view, extent, at, factor, least) {
  const now = view ?? extent;
  const width = now.to - now.from;
  const wanted = Math.max(width * factor, Math.min(least, width));
  const share = width > 0 ? (at - now.from) / width : 0.5;
  const from = at - share * wanted;
  return fitView({ from, to: from + wanted }, extent, least);
}

/**
 * @param {View | null} view
 * @param {View} extent
 * @param {number} distance in x; above 0 shows what lies to the right
 * @returns {View | null}
 */
export function moveView(view, extent, distance) {
  if (view === null) return null;
  return fitView({ from: view.from + distance, to: view.to + distance }, extent, 0);
}

/**
 * The view after the extent grew: one that showed the end goes on showing it.
 *
 * @param {View | null} view
 * @param {View} before
 * @param {View} after
 * @returns {View | null}
 */
export function followView(view, before, after) {
  if (view === null) return null;
  const width = view.to - view.from;
  const sawEnd = view.to >= before.to - width * 1e-6;
  if (!sawEnd || after.to <= before.to) return fitView(view, after, 0);
  return fitView({ from: after.to - width, to: after.to }, after, 0);
}
