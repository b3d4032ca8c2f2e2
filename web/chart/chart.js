// @ts-check
// A line chart on a canvas: grows live, zooms, moves, and can be read without seeing it.
import { drawFrame } from "./draw/frame.js";
import { readTheme } from "./draw/theme.js";
import { Model } from "./model.js";
import { listen } from "./parts/gestures.js";
import { Legend } from "./parts/legend.js";
import { Pointer } from "./parts/pointer.js";
import { makeSkeleton } from "./parts/skeleton.js";
import { collectNumbers, makeTable, summarise } from "./parts/table.js";
import { watch } from "./parts/watch.js";
import { moveView, zoomView } from "./view.js";

/** @typedef {import("./types.js").SeriesSpec} SeriesSpec */
/** @typedef {import("./types.js").Mark} Mark */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").ChartOptions} ChartOptions */
/** @typedef {import("./draw/layout.js").Layout} Layout */

/** The words for screen readers follow a growing chart this slowly. */
const WORDS_MS = 2000;
const HIDDEN_ROWS = 20;
const KEY_ZOOM = 0.7;
const KEY_MOVE = 0.15;

/** A chart that fills its container, which must have a height. */
export class Chart {
  /**
   * @param {HTMLElement} container
   * @param {ChartOptions} [options]
   */
  constructor(container, options = {}) {
    this.container = container;
    this.options = options;
    this.model = new Model();
    this.model.log.left = options.log ?? false;
    this.model.clip = options.clip ?? true;
    this.model.wanted = options.xRange ?? {};
    this.parts = makeSkeleton(container, options);
    this.theme = readTheme(this.parts.root);
    /** @type {Layout | null} */
    this.layout = null;
    this.legend = new Legend(this.parts.legend, {
      onToggle: (id) => this.#toggle(id),
      onReset: () => this.#look(null),
    });
    this.pointer = new Pointer(this);
    /** @type {(() => void)[]} */
    this.stops = [
      listen(this.parts.plot, this.#wishes(), { wheel: options.wheelZoom !== false }),
      watch(this.parts.plot, {
        onSize: () => this.#schedule(),
        onTheme: () => this.#checkTheme(),
      }),
    ];
    this.frame = 0;
    this.wordsTimer = 0;
    this.#schedule();
  }

  /**
   * Replace all curves; the view, and what the user switched off by its id, stay.
   *
   * @param {SeriesSpec[]} specs
   */
  setSeries(specs) {
    this.model.setSeries(specs);
    this.#changed();
  }

  /**
   * Points to the end of a curve, at a cost that does not depend on its length.
   *
   * @param {string} id
   * @param {ArrayLike<number>} xs
   * @param {ArrayLike<number>} ys
   */
  append(id, xs, ys) {
    if (this.model.replaceTail(id, null, xs, ys)) this.#changed();
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
    if (this.model.replaceTail(id, keep, xs, ys)) this.#changed();
  }

  /** @param {Mark[]} marks */
  setMarks(marks) {
    this.model.marks = [...marks].sort((a, b) => a.x - b.x);
    this.#changed();
  }

  /** @param {{ log?: boolean, clip?: boolean }} scale what is left out stays */
  setScale(scale) {
    this.model.log.left = scale.log ?? this.model.log.left;
    this.model.clip = scale.clip ?? this.model.clip;
    this.#schedule();
  }

  /** @param {{ from?: number, to?: number }} range x that must be in the full view */
  setXRange(range) {
    this.model.setXRange(range);
    this.#schedule();
  }

  /**
   * @param {string} id
   * @param {boolean} visible
   */
  setVisible(id, visible) {
    this.model.switched.set(id, visible);
    const found = this.model.find(id);
    if (found) found.visible = visible;
    this.#changed();
  }

  /** @returns {View | null} null: everything is shown */
  getView() {
    return this.model.view && { ...this.model.view };
  }

  /** @param {View | null} view null shows everything; does not call onViewChange */
  setView(view) {
    this.model.setView(view);
    this.#schedule();
  }

  /** @param {number | null} x where to show the crosshair of another chart; null hides it */
  setCursor(x) {
    this.pointer.showAt(x);
  }

  /**
   * The numbers as a table with a caption that sums every visible curve up.
   *
   * @param {number} [maxRows]
   * @returns {HTMLTableElement} a new element; the chart keeps no hold of it
   */
  table(maxRows = HIDDEN_ROWS) {
    const numbers = collectNumbers(this.model.series, this.options, maxRows);
    return makeTable(this.container.ownerDocument, numbers);
  }

  /** Draw now instead of with the next frame. */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { canvas, overlay, plot, root } = this.parts;
    const [width, height] = [plot.clientWidth, plot.clientHeight];
    if (width < 40 || height < 40) return;
    const ratio = globalThis.devicePixelRatio || 1;
    for (const sheet of [canvas, overlay]) {
      const wanted = [Math.round(width * ratio), Math.round(height * ratio)];
      if (sheet.width === wanted[0] && sheet.height === wanted[1]) continue;
      [sheet.width = 0, sheet.height = 0] = wanted;
    }
    const context = canvas.getContext("2d");
    if (!context) return;
    const { model, options, theme } = this;
    const scene = { model, options, theme, element: root, width, height, ratio };
    this.layout = drawFrame(context, scene);
    const state = { isZoomed: model.view !== null, clipped: this.layout.clipped };
    this.legend.update(model.series, theme, state);
    this.pointer.draw();
  }

  /** Take everything out of the container and stop listening. */
  destroy() {
    for (const stop of this.stops.splice(0)) stop();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.wordsTimer);
    this.frame = -1;
    this.wordsTimer = -1;
    this.parts.root.remove();
  }

  #schedule() {
    // -1 stands for a chart that was taken away.
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  #changed() {
    this.#schedule();
    if (this.wordsTimer !== 0) return;
    this.#updateWords();
    this.wordsTimer = window.setTimeout(() => {
      this.wordsTimer = 0;
      this.#updateWords();
    }, WORDS_MS);
  }

  #updateWords() {
    const shown = this.model.series.filter((one) => one.visible);
    const words = shown.map((one) => summarise(one, this.options)).join(" ");
    const title = this.options.label ?? "Chart";
    this.parts.canvas.setAttribute("aria-label", `${title}. ${words || "No curve is shown."}`);
    if (this.options.hiddenTable !== false) this.parts.hidden.replaceChildren(this.table());
  }

  #checkTheme() {
    const theme = readTheme(this.parts.root);
    if (JSON.stringify(theme) === JSON.stringify(this.theme)) return;
    this.theme = theme;
    this.#schedule();
  }

  /** @param {string} id */
  #toggle(id) {
    const visible = !this.model.find(id)?.visible;
    this.setVisible(id, visible);
    this.options.onToggle?.(id, visible);
  }

  /**
   * The user wants to see something else.
   *
   * @param {View | null} view
   * @returns {boolean} whether that changes anything
   */
  #look(view) {
    const before = JSON.stringify(this.model.view);
    this.model.setView(view);
    if (JSON.stringify(this.model.view) === before) return false;
    this.#schedule();
    this.options.onViewChange?.(this.getView());
    return true;
  }

  /** @returns {import("./parts/gestures.js").Wishes} */
  #wishes() {
    const { model } = this;
    const valueAt = (/** @type {number} */ px) => this.layout?.x.toValue(px) ?? 0;
    const zoom = (/** @type {number} */ at, /** @type {number} */ factor) =>
      this.#look(zoomView(model.view, model.extent(), at, factor, model.leastView()));
    const move = (/** @type {number} */ distance) =>
      this.#look(moveView(model.view, model.extent(), distance));
    return {
      hover: (x, y) => this.pointer.hover(x, y),
      leave: () => this.pointer.leave(),
      press: (x, y) => this.pointer.press(x, y),
      zoom: (x, factor) => zoom(valueAt(x), factor),
      move: (px) => void move(valueAt(px) - valueAt(0)),
      selecting: (from, to) => this.pointer.select(from, to),
      select: (from, to) => {
        this.pointer.select(0, 0);
        const [a, b] = [valueAt(Math.min(from, to)), valueAt(Math.max(from, to))];
        if (b > a) this.#look({ from: a, to: b });
      },
      reset: () => void this.#look(null),
      isAxis: (_x, y) => y > (this.layout?.plot.bottom ?? Infinity),
      key: (key, isShift) => {
        const { from, to } = model.shown();
        const width = to - from;
        if (isShift && key.startsWith("Arrow")) return this.pointer.step(key);
        if (key === "ArrowLeft") move(-width * KEY_MOVE);
        else if (key === "ArrowRight") move(width * KEY_MOVE);
        else if (key === "+" || key === "=") zoom((from + to) / 2, KEY_ZOOM);
        else if (key === "-" || key === "_") zoom((from + to) / 2, 1 / KEY_ZOOM);
        else if (key === "Home") this.#look(null);
        else return this.pointer.key(key);
        return true;
      },
    };
  }
}
