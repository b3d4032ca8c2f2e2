// @ts-check
// The verdict in words, with what can be done about it.
import { allow, isAllowed, make, makeButton } from "../../ui/dom.js";
import { stepText } from "../data/words.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */

/**
 * @param {import("../../studio.js").Studio} studio
 * @param {(action: string) => void} control asks the run for something
 */
export function makeVerdict(studio, control) {
  /** @type {RunData | null} */
  let shown = null;
  const words = make("div", { part: "box", attributes: { role: "status" } });
  const use = makeButton("Use this one", () => void copy(), { part: "main" });
  const stop = makeButton("Stop and keep", () => control("stop"), {
    title: "More steps no longer help: end the run here and keep everything",
  });
  const element = make("section", { part: "verdict", attributes: { "aria-label": "Verdict" } }, words, make("div", { part: "row" }, use, stop)); // prettier-ignore

  async function copy() {
    const step = shown && chosenStep(shown);
    if (!shown || step === null || !isAllowed(use)) return;
    const answer = await studio.request(`/runs/${encodeURIComponent(shown.name)}/use`, { step });
    if (answer) studio.toast("success", `Step ${stepText(step)} is now in models/loras as '${answer.name}'.`);
  }

  /** @param {RunData} run */
  function update(run) {
    shown = run;
    const sentences = run.verdict?.sentences ?? [];
    element.hidden = sentences.length === 0;
    if (words.dataset["text"] !== sentences.join("\n")) {
      words.dataset["text"] = sentences.join("\n");
      words.replaceChildren(...sentences.map((text, place) => make("p", { text, part: place === 0 ? "strong" : "" }))); // prettier-ignore
    }
    const step = chosenStep(run);
    const reason = step === null ? "There is no checkpoint near it yet." : "";
    allow(use, reason, `Copy the checkpoint of step ${stepText(step ?? 0)} to models/loras`);
    stop.hidden = !(run.verdict?.stop_now && run.isRunning);
  }
  return { element, update };
}

/**
 * The step of the checkpoint that the verdict would take.
 *
 * @param {RunData} run
 * @returns {number | null}
 */
export function chosenStep(run) {
  return run.verdict?.checkpoint?.step ?? null;
}
