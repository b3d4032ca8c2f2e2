// @ts-check
// One run in the library.
import { bytesText, dateText, numberText, stateText, stepText } from "../dashboard/data/words.js";
import { allow, isAllowed, make, makeButton, setText } from "../ui/dom.js";

/** @typedef {import("./run_list.js").RunEntry} RunEntry */

/**
 * @param {string} name
 * @param {import("../studio.js").Studio} studio
 * @param {{ open: () => void, pick: (isPicked: boolean) => void, resume: () => void,
 *   clone: () => void, remove: () => void }} actions
 */
export function makeCard(name, studio, actions) {
  const tick = make("input", {
    attributes: { type: "checkbox", "aria-label": `Compare ${name}` },
    on: { change: () => actions.pick(tick.checked) },
  });
  const state = make("span", { part: "state" });
  const facts = make("div", { part: "faint" });
  const verdict = make("div");
  const pictures = make("div", { part: "row" });
  const guarded = (/** @type {HTMLButtonElement} */ button, /** @type {() => void} */ act) => {
    button.addEventListener("click", () => isAllowed(button) && act());
    return button;
  };
  const resume = guarded(makeButton("Resume", () => undefined), actions.resume);
  const remove = guarded(makeButton("Delete", () => undefined, { part: "danger" }), actions.remove);
  const title = make("h3", { part: "grow cut", text: name, title: name });
  const element = make(
    "article",
    { part: "card", attributes: { "aria-label": name } },
    make("div", { part: "row" }, make("label", { part: "row grow" }, tick, title), state),
    facts,
    verdict,
    pictures,
    make(
      "div",
      { part: "row" },
      makeButton("Open", actions.open),
      resume,
      makeButton("Copy settings", actions.clone, { title: "Open the graph that made it, as a new run" }),
      remove,
    ),
  );

  /** @param {RunEntry} entry */
  function update(entry) {
    const isRunning = entry.state === "running" || entry.state === "paused";
    setText(state, stateText(entry.state));
    state.dataset["state"] = entry.state;
    setText(facts, factsOf(entry).join(" · "));
    setText(verdict, entry.verdict?.sentences[0] ?? "");
    verdict.hidden = verdict.textContent === "";
    fillPictures(pictures, entry, studio);
    const isDone = entry.state === "finished" && entry.step >= entry.steps_total;
    const whyNoResume = isRunning ? "It is running." : isDone ? "It went through all its steps." : "";
    allow(resume, whyNoResume, "Open the graph that made it; Run goes on where it ended");
    allow(remove, isRunning ? "It is running: stop it first." : "", "Move it to the recycle folder");
  }
  return { element, update };
}

/**
 * @param {RunEntry} entry
 * @returns {string[]}
 */
function factsOf(entry) {
  const steps = entry.steps_total
    ? `step ${stepText(entry.step)} of ${stepText(entry.steps_total)}`
    : `step ${stepText(entry.step)}`;
  const checkpoints = entry.checkpoints === 1 ? "1 checkpoint" : `${entry.checkpoints} checkpoints`;
  return [
    dateText(entry.started ?? entry.updated),
    steps,
    entry.loss === null ? "" : `loss ${numberText(entry.loss)}`,
    checkpoints,
    bytesText(entry.bytes),
  ].filter(Boolean);
}

/**
 * @param {HTMLElement} place
 * @param {RunEntry} entry
 * @param {import("../studio.js").Studio} studio
 */
function fillPictures(place, entry, studio) {
  const key = entry.samples.join("\n");
  place.hidden = entry.samples.length === 0;
  if (place.dataset["key"] === key) return;
  place.dataset["key"] = key;
  const pictures = entry.samples.map((address) =>
    make(
      "span",
      { part: "thumb small" },
      make("img", { attributes: { src: studio.address(address), alt: "preview", loading: "lazy" } }),
    ),
  );
  place.replaceChildren(...pictures);
}
