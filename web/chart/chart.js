// @ts-check
// A line chart on a canvas: grows live, zooms, moves, and can be read without seeing it.

/** @typedef {import("./types.js").SeriesSpec} SeriesSpec */
/** @typedef {import("./types.js").Mark} Mark */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").ChartOptions} ChartOptions */

/** A chart that fills its container, which must have a height. */
export class Chart {
  /**
   * @param {HTMLElement} container
   * @param {ChartOptions} [options]
   */
  constructor(container, options = {}) {
    this.container = container;
    this.options = options;
  }

  /**
   * Replace all curves; the view, and what the user switched off by its id, stay.
   *
   * @param {SeriesSpec[]} specs
   */
  setSeries(specs) {
    void specs;
  }

  /**
   * Points to the end of a curve, at a cost that does not depend on its length.
   *
   * @param {string} id
   * @param {ArrayLike<number>} xs
   * @param {ArrayLike<number>} ys
   */
  append(id, xs, ys) {
    void [id, xs, ys];
  }

  /**
   * Keep the first `keep` points and put new ones behind them: an average whose end changes, or a
   * run taken back to a checkpoint.
   *
   * @param {string} id
   * @param {number} keep
   * @param {ArrayLike<number>} [xs]
   * @param {ArrayLike<number>} [ys]
   */
  replaceTail(id, keep, xs = [], ys = []) {
    void [id, keep, xs, ys];
  }

  /** @param {Mark[]} marks */
  setMarks(marks) {
    void marks;
  }

  /** @param {{ log?: boolean, clip?: boolean }} scale what is left out stays */
  setScale(scale) {
    void scale;
  }

  /** @param {{ from?: number, to?: number }} range x that must be in the full view */
  setXRange(range) {
    void range;
  }

  /**
   * @param {string} id
   * @param {boolean} visible
   */
  setVisible(id, visible) {
    void [id, visible];
  }

  /** @returns {View | null} null: everything is shown */
  getView() {
    return null;
  }

  /** @param {View | null} view null shows everything; does not call onViewChange */
  setView(view) {
    void view;
  }

  /** @param {number | null} x where to show the crosshair of another chart; null hides it */
  setCursor(x) {
    void x;
  }

  /**
   * The numbers as a table with a caption that sums every visible curve up.
   *
   * @param {number} [maxRows]
   * @returns {HTMLTableElement} a new element; the chart keeps no hold of it
   */
  table(maxRows = 20) {
    void maxRows;
    return document.createElement("table");
  }

  /** Draw now instead of with the next frame. */
  draw() {}

  /** Take everything out of the container and stop listening. */
  destroy() {}
}
