// @ts-check
// Writes what is edited soon after each change, and at once where it must not wait.

const REST_MS = 250;

/** Calls `write` once for many changes. */
export class Saver {
  #timer = 0;

  /** @param {() => void} write */
  constructor(write) {
    this.write = write;
  }

  /** Write when nothing has changed for a moment. */
  later() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.now(), REST_MS);
  }

  /** Write what is waiting. */
  now() {
    if (this.#timer === 0) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.write();
  }
}
