// @ts-check
// What the server tells: one typedef for each message and for each line of a run's log.
import { api } from "../../scripts/api.js";

/**
 * @typedef {object} StepEvent
 * @property {"step"} type
 * @property {number} time
 * @property {number} step from 1
 * @property {number} epoch
 * @property {number} loss
 * @property {number} lr
 * @property {number} grad_norm
 * @property {number} seconds
 * @property {number} [d] Prodigy's estimate
 * @property {{ load?: number, model?: number, optimizer?: number }} [parts] seconds
 * @property {string} [bucket] "544x960" or "544x960x33"
 * @property {number} [device_mb]
 * @property {number} [host_mb]
 */

/**
 * @typedef {object} StartEvent
 * @property {"start"} type
 * @property {number} time
 * @property {number} steps_done
 * @property {number} steps_total
 * @property {number} [epochs_total]
 * @property {number} [steps_per_epoch]
 * @property {number} [warmup_steps]
 * @property {number} [items]
 * @property {number} [held_out]
 * @property {number} [probe]
 * @property {{ device_mb?: number, host_mb?: number }} [plan]
 */

/**
 * @typedef {object} ValidationEvent
 * @property {"validation"} type
 * @property {number} time
 * @property {number} step
 * @property {number} loss
 * @property {"held_out" | "probe"} [part]
 * @property {number[]} [sigmas]
 * @property {number[]} [per_sigma]
 * @property {number[][]} [held_out]
 * @property {number[][]} [probe]
 * @property {number} [seconds]
 * @property {number} [share]
 */

/** @typedef {{ type: "checkpoint", time: number, step: number, epoch: number, path: string }} CheckpointEvent */

/**
 * @typedef {object} SampleEvent
 * @property {"sample"} type
 * @property {number} time
 * @property {number} step 0: without the LoRA
 * @property {string} path
 * @property {number} [prompt]
 * @property {string} [text]
 * @property {number} [seed]
 * @property {number} [strength]
 * @property {number} [seconds]
 * @property {"decoded" | "latent"} [kind]
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [frames]
 */

/** @typedef {{ type: "control", time: number, step: number, action: string, value?: number | null, by?: string }} ControlEvent */
/** @typedef {{ type: "warning", time: number, text: string }} WarningEvent */
/** @typedef {{ type: "stop", time: number, reason: string, step?: number, text?: string }} StopEvent */
/** @typedef {{ step: number, epoch?: number, path?: string }} CheckpointFacts */

/**
 * Where a run stands, as the server judges it.
 *
 * @typedef {object} Verdict
 * @property {number | null} step
 * @property {string} decided_by "validation", "probe", "guide" or ""
 * @property {CheckpointFacts | null} [checkpoint]
 * @property {{ plateau_step?: number | null, lowest_step?: number | null } | null} [guide]
 * @property {{ best_step?: number, plateau_since?: number | null, overfit_since?: number | null } | null} [validation]
 * @property {boolean} stop_now
 * @property {string} [stop_reason]
 * @property {string[]} sentences
 */

/** @typedef {Verdict & { type: "verdict", time: number }} VerdictEvent */

/**
 * @typedef {StepEvent | StartEvent | ValidationEvent | CheckpointEvent | SampleEvent | ControlEvent
 *   | WarningEvent | StopEvent | VerdictEvent} RunEvent
 */

/** @typedef {{ run: string, node: string | number | null, events: RunEvent[] }} LiveMessage */

const LIVE = "hunyuan_lora.event";
const RUNS_CHANGED = "hunyuan_lora.runs";

/**
 * Older pages have no addCustomEventListener; in newer ones both do the same.
 *
 * @param {string} type
 * @param {(event: CustomEvent<unknown>) => void} listener
 */
function listen(type, listener) {
  const target = /** @type {{ addEventListener: (type: string, listener: unknown) => void }} */ (
    /** @type {unknown} */ (api)
  );
  target.addEventListener(type, listener);
}

/**
 * Hear what running runs tell.
 *
 * @param {(message: LiveMessage) => void} listener
 */
export function onLiveMessage(listener) {
  listen(LIVE, (event) => listener(/** @type {LiveMessage} */ (event.detail)));
}

/**
 * Hear that the list of runs is another one now.
 *
 * @param {() => void} listener
 */
export function onRunsChanged(listener) {
  listen(RUNS_CHANGED, () => listener());
}

/**
 * Hear that the connection is back after it was lost.
 *
 * @param {() => void} listener
 */
export function onReconnected(listener) {
  api.addEventListener("reconnected", () => listener());
}
