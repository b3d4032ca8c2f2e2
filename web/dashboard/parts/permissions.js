// @ts-check
// Which commands a run can be given now, and why not the others.

/** @typedef {import("../data/run_data.js").RunData} RunData */
/** @typedef {"stop" | "pause" | "save" | "sample" | "set_steps" | "rewind"} Command */

/**
 * @param {RunData} run
 * @param {Command} command "pause" stands for resuming too
 * @returns {string} why it cannot be given; "" when it can
 */
export function whyNot(run, command) {
  if (!run.isRunning) return "The run is not running. Queue its graph again to go on.";
  if (command === "sample" && run.state === "paused") {
    return "No previews are made while the run is paused. Resume it first.";
  }
  if (command === "rewind" && run.checkpoints.length === 0) return "There is no checkpoint yet.";
  return "";
}

/**
 * Why a run cannot be made to end at a step.
 *
 * @param {RunData} run
 * @param {number} steps what was typed
 * @returns {string} "" when it can
 */
export function whyNotEndAt(run, steps) {
  if (!Number.isInteger(steps) || steps < 1) return "Type a whole number of steps.";
  if (steps <= run.step) return `${run.step} steps are done already: type a larger number, or stop.`;
  if (steps === run.stepsTotal) return "The run has this number of steps already.";
  return "";
}
