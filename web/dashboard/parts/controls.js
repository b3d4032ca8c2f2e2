// @ts-check
// The buttons that lead a running run. They only ask; what happened comes back as events.
import { ask } from "../../ui/dialog.js";
import { allow, isAllowed, make, makeButton, setText } from "../../ui/dom.js";
import { whyNot, whyNotEndAt } from "./permissions.js";
import { actionText, stepText } from "../data/words.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */
/** @typedef {import("./permissions.js").Command} Command */

const PATIENCE_MS = 60_000;

/** The controls of one dashboard. */
export class Controls {
  /** @type {RunData | null} */
  #run = null;
  /** Asked for and not yet done. @type {{ text: string, controls: number, until: number } | null} */
  #asked = null;

  /** @param {import("../../studio.js").Studio} studio */
  constructor(studio) {
    this.studio = studio;
    const button = (/** @type {string} */ text, /** @type {() => void} */ onClick) => makeButton(text, onClick);
    this.stop = button("Stop and keep", () => this.#send("stop", "stop"));
    this.pause = button("Pause", () => this.#pauseOrResume());
    this.save = button("Save now", () => this.#send("save", "save"));
    this.sample = button("Sample now", () => this.#send("sample", "sample"));
    this.steps = make("input", { part: "field", attributes: { type: "number", min: "1", step: "1" } });
    this.setSteps = button("Change", () => void this.#changeSteps());
    this.checkpoint = make("select", { part: "field" });
    this.rewind = button("Take back", () => void this.#takeBack());
    this.said = make("div", { part: "faint", attributes: { role: "status" } });
    this.element = make(
      "section",
      { part: "box", attributes: { "aria-label": "Controls" } },
      make("div", { part: "row" }, this.stop, this.pause, this.save, this.sample),
      make("div", { part: "row" }, labelled("Steps in all", this.steps), this.setSteps),
      make("div", { part: "row" }, labelled("Back to", this.checkpoint), this.rewind),
      this.said,
    );
  }

  /** @param {RunData} run */
  update(run) {
    const isOther = this.#run?.name !== run.name;
    this.#run = run;
    const isPaused = run.state === "paused";
    setText(this.pause, isPaused ? "Resume" : "Pause");
    this.#permit(this.stop, "stop", "End the run after this batch; checkpoint and state are kept");
    this.#permit(this.pause, "pause", isPaused ? "Go on where the run was paused" : "Free the device until you resume"); // prettier-ignore
    this.#permit(this.save, "save", "Keep a checkpoint of this step");
    this.#permit(this.sample, "sample", "Make the previews now");
    this.#permit(this.setSteps, "set_steps", "Change how many steps the whole run has");
    this.#permit(this.rewind, "rewind", "Forget what came after a checkpoint and train on from there");
    this.steps.disabled = !run.isRunning;
    this.checkpoint.disabled = whyNot(run, "rewind") !== "";
    const isTyping = document.activeElement === this.steps;
    if (isOther || (!isTyping && this.steps.dataset["total"] !== String(run.stepsTotal))) {
      this.steps.value = run.stepsTotal ? String(run.stepsTotal) : "";
      this.steps.dataset["total"] = String(run.stepsTotal);
    }
    this.#fillCheckpoints(run);
    this.#say(run);
  }

  /**
   * Give the run a command; also used by other parts of the dashboard.
   *
   * @param {Command | "resume"} action
   * @param {number} [value]
   */
  async send(action, value) {
    const run = this.#run;
    if (!run) return;
    const body = value === undefined ? { action } : { action, value };
    const asked = { text: actionText(body), controls: run.controls.length, until: performance.now() + PATIENCE_MS }; // prettier-ignore
    const answer = await this.studio.request(`/runs/${encodeURIComponent(run.name)}/control`, body);
    if (answer) this.#asked = asked;
    this.#say(run);
  }

  /**
   * Choose a checkpoint to go back to, as after a click on its mark.
   *
   * @param {number} step
   */
  chooseCheckpoint(step) {
    this.checkpoint.value = String(step);
    this.checkpoint.focus();
  }

  /**
   * @param {Command} command
   * @param {Command | "resume"} action
   */
  #send(command, action) {
    if (this.#run && whyNot(this.#run, command) === "") void this.send(action);
  }

  #pauseOrResume() {
    this.#send("pause", this.#run?.state === "paused" ? "resume" : "pause");
  }

  async #changeSteps() {
    const run = this.#run;
    if (!run || !isAllowed(this.setSteps)) return;
    const steps = Number(this.steps.value);
    const problem = whyNotEndAt(run, steps);
    if (problem) {
      this.studio.toast("warn", problem);
      return;
    }
    const isSure = await ask({
      title: "Change the number of steps?",
      text: `The run '${run.name}' will end at step ${stepText(steps)} instead of ${stepText(run.stepsTotal)}. The learning rate follows the new length.`,
      yes: "Change",
    }); // prettier-ignore
    if (isSure) await this.send("set_steps", steps);
  }

  async #takeBack() {
    const run = this.#run;
    if (!run || !isAllowed(this.rewind) || this.checkpoint.value === "") return;
    const step = Number(this.checkpoint.value);
    const isSure = await ask({
      title: "Take the run back?",
      text: `The run '${run.name}' goes back to step ${stepText(step)} and trains on from there. What came after it, now up to step ${stepText(run.step)}, is taken out of the curve.`,
      yes: "Take back",
      isDangerous: true,
    }); // prettier-ignore
    if (isSure) await this.send("rewind", step);
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Command} command
   * @param {string} title
   */
  #permit(button, command, title) {
    if (this.#run) allow(button, whyNot(this.#run, command), title);
  }

  /** @param {RunData} run */
  #fillCheckpoints(run) {
    const steps = run.checkpoints.map((checkpoint) => checkpoint.step);
    const key = steps.join();
    if (this.checkpoint.dataset["steps"] === key) return;
    this.checkpoint.dataset["steps"] = key;
    const chosen = this.checkpoint.value;
    const options = run.checkpoints.map(({ step, epoch }) =>
      make("option", { text: `step ${stepText(step)} (epoch ${epoch})`, attributes: { value: String(step) } }),
    ); // prettier-ignore
    this.checkpoint.replaceChildren(...options);
    this.checkpoint.value = steps.includes(Number(chosen)) ? chosen : String(steps.at(-1) ?? "");
  }

  /** @param {RunData} run */
  #say(run) {
    const asked = this.#asked;
    const isDone =
      asked === null ||
      !run.isRunning ||
      run.controls.length > asked.controls ||
      performance.now() > asked.until;
    if (isDone) this.#asked = null;
    setText(this.said, isDone ? "" : `Asked for: ${asked.text}. It takes effect within one batch.`);
    this.said.hidden = isDone;
  }
}

/**
 * @param {string} text
 * @param {HTMLElement} field
 */
function labelled(text, field) {
  return make("label", { part: "row" }, make("span", { text }), field);
}
