// @ts-check
// Undo and redo over values that are never changed in place.

const MOST_STEPS = 500;

/**
 * What was done, step by step.
 *
 * @template T the values
 * @template N what is noted of a step
 */
export class History {
  /** @type {{ value: T, note: N }[]} */
  #past = [];
  /** @type {{ value: T, note: N }[]} */
  #future = [];
  #key = "";

  /** @param {T} first */
  constructor(first) {
    /** @type {T} */
    this.present = first;
  }

  /** What undo would take back; null when there is nothing. */
  get lastDone() {
    return this.#past.at(-1)?.note ?? null;
  }

  /** What redo would do again; null when there is nothing. */
  get lastUndone() {
    return this.#future.at(-1)?.note ?? null;
  }

  /**
   * Take a step.
   *
   * @param {T} value
   * @param {N} note what was done: "Replace in 3 captions"
   * @param {string} [key] steps one after the other with the same key are one, such as the letters
   *   typed into one field
   */
  push(value, note, key = "") {
    if (value === this.present) return;
    const isSameStep = key !== "" && key === this.#key;
    if (!isSameStep) {
      this.#past.push({ value: this.present, note });
      if (this.#past.length > MOST_STEPS) this.#past.shift();
    }
    this.#future = [];
    this.#key = key;
    this.present = value;
  }

  /** What comes next is a step of its own, whatever its key. */
  seal() {
    this.#key = "";
  }

  /**
   * @returns {N | null} what was taken back; null when there is nothing
   */
  undo() {
    return this.#move(this.#past, this.#future);
  }

  /**
   * @returns {N | null} what was done again; null when there is nothing
   */
  redo() {
    return this.#move(this.#future, this.#past);
  }

  /**
   * @param {{ value: T, note: N }[]} from
   * @param {{ value: T, note: N }[]} to
   */
  #move(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ value: this.present, note: step.note });
    this.present = step.value;
    this.#key = "";
    return step.note;
  }
}
