// @ts-check
// What a chart shows, apart from how: its curves, its marks, the view, and the range of each axis.
import { withAir } from "./scale.js";
import { Series } from "./series.js";
import { fitView, followView } from "./view.js";

/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").Mark} Mark */
/** @typedef {import("./types.js").SeriesSpec} SeriesSpec */
/** @typedef {"left" | "right"} Side */

/** Everything that a chart shows. */
export class Model {
  constructor() {
    /** @type {Series[]} */
    this.series = [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {View | null} */
    this.view = null;
    /** @type {{ from?: number, to?: number }} */
    this.wanted = {};
    this.log = { left: false, right: false };
    this.clip = true;
    /** What the user switched on or off, by the series' id. */
    this.switched = new Map();
  }

  /** @param {SeriesSpec[]} specs */
  setSeries(specs) {
    const before = this.extent();
    this.series = specs.map((spec, place) => {
      const made = new Series(spec, spec.slot ?? place);
      made.visible = spec.visible ?? this.switched.get(spec.id) ?? true;
      return made;
    });
    this.#grown(before);
  }

  /**
   * @param {string} id
   * @param {number | null} keep null: all
   * @param {ArrayLike<number>} xs
   * @param {ArrayLike<number>} ys
   * @returns {boolean} false when there is no such series
   */
  replaceTail(id, keep, xs, ys) {
    const found = this.find(id);
    if (!found) return false;
    const before = this.extent();
    found.replaceTail(keep ?? found.length, xs, ys);
    this.#grown(before);
    return true;
  }

  /** @param {{ from?: number, to?: number }} range */
  setXRange(range) {
    const before = this.extent();
    this.wanted = range;
    this.#grown(before);
  }

  /** @param {string} id */
  find(id) {
    return this.series.find((one) => one.id === id);
  }

  /** Everything there is to see along x, hidden curves included, so that toggling moves nothing. */
  extent() {
    let from = this.wanted.from ?? Infinity;
    let to = this.wanted.to ?? -Infinity;
    for (const one of this.series) {
      if (one.length === 0) continue;
      from = Math.min(from, one.x[0] ?? from);
      to = Math.max(to, one.x[one.length - 1] ?? to);
    }
    if (!Number.isFinite(from)) from = Number.isFinite(to) ? Math.min(0, to - 1) : 0;
    if (!(to > from)) to = from + 1;
    return { from, to };
  }

  /** The narrowest view: a few points of the densest curve. */
  leastView() {
    let least = Infinity;
    const extent = this.extent();
    for (const one of this.series) {
      if (one.length > 1) least = Math.min(least, (extent.to - extent.from) / (one.length - 1));
    }
    return Number.isFinite(least) ? least * 4 : (extent.to - extent.from) / 4;
  }

  /** The part of x that is shown. */
  shown() {
    return this.view ?? this.extent();
  }

  /** @param {View | null} view */
  setView(view) {
    this.view = view && fitView(view, this.extent(), this.leastView());
  }

  /**
   * The range of an axis: what its visible curves have in view, without outliers, with some air.
   *
   * @param {Side} side
   * @returns {{ min: number, max: number, clipped: boolean } | null} null: no curve on that side
   */
  range(side) {
    const { from, to } = this.shown();
    const log = this.log[side];
    let min = Infinity;
    let max = -Infinity;
    let clipped = false;
    let count = 0;
    for (const one of this.series) {
      if (!one.visible || (one.spec.axis ?? "left") !== side) continue;
      count += 1;
      const found = one.range(from, to);
      if (found.min > found.max) continue;
      const limits = this.clip ? one.limits(log) : { min: -Infinity, max: Infinity };
      const low = Math.max(found.min, limits.min);
      const high = Math.min(found.max, limits.max);
      // A view of outliers alone shows them.
      const isInside = low <= high;
      clipped ||= isInside && (found.min < limits.min || found.max > limits.max);
      min = Math.min(min, isInside ? low : found.min);
      max = Math.max(max, isInside ? high : found.max);
    }
    if (count === 0) return null;
    if (log && !(min > 0)) min = this.#leastPositive(side, from, to, max);
    return { ...withAir(min, max, log), clipped };
  }

  /**
   * Where a logarithmic axis begins when a curve touches 0.
   *
   * @param {Side} side
   * @param {number} from
   * @param {number} to
   * @param {number} max
   */
  #leastPositive(side, from, to, max) {
    let least = max > 0 ? max : 1;
    for (const one of this.series) {
      if (!one.visible || (one.spec.axis ?? "left") !== side) continue;
      const { first, end } = one.places(from, to);
      const stride = Math.max(1, Math.floor((end - first) / 2000));
      for (let place = first; place < end; place += stride) {
        const value = one.y[place] ?? NaN;
        if (value > 0 && value < least) least = value;
      }
    }
    return least;
  }

  /** @param {View} before */
  #grown(before) {
    this.view = followView(this.view, before, this.extent());
  }
}
