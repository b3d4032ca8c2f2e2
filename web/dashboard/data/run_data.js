// @ts-check
// One run as the page knows it: the columns for the charts, put together from its events.
import { Column } from "./column.js";

/** @typedef {import("../../events.js").RunEvent} RunEvent */
/** @typedef {import("../../events.js").StepEvent} StepEvent */
/** @typedef {import("../../events.js").StartEvent} StartEvent */
/** @typedef {import("../../events.js").StopEvent} StopEvent */
/** @typedef {import("../../events.js").ValidationEvent} ValidationEvent */
/** @typedef {import("../../events.js").CheckpointEvent} CheckpointEvent */
/** @typedef {import("../../events.js").SampleEvent} SampleEvent */
/** @typedef {import("../../events.js").ControlEvent} ControlEvent */
/** @typedef {import("../../events.js").Verdict} Verdict */

/**
 * What the server has of a run in one piece.
 *
 * @typedef {Partial<Record<ColumnName, (number | null)[]>> & {
 *   id?: string, next?: number, state?: string, settings?: Record<string, unknown>,
 *   start?: StartEvent | null, stop?: StopEvent | null, last_step?: StepEvent | null,
 *   verdict?: Verdict | null, validation?: ValidationEvent[], checkpoints?: CheckpointEvent[],
 *   samples?: SampleEvent[], controls?: ControlEvent[], warnings?: { text: string }[] }} HistoryAnswer
 */

/**
 * @typedef {"step" | "epoch" | "loss" | "lr" | "grad_norm" | "seconds" | "d" | "load" | "model"
 *   | "optimizer" | "device_mb" | "host_mb"} ColumnName
 */

/** @type {ColumnName[]} */
const NAMES = [
  "step", "epoch", "loss", "lr", "grad_norm", "seconds", "d", "load", "model", "optimizer",
  "device_mb", "host_mb",
]; // prettier-ignore

/** @type {Record<string, string>} */
const STATE_AFTER = {
  finished: "finished",
  cancelled: "cancelled",
  stopped: "stopped",
  auto_stopped: "stopped",
  diverged: "failed",
  error: "failed",
};

/** The course of one run. */
export class RunData {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.id = "";
    /** Bytes of the log that are in here for certain. */
    this.next = 0;
    this.state = "";
    /** @type {Record<string, unknown>} */
    this.settings = {};
    /** @type {Record<ColumnName, Column>} */
    this.columns = /** @type {any} */ (
      Object.fromEntries(NAMES.map((column) => [column, new Column()]))
    );
    /** @type {StartEvent | null} */
    this.start = null;
    /** @type {StopEvent | null} */
    this.stop = null;
    /** @type {StepEvent | null} */
    this.lastStep = null;
    /** @type {Verdict | null} */
    this.verdict = null;
    /** @type {ValidationEvent[]} */
    this.validation = [];
    /** @type {CheckpointEvent[]} */
    this.checkpoints = [];
    /** @type {SampleEvent[]} */
    this.samples = [];
    /** @type {ControlEvent[]} */
    this.controls = [];
    /** @type {string[]} */
    this.warnings = [];
    /** Changes when points were taken away or replaced, so that curves must be drawn anew. */
    this.generation = 0;
    /** Changes with everything that is not a step. */
    this.rareChanges = 0;
  }

  /** @returns {number} steps done */
  get step() {
    return this.columns.step.length > 0 ? this.columns.step.last : (this.start?.steps_done ?? 0);
  }

  /** @returns {number} steps of the whole run, 0 when unknown */
  get stepsTotal() {
    return this.start?.steps_total ?? 0;
  }

  /** @returns {boolean} */
  get isRunning() {
    return this.state === "running" || this.state === "paused";
  }

  /** @param {HistoryAnswer} history */
  load(history) {
    const length = history.step?.length ?? 0;
    for (const name of NAMES) this.columns[name].assign(history[name], length);
    this.id = history.id ?? "";
    this.next = history.next ?? 0;
    this.state = history.state ?? "";
    this.settings = history.settings ?? {};
    this.start = history.start ? { ...history.start } : null;
    this.stop = history.stop ?? null;
    this.lastStep = history.last_step ?? null;
    this.verdict = history.verdict ?? null;
    this.validation = [...(history.validation ?? [])];
    this.checkpoints = [...(history.checkpoints ?? [])];
    this.samples = [...(history.samples ?? [])];
    this.controls = [...(history.controls ?? [])];
    // A start event has the length that was planned then, not the one asked for since.
    for (const control of this.controls) this.#takeLength(control);
    this.warnings = (history.warnings ?? []).map((warning) => warning.text);
    this.generation += 1;
    this.rareChanges += 1;
  }

  /**
   * Take in events in the order of the log; events that are here already may come again, as long
   * as all that follow them come again too.
   *
   * @param {RunEvent[]} events
   * @returns {boolean} whether steps are missing between what was here and what came
   */
  apply(events) {
    let hasGap = false;
    for (const event of events) {
      if (event.type === "step") {
        hasGap = this.#addStep(event) || hasGap;
      } else {
        this.#addRare(event);
        this.rareChanges += 1;
      }
    }
    return hasGap;
  }

  /**
   * Forget what came after a step.
   *
   * @param {number} step
   */
  takeBack(step) {
    const keep = this.columns.step.countUpTo(step);
    if (keep < this.columns.step.length) this.generation += 1;
    for (const name of NAMES) this.columns[name].truncate(keep);
    const isKept = (/** @type {{ step: number }} */ event) => event.step <= step;
    this.validation = this.validation.filter(isKept);
    this.checkpoints = this.checkpoints.filter(isKept);
    this.samples = this.samples.filter(isKept);
    if (this.verdict !== null && (this.verdict.step ?? 0) > step) this.verdict = null;
    this.rareChanges += 1;
  }

  /** @param {StepEvent} event */
  #addStep(event) {
    const last = this.columns.step.last;
    if (event.step <= last) this.takeBack(event.step - 1);
    const hasGap = this.columns.step.length > 0 && event.step > this.columns.step.last + 1;
    for (const name of NAMES) this.columns[name].push(valueOf(event, name));
    this.lastStep = event;
    this.state = "running";
    return hasGap;
  }

  /** @param {Exclude<RunEvent, StepEvent>} event */
  #addRare(event) {
    switch (event.type) {
      case "start":
        this.takeBack(event.steps_done);
        this.start = { ...event };
        this.stop = null;
        this.state = "running";
        break;
      case "validation":
        this.validation = withEvent(this.validation, event, "step");
        break;
      case "checkpoint":
        this.checkpoints = withEvent(this.checkpoints, event, "step");
        break;
      case "sample":
        this.samples = withEvent(this.samples, event, "path");
        break;
      case "control":
        this.#addControl(event);
        break;
      case "verdict":
        this.verdict = event;
        break;
      case "warning":
        if (!this.warnings.includes(event.text)) this.warnings = [...this.warnings, event.text];
        break;
      case "stop":
        this.stop = event;
        this.state = STATE_AFTER[event.reason] ?? "stopped";
        break;
    }
  }

  /** @param {ControlEvent} control */
  #takeLength({ action, value, time }) {
    if (action !== "set_steps" || !value || !this.start || time < this.start.time) return;
    this.start = { ...this.start, steps_total: value };
  }

  /** @param {ControlEvent} event */
  #addControl(event) {
    const isKnown = this.controls.some(
      (known) => known.time === event.time && known.action === event.action,
    );
    if (!isKnown) this.controls = [...this.controls, event];
    if (event.action === "pause") this.state = "paused";
    if (event.action === "resume") this.state = "running";
    this.#takeLength(event);
    if (event.action === "rewind" && typeof event.value === "number") this.takeBack(event.value);
  }
}

/**
 * @param {StepEvent} event
 * @param {ColumnName} name
 * @returns {number | undefined}
 */
function valueOf(event, name) {
  if (name === "load" || name === "model" || name === "optimizer") return event.parts?.[name];
  return event[name];
}

/**
 * The list with one event more, in place of an earlier one of the same key.
 *
 * @template {{ step: number }} T
 * @param {T[]} list
 * @param {T} event
 * @param {keyof T} key
 * @returns {T[]}
 */
function withEvent(list, event, key) {
  const others = list.filter((known) => known[key] !== event[key]);
  return [...others, event].sort((left, right) => left.step - right.step);
}
