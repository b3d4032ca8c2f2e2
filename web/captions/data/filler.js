// @ts-check
// Asks the server again after changes: not at every letter, one question at a time, the newest last.

/**
 * @template T
 * @typedef {object} FillerParts
 * @property {() => Promise<T>} ask asks with what is edited at that moment
 * @property {(answer: T) => void} deliver
 * @property {(error: unknown) => void} fail
 * @property {() => void} [onChange] called when `isPending` may have changed
 * @property {number} [pauseMs] quiet time before a question
 */

/** @template T */
export class Filler {
  #isDue = false;
  #isAsking = false;
  #isOver = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {FillerParts<T>} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** Whether there are changes that no answer knows yet. */
  get isPending() {
    return this.#isDue || this.#isAsking;
  }

  /** Something changed. */
  request() {
    if (this.#isOver) return;
    this.#isDue = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#go(), this.parts.pauseMs ?? 250);
    this.parts.onChange?.();
  }

  /** Ask at once. */
  async now() {
    if (this.#isOver) return;
    this.#isDue = true;
    clearTimeout(this.#timer);
    await this.#go();
  }

  /** Ask no more; an answer that is under way is dropped. */
  end() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #go() {
    // The question under way asks again when it is answered.
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    this.#isDue = false;
    this.parts.onChange?.();
    try {
      const answer = await this.parts.ask();
      if (!this.#isOver) this.parts.deliver(answer);
    } catch (error) {
      if (!this.#isOver) this.parts.fail(error);
    } finally {
      this.#isAsking = false;
    }
    if (this.#isDue) this.request();
    else this.parts.onChange?.();
  }
}
