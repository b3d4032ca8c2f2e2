// @ts-check
// The crosshair with its tooltip, moved by the pointer, by keys, or by another chart.
import { drawPointing } from "../draw/crosshair.js";
import { marksNear } from "../draw/marks.js";
import { colorOf } from "../draw/theme.js";
import { formatCount } from "../format.js";
import { lookOf } from "./legend.js";
import { fillTip, placeTip, sayValues, tipRows } from "./tooltip.js";

/** @typedef {import("../types.js").Hover} Hover */
/** @typedef {import("../chart.js").Chart} Chart */

const REACH_PX = 7;

/** Where a chart is being pointed at, and what is there. */
export class Pointer {
  /** @param {Chart} chart */
  constructor(chart) {
    this.chart = chart;
    /** @type {number | null} in x */
    this.at = null;
    /** @type {number | null} in px; null: no tooltip, another chart is pointed at */
    this.y = null;
    /** @type {[number, number] | null} in px */
    this.selection = null;
  }

  /**
   * @param {number} x in px
   * @param {number} y
   */
  hover(x, y) {
    const { layout } = this.chart;
    if (!layout) return;
    const { plot } = layout;
    if (x < plot.left - 8 || x > plot.right + 8) {
      this.leave();
      return;
    }
    this.y = y;
    this.at = layout.x.toValue(Math.min(Math.max(x, plot.left), plot.right));
    const found = this.draw();
    this.chart.parts.plot.style.cursor = found?.marks.length ? "pointer" : "";
    this.chart.options.onHover?.(found);
  }

  leave() {
    if (this.at === null && this.y === null) return;
    this.at = this.y = null;
    this.draw();
    this.chart.options.onHover?.(null);
  }

  /** @param {number | null} x */
  showAt(x) {
    if (this.y !== null) return;
    this.at = x;
    this.draw();
  }

  /**
   * @param {number} from in px
   * @param {number} to the same as `from`: nothing is marked
   */
  select(from, to) {
    const { plot } = this.chart.layout ?? {};
    const inside = (/** @type {number} */ px) =>
      plot ? Math.min(Math.max(px, plot.left), plot.right) : px;
    this.selection = from === to ? null : [inside(Math.min(from, to)), inside(Math.max(from, to))];
    if (this.selection) this.at = this.y = null;
    this.draw();
  }

  /**
   * A click: on the mark nearest to it, if any is near.
   *
   * @param {number} x in px
   * @param {number} y
   */
  press(x, y) {
    this.hover(x, y);
    const { layout, model, options } = this.chart;
    const near = layout && marksNear(model.marks, layout.x, x, REACH_PX)[0];
    if (near) options.onMarkClick?.(near);
  }

  /**
   * Keys that go from mark to mark: "[" back, "]" on, Enter as a click, Escape away.
   *
   * @param {string} key
   * @returns {boolean} false: another key
   */
  key(key) {
    const { layout, model, options } = this.chart;
    if (key === "Escape") {
      if (this.at === null) return false;
      this.leave();
      return true;
    }
    const at = this.at ?? model.shown().from;
    if (key === "Enter" && layout) {
      const near = marksNear(model.marks, layout.x, layout.x.toPixel(at), REACH_PX)[0];
      if (near) options.onMarkClick?.(near);
      return Boolean(near);
    }
    if (key !== "[" && key !== "]") return false;
    const marks = model.marks.filter((mark) => mark.kind !== "band");
    const next =
      key === "]" ? marks.find((mark) => mark.x > at) : marks.filter((mark) => mark.x < at).at(-1);
    if (next) this.#read(next.x);
    return true;
  }

  /**
   * Read the next point of the first visible curve, or one a part of the view further up or down.
   *
   * @param {string} key
   * @returns {boolean}
   */
  step(key) {
    const { model } = this.chart;
    const main = model.series.find((one) => one.visible && one.length > 0);
    if (!main) return true;
    const { from, to } = model.shown();
    const place = main.nearest(this.at ?? (from + to) / 2);
    const stride = key === "ArrowUp" || key === "ArrowDown" ? Math.ceil(main.length / 50) : 1;
    const isBack = key === "ArrowLeft" || key === "ArrowDown";
    const wanted = this.at === null ? place : place + (isBack ? -stride : stride);
    this.#read(main.x[Math.min(Math.max(wanted, 0), main.length - 1)] ?? 0);
    return true;
  }

  /** @param {number} x */
  #read(x) {
    const { layout, model, options, parts } = this.chart;
    const { from, to } = model.shown();
    this.at = Math.min(Math.max(x, from), to);
    this.y ??= layout ? (layout.plot.top + layout.plot.bottom) / 2 : 0;
    const found = this.draw();
    if (!found) return;
    parts.live.textContent = sayValues(this.#head(found), this.#rows(found), found.marks);
    options.onHover?.(found);
  }

  /**
   * Draw what is pointed at.
   *
   * @returns {Hover | null}
   */
  draw() {
    const { layout, theme, parts } = this.chart;
    const context = parts.overlay.getContext("2d");
    if (!layout || !context) return null;
    const found = this.#find(layout);
    const ratio = globalThis.devicePixelRatio || 1;
    const x = found ? layout.x.toPixel(found.x) : null;
    const points = found ? this.#points(layout, found) : [];
    drawPointing(context, { x, points, selection: this.selection }, layout, theme, ratio);
    if (!found || x === null || this.y === null) {
      parts.tip.hidden = true;
      return found;
    }
    fillTip(parts.tip, this.#head(found), this.#rows(found), found.marks);
    placeTip(parts.tip, x, this.y, layout);
    return found;
  }

  /**
   * @param {import("../draw/layout.js").Layout} layout
   * @returns {Hover | null}
   */
  #find(layout) {
    const { at } = this;
    const { model } = this.chart;
    const { from, to } = model.shown();
    if (at === null || at < from || at > to) return null;
    const values = [];
    for (const one of model.series) {
      const place = one.visible ? one.nearest(at) : -1;
      const [x, y] = [one.x[place] ?? NaN, one.y[place] ?? NaN];
      if (place >= 0 && Number.isFinite(y)) values.push({ id: one.id, label: one.spec.label, x, y });
    }
    const marks = marksNear(model.marks, layout.x, layout.x.toPixel(at), REACH_PX);
    return { x: at, values, marks };
  }

  /**
   * @param {import("../draw/layout.js").Layout} layout
   * @param {Hover} found
   */
  #points(layout, found) {
    return found.values.map(({ id, x, y }) => {
      const scale = layout.axes[this.chart.model.find(id)?.spec.axis ?? "left"]?.scale;
      const { color } = this.#lookOf(id);
      return { x: layout.x.toPixel(x), y: scale?.toPixel(y) ?? NaN, color };
    });
  }

  /** @param {string} id */
  #lookOf(id) {
    const { model, theme, parts } = this.chart;
    const one = model.find(id);
    const color = one ? colorOf(one.spec, one.slot, theme, parts.root) : theme.text;
    return { color, look: one ? lookOf(one.spec) : "line", format: one?.spec.format };
  }

  /** @param {Hover} found the x of the point that is nearest to the pointer */
  #headX(found) {
    const away = (/** @type {number} */ x) => Math.abs(x - found.x);
    const first = found.values[0]?.x ?? found.x;
    return found.values.reduce((best, { x }) => (away(x) < away(best) ? x : best), first);
  }

  /** @param {Hover} found */
  #head(found) {
    const { options } = this.chart;
    return `${options.xLabel ?? "step"} ${(options.formatX ?? formatCount)(this.#headX(found))}`;
  }

  /** @param {Hover} found */
  #rows(found) {
    const formatX = this.chart.options.formatX ?? formatCount;
    return tipRows(found, this.#headX(found), (id) => this.#lookOf(id), formatX);
  }
}
