// @ts-check
// One curve's points: they grow in place, and answer questions about any stretch of them.
import { Pyramid, lowerBound, withRoom } from "./decimate.js";
import { clipLimits } from "./outliers.js";

/** A curve is looked through for outliers again when it has grown by this much. */
const GROWTH = 1.05;

/** @typedef {import("./types.js").SeriesSpec} SeriesSpec */

/** A curve in a chart: its points, and whether it is shown. */
export class Series {
  /**
   * @param {SeriesSpec} spec
   * @param {number} slot place in the palette
   */
  constructor(spec, slot) {
    this.spec = spec;
    this.id = spec.id;
    this.slot = slot;
    this.visible = spec.visible ?? true;
    this.length = 0;
    /** @type {Float64Array} */
    this.x = new Float64Array(0);
    /** @type {Float64Array} */
    this.y = new Float64Array(0);
    this.pyramid = new Pyramid();
    /** @type {{ log: boolean, length: number, limits: { min: number, max: number } } | null} */
    this.clip = null;
    this.replaceTail(0, spec.x, spec.y);
  }

  /**
   * Keep the first `keep` points and add others behind them.
   *
   * @param {number} keep
   * @param {ArrayLike<number>} xs
   * @param {ArrayLike<number>} ys
   */
  replaceTail(keep, xs, ys) {
    const start = Math.max(0, Math.min(keep, this.length));
    const count = Math.min(xs.length, ys.length);
    this.x = withRoom(this.x, start + count);
    this.y = withRoom(this.y, start + count);
    for (let i = 0; i < count; i++) {
      this.x[start + i] = xs[i] ?? NaN;
      this.y[start + i] = ys[i] ?? NaN;
    }
    if (start < this.length) this.clip = null;
    this.length = start + count;
    this.pyramid.update(this.y, start, this.length);
  }

  /**
   * Places of the points from `from` to `to`, and one beyond at either side to draw towards.
   *
   * @param {number} from
   * @param {number} to
   * @returns {{ first: number, end: number }} end: the place after the last
   */
  places(from, to) {
    const first = lowerBound(this.x, from, 0, this.length);
    const end = lowerBound(this.x, to, first, this.length);
    const { length } = this;
    // The points exactly at `to` belong to it, and one more.
    return { first: Math.max(0, first - 1), end: Math.min(length, end + 1) };
  }

  /**
   * Place of the point whose x is nearest; -1 when there is none.
   *
   * @param {number} x
   */
  nearest(x) {
    if (this.length === 0) return -1;
    const after = Math.min(lowerBound(this.x, x, 0, this.length), this.length - 1);
    const before = Math.max(0, after - 1);
    const isBefore = Math.abs((this.x[before] ?? 0) - x) <= Math.abs((this.x[after] ?? 0) - x);
    return isBefore ? before : after;
  }

  /**
   * Least and greatest y in a stretch of x; Infinity and -Infinity when there is none.
   *
   * @param {number} from
   * @param {number} to
   */
  range(from, to) {
    const first = lowerBound(this.x, from, 0, this.length);
    const end = lowerBound(this.x, to, first, this.length);
    const last = end < this.length && this.x[end] === to ? end + 1 : end;
    this.pyramid.range(this.y, first, last);
    return { min: this.pyramid.low, max: this.pyramid.high };
  }

  /**
   * The range outside which values are outliers.
   *
   * @param {boolean} log
   */
  limits(log) {
    const { clip, length } = this;
    if (clip && clip.log === log && length <= clip.length * GROWTH) return clip.limits;
    const limits = clipLimits(this.y, length, { log });
    this.clip = { log, length, limits };
    return limits;
  }
}
