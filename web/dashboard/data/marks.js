// @ts-check
// What is marked on the curves: checkpoints, previews, commands, and where the verdict stands.
import { actionText, stepText } from "./words.js";

/** @typedef {import("../../chart/types.js").Mark} Mark */

/**
 * @param {import("./run_data.js").RunData} run
 * @returns {Mark[]}
 */
export function marksOf(run) {
  /** @type {Mark[]} */
  const marks = run.checkpoints.map((event) => ({
    x: event.step,
    kind: "checkpoint",
    label: `checkpoint, epoch ${event.epoch}`,
    data: event,
  }));
  for (const [step, count] of sampleCounts(run.samples)) {
    const label = count === 1 ? "1 preview" : `${count} previews`;
    marks.push({ x: step, kind: "sample", label, data: { step } });
  }
  for (const control of run.controls) {
    if (typeof control.step !== "number" || control.action === "sample") continue;
    marks.push({ x: Math.min(control.step, run.step), kind: "control", label: actionText(control) });
  }
  return [...marks, ...verdictMarks(run)];
}

/** @param {import("../../events.js").SampleEvent[]} samples */
function sampleCounts(samples) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const { step } of samples) counts.set(step, (counts.get(step) ?? 0) + 1);
  return counts;
}

/**
 * @param {import("./run_data.js").RunData} run
 * @returns {Mark[]}
 */
function verdictMarks(run) {
  const verdict = run.verdict;
  if (verdict === null) return [];
  /** @type {Mark[]} */
  const marks = [];
  const guidePlateau = verdict.decided_by === "guide" ? verdict.guide?.plateau_step : null;
  const plateau = verdict.validation?.plateau_since ?? guidePlateau;
  const overfit = verdict.validation?.overfit_since;
  if (typeof plateau === "number" && plateau < run.step) {
    marks.push({ x: plateau, kind: "band", from: plateau, to: run.step, label: "plateau" });
  }
  if (typeof overfit === "number" && overfit < run.step) {
    marks.push({ x: overfit, kind: "band", from: overfit, to: run.step, label: "overfit" });
  }
  if (typeof verdict.step === "number") {
    marks.push({ x: verdict.step, kind: "verdict", label: `best: ${stepText(verdict.step)}` });
  }
  return marks;
}
