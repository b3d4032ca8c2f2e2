// @ts-check
// Which thumbnails of a long strip are in sight; only those are made.

/**
 * @param {number} scroll pixels scrolled
 * @param {number} seen pixels in sight
 * @param {number} count of all thumbnails
 * @param {number} step pixels from one to the next
 * @param {number} [extra] thumbnails kept ready on each side
 * @returns {{ from: number, to: number }} `to` is one beyond the last
 */
export function rangeInSight(scroll, seen, count, step, extra = 3) {
  const from = Math.floor(scroll / step) - extra;
  const to = Math.ceil((scroll + seen) / step) + extra;
  return { from: Math.max(0, Math.min(from, count)), to: Math.max(0, Math.min(to, count)) };
}

/**
 * Where to scroll so that one thumbnail is wholly in sight; no further than needed.
 *
 * @param {number} place
 * @param {number} scroll
 * @param {number} seen
 * @param {number} step
 * @returns {number}
 */
export function scrollTo(place, scroll, seen, step) {
  const start = place * step;
  if (start < scroll) return start;
  return start + step > scroll + seen ? start + step - seen : scroll;
}
