// @ts-check
// In what runs that are laid over each other differ.
import { make, makeButton } from "../../ui/dom.js";
import { differingSettings } from "../data/settings_diff.js";
import { numberText, stepText } from "../data/words.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */

/** @param {() => void} onEnd the user wants to see one run again */
export function makeComparison(onEnd) {
  let key = "";
  const table = make("div", { part: "scroll", attributes: { tabindex: "0" } });
  const element = make(
    "section",
    { part: "box", attributes: { "aria-label": "Comparison" } },
    make(
      "div",
      { part: "row apart" },
      make("h3", { text: "What differs" }),
      makeButton("End comparison", onEnd),
    ),
    table,
  );

  /** @param {RunData[]} runs the first is the one that is shown in full */
  function update(runs) {
    element.hidden = runs.length < 2;
    if (element.hidden) return;
    const rows = rowsOf(runs);
    const next = JSON.stringify([runs.map((run) => run.name), rows]);
    if (next === key) return;
    key = next;
    const cell = (/** @type {string} */ text) => make("td", { text });
    table.replaceChildren(
      make(
        "table",
        {},
        make("thead", {}, make("tr", {}, make("th"), ...runs.map((run) => make("th", { text: run.name, attributes: { scope: "col" } })))),
        make("tbody", {}, ...rows.map(([label, ...values]) =>
          make("tr", {}, make("th", { text: label ?? "", attributes: { scope: "row" } }), ...values.map(cell)))),
      ),
    ); // prettier-ignore
  }
  return { element, update };
}

/**
 * @param {RunData[]} runs
 * @returns {string[][]} label, then a value for each run
 */
function rowsOf(runs) {
  const verdicts = runs.map((run) => (run.verdict?.step == null ? "-" : stepText(run.verdict.step)));
  const validation = runs.map((run) => numberText(run.validation.at(-1)?.loss ?? NaN));
  return [
    ["steps", ...runs.map((run) => stepText(run.step))],
    ["best step", ...verdicts],
    ["last validation loss", ...validation],
    ...differingSettings(runs.map((run) => run.settings)).map((row) => [row.label, ...row.values]),
  ];
}
