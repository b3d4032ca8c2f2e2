// @ts-check
// Where cards lie in a grid of which only the visible part is in the page.

/**
 * @typedef {object} Layout
 * @property {number} columns
 * @property {number} width of a card
 * @property {number} gap
 * @property {number[]} tops of the rows
 * @property {number[]} heights of the rows
 * @property {number} total height
 */

/**
 * Put cards into rows; a row is as high as its highest card.
 *
 * @param {readonly number[]} heights of the cards
 * @param {{ room: number, least: number, gap: number }} space width of the grid, least width of a
 *   card and the distance between cards, all in pixels
 * @returns {Layout}
 */
export function layoutRows(heights, space) {
  const columns = columnsFor(space);
  const width = Math.max(0, (space.room - space.gap * (columns - 1)) / columns);
  const rows = Math.ceil(heights.length / columns);
  /** @type {number[]} */
  const tops = [];
  /** @type {number[]} */
  const rowHeights = [];
  let top = 0;
  for (let row = 0; row < rows; row += 1) {
    const height = Math.max(...heights.slice(row * columns, (row + 1) * columns));
    tops.push(top);
    rowHeights.push(height);
    top += height + space.gap;
  }
  return { columns, width, gap: space.gap, tops, heights: rowHeights, total: Math.max(0, top - space.gap) };
}

/**
 * @param {{ room: number, least: number, gap: number }} space
 * @returns {number} at least 1
 */
export function columnsFor(space) {
  return Math.max(1, Math.floor((space.room + space.gap) / (space.least + space.gap)));
}

/**
 * Cards to have in the page.
 *
 * @param {Layout} layout
 * @param {number} count of all cards
 * @param {{ top: number, height: number, margin: number }} view scrolled down by `top`; `margin` is
 *   shown above and below too
 * @returns {{ first: number, end: number }} places of cards, `end` not included
 */
export function visibleCards(layout, count, view) {
  const first = rowAt(layout, view.top - view.margin);
  const last = rowAt(layout, view.top + view.height + view.margin);
  return {
    first: Math.min(count, first * layout.columns),
    end: Math.min(count, (last + 1) * layout.columns),
  };
}

/**
 * The row at a height, the nearest where there is none.
 *
 * @param {Layout} layout
 * @param {number} y
 * @returns {number}
 */
function rowAt(layout, y) {
  let low = 0;
  let high = Math.max(0, layout.tops.length - 1);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((layout.tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Place of one card.
 *
 * @param {Layout} layout
 * @param {number} index
 * @returns {{ left: number, top: number, width: number, height: number }}
 */
export function placeOf(layout, index) {
  const row = Math.floor(index / layout.columns);
  return {
    left: (index % layout.columns) * (layout.width + layout.gap),
    top: layout.tops[row] ?? 0,
    width: layout.width,
    height: layout.heights[row] ?? 0,
  };
}

/**
 * How far to scroll so that a card is wholly in view; as little as needed.
 *
 * @param {{ top: number, height: number }} place of the card
 * @param {{ top: number, height: number }} view
 * @param {number} [margin] kept free above and below
 * @returns {number}
 */
export function scrollTo(place, view, margin = 0) {
  const top = place.top - margin;
  const bottom = place.top + place.height + margin;
  if (top < view.top || place.height + 2 * margin > view.height) return Math.max(0, top);
  return bottom > view.top + view.height ? bottom - view.height : view.top;
}

/**
 * The card that an arrow key leads to.
 *
 * @param {number} index
 * @param {string} key as KeyboardEvent names it
 * @param {{ columns: number, count: number, rowsInView: number }} grid
 * @returns {number | null} null when the key leads nowhere
 */
export function moveBy(index, key, grid) {
  const page = grid.columns * Math.max(1, grid.rowsInView);
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns };
  if (key === "Home") return grid.count > 0 ? 0 : null;
  if (key === "End") return grid.count > 0 ? grid.count - 1 : null;
  if (key === "PageUp") return Math.max(index % grid.columns, index - page);
  if (key === "PageDown") return Math.min(grid.count - 1, index + page);
  const step = steps[key];
  if (step === undefined) return null;
  const next = index + step;
  return next >= 0 && next < grid.count ? next : null;
}
