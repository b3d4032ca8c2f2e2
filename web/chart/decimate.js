// @ts-check
// The least and greatest value of any stretch of a long curve, without looking at every point.

/** Points a block of the lowest level, and blocks a block of the next. */
const BASE = 8;
const BRANCH = 4;

/**
 * Levels of blocks with their least and greatest value; only finite values count.
 *
 * A block without any has Infinity as its least and -Infinity as its greatest value.
 */
export class Pyramid {
  constructor() {
    this.length = 0;
    /** @type {{ count: number, low: Float64Array, high: Float64Array }[]} */
    this.levels = [];
    /** Answer of the last range(). */
    this.low = Infinity;
    this.high = -Infinity;
  }

  /**
   * Take in values that were added or changed from place `from` on.
   *
   * Its cost grows with the values after `from`, not with all of them.
   *
   * @param {ArrayLike<number>} values
   * @param {number} from first changed place; those before are as they were
   * @param {number} length how many of the values count
   */
  update(values, from, length) {
    this.length = length;
    let first = Math.floor(Math.min(from, length) / BASE);
    let count = Math.ceil(length / BASE);
    let level = this.#level(0, count);
    for (let block = first; block < count; block++) {
      this.#reset();
      const end = Math.min(length, (block + 1) * BASE);
      for (let i = block * BASE; i < end; i++) this.#take(values[i] ?? NaN);
      level.low[block] = this.low;
      level.high[block] = this.high;
    }
    let depth = 1;
    for (; count > 1; depth++) {
      const below = level;
      const blocks = count;
      first = Math.floor(first / BRANCH);
      count = Math.ceil(count / BRANCH);
      level = this.#level(depth, count);
      for (let block = first; block < count; block++) {
        this.#reset();
        const end = Math.min(blocks, (block + 1) * BRANCH);
        for (let i = block * BRANCH; i < end; i++) this.#takeBlock(below, i);
        level.low[block] = this.low;
        level.high[block] = this.high;
      }
    }
    this.levels.length = depth;
  }

  /**
   * Find the least and greatest of the values from `from` up to, but without, `to`.
   *
   * The answer is in `low` and `high`, so that nothing is allocated for it.
   *
   * @param {ArrayLike<number>} values those that update() saw
   * @param {number} from
   * @param {number} to
   */
  range(values, from, to) {
    this.#reset();
    let place = from;
    while (place < to) {
      if (place % BASE !== 0 || place + BASE > to) {
        this.#take(values[place] ?? NaN);
        place += 1;
        continue;
      }
      let size = BASE;
      let depth = 0;
      while (depth + 1 < this.levels.length) {
        const wider = size * BRANCH;
        if (place % wider !== 0 || place + wider > to) break;
        size = wider;
        depth += 1;
      }
      const level = this.levels[depth];
      if (level) this.#takeBlock(level, place / size);
      place += size;
    }
  }

  #reset() {
    this.low = Infinity;
    this.high = -Infinity;
  }

  /** @param {number} value */
  #take(value) {
    // Infinite values are no measurements; a comparison with NaN is false by itself.
    if (value < this.low && value !== -Infinity) this.low = value;
    if (value > this.high && value !== Infinity) this.high = value;
  }

  /**
   * @param {{ low: Float64Array, high: Float64Array }} level
   * @param {number} block
   */
  #takeBlock(level, block) {
    const low = level.low[block] ?? Infinity;
    const high = level.high[block] ?? -Infinity;
    if (low < this.low) this.low = low;
    if (high > this.high) this.high = high;
  }

  /**
   * The arrays of one level, with room for `count` blocks and what they held.
   *
   * @param {number} depth
   * @param {number} count
   */
  #level(depth, count) {
    const level = (this.levels[depth] ??= {
      count: 0,
      low: new Float64Array(16),
      high: new Float64Array(16),
    });
    level.low = withRoom(level.low, count);
    level.high = withRoom(level.high, count);
    level.count = count;
    return level;
  }
}

/**
 * The array itself, or a copy of at least twice its length.
 *
 * @param {Float64Array} array
 * @param {number} length that is needed
 * @returns {Float64Array}
 */
export function withRoom(array, length) {
  if (array.length >= length) return array;
  const wider = new Float64Array(Math.max(length, array.length * 2, 16));
  wider.set(array);
  return wider;
}

/**
 * The curve as one entry a pixel column; reused from frame to frame.
 *
 * @typedef {object} Columns
 * @property {number} count columns with at least one finite value
 * @property {Float64Array} at left end of the column, in x
 * @property {Float64Array} low
 * @property {Float64Array} high
 * @property {Uint8Array} joins 0: a gap lies before this column
 */

/** @returns {Columns} */
export function makeColumns() {
  const empty = new Float64Array(0);
  return { count: 0, at: empty, low: empty, high: empty, joins: new Uint8Array(0) };
}

/**
 * Least and greatest value of each pixel column.
 *
 * The columns lie on a fixed grid of x, so that a curve does not flicker when it is moved.
 *
 * @param {{ x: Float64Array, y: Float64Array, pyramid: Pyramid }} curve
 * @param {number} from first place of the curve
 * @param {number} to place after the last
 * @param {number} width of a column, in x
 * @param {Columns} out
 */
export function fillColumns(curve, from, to, width, out) {
  const { x, y, pyramid } = curve;
  out.count = 0;
  if (to <= from) return;
  const firstColumn = Math.floor((x[from] ?? 0) / width);
  reserve(out, Math.min(to - from, Math.floor((x[to - 1] ?? 0) / width) - firstColumn + 2));
  let place = from;
  let joins = 0;
  while (place < to) {
    const column = Math.floor((x[place] ?? 0) / width);
    const end = Math.max(place + 1, gallop(x, place, to, (column + 1) * width));
    pyramid.range(y, place, end);
    if (pyramid.low <= pyramid.high) {
      out.at[out.count] = column * width;
      out.low[out.count] = pyramid.low;
      out.high[out.count] = pyramid.high;
      out.joins[out.count] = joins;
      out.count += 1;
      joins = 1;
    } else {
      joins = 0;
    }
    place = end;
  }
}

/**
 * @param {Columns} out
 * @param {number} count
 */
function reserve(out, count) {
  if (out.at.length >= count) return;
  out.at = new Float64Array(count);
  out.low = new Float64Array(count);
  out.high = new Float64Array(count);
  out.joins = new Uint8Array(count);
}

/**
 * First place from `from` on whose value is not below `limit`, at most `to`; quick when it is near.
 *
 * @param {Float64Array} values not falling
 * @param {number} from
 * @param {number} to
 * @param {number} limit
 */
function gallop(values, from, to, limit) {
  let stride = 1;
  let below = from;
  while (below + stride < to && /** @type {number} */ (values[below + stride]) < limit) {
    below += stride;
    stride *= 2;
  }
  return lowerBound(values, limit, below, Math.min(to, below + stride + 1));
}

/**
 * First place whose value is not below `limit`.
 *
 * @param {ArrayLike<number>} values not falling
 * @param {number} limit
 * @param {number} from
 * @param {number} to place after the last; the answer when all are below
 */
export function lowerBound(values, limit, from, to) {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (/** @type {number} */ (values[middle]) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
