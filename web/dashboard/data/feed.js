// @ts-check
// Keeps runs up to date: history first, live messages after it, and what was missed in between.
import { RunData } from "./run_data.js";

/** @typedef {import("../../events.js").RunEvent} RunEvent */

/**
 * Where runs come from.
 *
 * @typedef {object} Source
 * @property {(run: string) => Promise<import("./run_data.js").HistoryAnswer | null>} history null:
 *   there is no such run
 * @property {(run: string, after: number, id: string) => Promise<
 *   { events: RunEvent[], next: number, reset?: boolean, more?: boolean } | null>} events
 */

/** One run that is followed. */
export class RunFeed {
  /** @type {RunEvent[] | null} live events that wait for an answer of the server */
  #waiting = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Promise<void> | null} */
  #loading = null;
  #isReloadDue = false;
  /** @type {string | null} */
  #stateDue = null;

  /**
   * @param {string} name
   * @param {Source} source
   */
  constructor(name, source) {
    this.data = new RunData(name);
    this.source = source;
    this.isLoaded = false;
    this.users = 0;
  }

  /**
   * @param {() => void} listener called after each change
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Get the whole run from the server. */
  load() {
    this.#isReloadDue = this.#loading !== null;
    this.#loading ??= this.#whileWaiting(async () => {
      const history = await this.source.history(this.data.name);
      if (history !== null) this.data.load(history);
      this.isLoaded = true;
    });
    return this.#loading;
  }

  /** Get what was missed; everything anew where the log was rewritten. */
  catchUp() {
    this.#loading ??= this.#whileWaiting(async () => {
      let isMore = true;
      while (isMore) {
        const answer = await this.source.events(this.data.name, this.data.next, this.data.id);
        if (answer === null) return;
        if (answer.reset) {
          this.#isReloadDue = true;
          return;
        }
        this.data.apply(answer.events);
        this.data.next = answer.next;
        isMore = answer.more === true;
      }
    });
    return this.#loading;
  }

  /** @param {RunEvent[]} events */
  onLive(events) {
    if (this.#waiting !== null) {
      this.#waiting.push(...events);
      return;
    }
    const hasGap = this.data.apply(events);
    // A run that begins anew, or goes on, has a log that may be another one now.
    if (events.some((event) => event.type === "start")) void this.load();
    else if (hasGap) void this.catchUp();
    this.#tell();
  }

  /** @param {string} state as the list of runs has it */
  setState(state) {
    if (this.#waiting !== null) {
      this.#stateDue = state;
      return;
    }
    if (this.data.state === state) return;
    this.data.state = state;
    this.data.rareChanges += 1;
    this.#tell();
  }

  /** @param {() => Promise<void>} ask */
  async #whileWaiting(ask) {
    this.#waiting = [];
    try {
      await ask();
    } catch {
      // The next message or reconnection tries again; the request itself has told the user.
    } finally {
      const live = this.#waiting;
      this.#waiting = null;
      this.#loading = null;
      this.data.apply(live);
      if (this.#stateDue !== null) this.data.state = this.#stateDue;
      this.#stateDue = null;
      if (this.#isReloadDue) void this.load();
      this.#tell();
    }
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** All runs that something on the page shows, each held once. */
export class FeedStore {
  /** @type {Map<string, RunFeed>} */
  #feeds = new Map();

  /** @param {Source} source */
  constructor(source) {
    this.source = source;
  }

  /**
   * Follow a run; call `close` once for each `open`.
   *
   * @param {string} name
   * @returns {RunFeed}
   */
  open(name) {
    let feed = this.#feeds.get(name);
    if (!feed) {
      feed = new RunFeed(name, this.source);
      this.#feeds.set(name, feed);
      void feed.load();
    }
    feed.users += 1;
    return feed;
  }

  /** @param {RunFeed} feed */
  close(feed) {
    feed.users -= 1;
    if (feed.users <= 0) this.#feeds.delete(feed.data.name);
  }

  /**
   * @param {string} run
   * @param {RunEvent[]} events
   */
  deliver(run, events) {
    this.#feeds.get(run)?.onLive(events);
  }

  /** After the connection was lost. */
  catchUp() {
    for (const feed of this.#feeds.values()) void feed.catchUp();
  }

  /** @param {{ name: string, state: string }[]} runs */
  setStates(runs) {
    for (const run of runs) this.#feeds.get(run.name)?.setState(run.state);
  }
}
