// @ts-check
// The list of runs, asked for again whenever the server says that it changed.

/** @typedef {import("../events.js").Verdict} Verdict */

/**
 * @typedef {object} RunEntry
 * @property {string} name
 * @property {number | null} started unix seconds
 * @property {number} updated unix seconds
 * @property {string} state
 * @property {number} step
 * @property {number} steps_total
 * @property {number | null} loss
 * @property {number} bytes
 * @property {string[]} samples addresses
 * @property {Verdict | null} verdict
 * @property {Record<string, unknown>} settings
 * @property {number} checkpoints
 */

const PAUSE_MS = 300;

/** All runs, the last changed first. */
export class RunList {
  /** @type {RunEntry[]} */
  entries = [];
  isLoaded = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Promise<void> | null} */
  #asking = null;
  #isDue = false;

  /** @param {() => Promise<RunEntry[] | null>} source null: it could not be had */
  constructor(source) {
    this.source = source;
  }

  /**
   * @param {() => void} listener
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Ask the server, at most a few times a second.
   *
   * @returns {Promise<void>} when a list newer than this call is here
   */
  async refresh() {
    if (this.#asking) {
      this.#isDue = true;
      await this.#asking;
      if (!this.#isDue) return;
    }
    this.#isDue = false;
    this.#asking ??= this.#ask();
    await this.#asking;
  }

  async #ask() {
    const entries = await this.source();
    if (entries !== null) {
      this.entries = entries;
      this.isLoaded = true;
      for (const listener of [...this.#listeners]) listener();
    }
    await new Promise((resolve) => setTimeout(resolve, this.isLoaded ? PAUSE_MS : 0));
    this.#asking = null;
  }

  /**
   * The run that people most likely want to see: one that runs, else the last changed.
   *
   * @returns {string | null}
   */
  get mostWanted() {
    const running = this.entries.find((entry) => ["running", "paused"].includes(entry.state));
    return (running ?? this.entries[0])?.name ?? null;
  }
}
