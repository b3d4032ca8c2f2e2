// @ts-check
// One growing column of numbers.

/** Numbers that grow at the end and can be cut there; a missing value is NaN. */
export class Column {
  #numbers = new Float64Array(256);
  #length = 0;

  /** @returns {number} */
  get length() {
    return this.#length;
  }

  /** @param {number | null | undefined} value */
  push(value) {
    if (this.#length === this.#numbers.length) {
      const wider = new Float64Array(this.#numbers.length * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#length] = value ?? NaN;
    this.#length += 1;
  }

  /** @param {number} length how many numbers stay */
  truncate(length) {
    this.#length = Math.min(this.#length, length);
  }

  /**
   * Replace everything.
   *
   * @param {ArrayLike<number | null> | undefined} values
   * @param {number} length filled up with NaN
   */
  assign(values, length) {
    this.#numbers = new Float64Array(Math.max(256, length));
    this.#length = length;
    for (let place = 0; place < length; place += 1) {
      this.#numbers[place] = values?.[place] ?? NaN;
    }
  }

  /**
   * The numbers themselves, valid until the next change.
   *
   * @param {number} [from]
   * @returns {Float64Array}
   */
  view(from = 0) {
    return this.#numbers.subarray(Math.min(from, this.#length), this.#length);
  }

  /** @returns {number} NaN when there is none */
  get last() {
    return this.#length > 0 ? (this.#numbers[this.#length - 1] ?? NaN) : NaN;
  }

  /**
   * How many leading numbers are at most `limit`, in a column that rises.
   *
   * @param {number} limit
   * @returns {number}
   */
  countUpTo(limit) {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#numbers[middle] ?? NaN) <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
