// @ts-check
// Undo and redo over values that are never changed in place.

const MOST_STEPS = 500;

/**
 * What was done, step by step.
 *
 * @template T
 */
export class History {
  /** @type {{ value: T, label: string }[]} */
  #past = [];
  /** @type {{ value: T, label: string }[]} */
  #future = [];
  #key = "";

  /** @param {T} first */
  constructor(first) {
    /** @type {T} */
    this.present = first;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /**
   * Take a step.
   *
   * @param {T} value
   * @param {string} label what was done: "Replace in 3 captions"
   * @param {string} [key] steps one after the other with the same key are one, such as the letters
   *   typed into one field
   */
  push(value, label, key = "") {
    if (value === this.present) return;
    const isSameStep = key !== "" && key === this.#key;
    if (!isSameStep) {
      this.#past.push({ value: this.present, label });
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
   * @returns {string | null} what was taken back; null when there is nothing
   */
  undo() {
    return this.#move(this.#past, this.#future);
  }

  /**
   * @returns {string | null} what was done again; null when there is nothing
   */
  redo() {
    return this.#move(this.#future, this.#past);
  }

  /**
   * @param {{ value: T, label: string }[]} from
   * @param {{ value: T, label: string }[]} to
   */
  #move(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ value: this.present, label: step.label });
    this.present = step.value;
    this.#key = "";
    return step.label;
  }
}
