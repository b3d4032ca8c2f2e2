// @ts-check
// Where a run stands: state, progress, the time left and the numbers of now.
import { make, setText } from "../../ui/dom.js";
import { runningAverage } from "../data/smoothing.js";
import {
  durationText,
  endText,
  memoryText,
  numberText,
  percentText,
  remainingSeconds,
  stateText,
  stepText,
  stopText,
} from "../data/words.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */

const LOSSES_IN_MEAN = 70;

/**
 * The facts of a run, in the order in which they are shown; what is not known is left out.
 *
 * @param {RunData} run
 * @param {Date} now
 * @returns {[string, string][]} name and value
 */
export function factsOf(run, now) {
  const last = run.lastStep;
  const left = run.state === "running" ? remainingSeconds(run) : NaN;
  const losses = run.columns.loss.view(Math.max(0, run.columns.loss.length - LOSSES_IN_MEAN));
  const mean = runningAverage(losses, 2 * LOSSES_IN_MEAN).at(-1) ?? NaN;
  const share = run.validation.at(-1)?.share;
  const plan = run.start?.plan ?? {};
  /** @type {[string, string | false | null | undefined][]} */
  const facts = [
    ["Time left", Number.isFinite(left) && durationText(left)],
    ["Ends at", Number.isFinite(left) && endText(left, now)],
    ["Epoch", last && epochText(run, last.epoch)],
    [`Loss, last ${losses.length}`, losses.length > 0 && numberText(mean)],
    ["Step time", last && durationText(last.seconds)],
    ["Learning rate", last && numberText(last.lr)],
    ["Bucket", last?.bucket?.replaceAll("x", " x ")],
    ["Device memory", against(last?.device_mb, plan.device_mb)],
    ["Main memory", against(last?.host_mb, plan.host_mb)],
    ["Validation", share !== undefined && `${percentText(share)} of the time`],
  ];
  return facts.filter(/** @returns {fact is [string, string]} */ (fact) => Boolean(fact[1]));
}

/**
 * @param {RunData} run
 * @param {number} epoch
 */
function epochText(run, epoch) {
  const total = run.start?.epochs_total;
  return total ? `${epoch} of ${Math.max(total, epoch)}` : String(epoch);
}

/**
 * @param {number | undefined} used MiB
 * @param {number | undefined} planned MiB
 */
function against(used, planned) {
  if (used === undefined) return false;
  return planned ? `${memoryText(used)}, plan ${memoryText(planned)}` : memoryText(used);
}

/** The head of the dashboard. */
export function makeStatus() {
  const state = make("span", { part: "state" });
  const steps = make("span", { part: "strong" });
  const why = make("div", { part: "faint" });
  const bar = make("div");
  const progress = make(
    "div",
    { part: "progress", attributes: { role: "progressbar", "aria-label": "Steps done", "aria-valuemin": "0", "aria-valuemax": "100" } },
    bar,
  ); // prettier-ignore
  const facts = make("dl", { part: "facts" });
  const warnings = make("div", { part: "error" });
  const element = make(
    "div",
    { part: "box" },
    make("div", { part: "row" }, state, steps),
    progress,
    why,
    facts,
    warnings,
  );

  /** @param {RunData} run */
  function update(run) {
    setText(state, stateText(run.state));
    state.dataset["state"] = run.state;
    const total = run.stepsTotal;
    setText(steps, total ? `step ${stepText(run.step)} of ${stepText(total)}` : `step ${stepText(run.step)}`);
    const share = total ? Math.min(100, (100 * run.step) / total) : 0;
    bar.style.width = `${share}%`;
    progress.setAttribute("aria-valuenow", String(Math.round(share)));
    setText(why, run.isRunning ? "" : stopText(run.stop));
    why.hidden = why.textContent === "";
    fillFacts(facts, factsOf(run, new Date()));
    setText(warnings, run.warnings.slice(-3).join("\n"));
    warnings.hidden = run.warnings.length === 0;
  }
  return { element, update };
}

/**
 * Change only the texts where the facts are the same, so that nothing jumps.
 *
 * @param {HTMLElement} list
 * @param {[string, string][]} facts
 */
function fillFacts(list, facts) {
  if (list.childElementCount !== facts.length) {
    list.replaceChildren(...facts.map(() => make("div", {}, make("dt"), make("dd"))));
  }
  facts.forEach(([name, value], place) => {
    const [term, description] = list.children[place]?.children ?? [];
    if (term instanceof HTMLElement) setText(term, name);
    if (description instanceof HTMLElement) setText(description, value);
  });
}
