// @ts-check
// The previews of a run: a row for each step, a column for each prompt.
import { make, setText } from "../../ui/dom.js";
import { layoutGrid } from "../data/grid_layout.js";
import { durationText, percentText } from "../data/words.js";
import { openViewer } from "./viewer.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */
/** @typedef {import("../data/grid_layout.js").Grid} Grid */

/**
 * What the previews cost.
 *
 * @param {RunData} run
 * @param {number} seconds of all previews
 * @returns {string}
 */
export function costText(run, seconds) {
  const count = run.samples.length;
  const what = `${count} preview${count === 1 ? "" : "s"}`;
  if (seconds === 0) return what;
  const training = run.columns.seconds.view().reduce((sum, value) => sum + value, 0);
  return `${what} took ${durationText(seconds)}, ${percentText(seconds / (training + seconds))} of the run's time`;
}

/** @param {import("../../studio.js").Studio} studio */
export function makePreviews(studio) {
  /** @type {Grid} */
  let grid = { columns: [], rows: [], seconds: 0 };
  let key = "";
  /** @type {RunData | null} */
  let shown = null;
  const summary = make("summary", { text: "Previews" });
  const cost = make("span", { part: "faint" });
  const scroll = make("div", { part: "scroll", attributes: { tabindex: "0", "aria-label": "Previews by step and prompt" } });
  const element = make("details", { part: "fold" }, summary, make("div", { part: "box" }, cost, scroll));
  element.open = true;

  /** @param {RunData} run */
  function update(run) {
    shown = run;
    element.hidden = run.samples.length === 0;
    const next = `${run.name} ${run.samples.map((sample) => `${sample.path} ${sample.time}`).join()}`;
    if (!element.hidden) setText(cost, costText(run, grid.seconds));
    if (next === key) return;
    key = next;
    grid = layoutGrid(run.samples);
    setText(cost, costText(run, grid.seconds));
    scroll.replaceChildren(drawGrid(run.name));
  }

  /** @param {string} run */
  function drawGrid(run) {
    const head = grid.columns.map((column) =>
      make(
        "th",
        { title: column.label, attributes: { scope: "col" } },
        make("div", { part: "cut", text: column.label }),
        column.detail ? make("div", { part: "faint", text: column.detail }) : null,
      ),
    );
    const rows = grid.rows.map((row, place) =>
      make(
        "tr",
        {},
        make("th", { text: row.label, attributes: { scope: "row" } }),
        ...row.cells.map((_, column) => make("td", {}, thumbOf(run, place, column))),
      ),
    );
    return make(
      "table",
      { part: "grid" },
      make("thead", {}, make("tr", {}, make("th", { text: "" }), ...head)),
      make("tbody", {}, ...rows),
    );
  }

  /**
   * @param {string} run
   * @param {number} row
   * @param {number} column
   */
  function thumbOf(run, row, column) {
    const sample = grid.rows[row]?.cells[column];
    if (!sample) return null;
    const name = `${grid.rows[row]?.label}, ${grid.columns[column]?.label}`;
    const picture = make("img", {
      attributes: { src: studio.fileAddress(run, sample.path), alt: name, loading: "lazy" },
    });
    const title = sample.seconds ? `${name}\n${durationText(sample.seconds)}` : name;
    const button = make(
      "button",
      { part: "thumb", title, on: { click: () => openViewer(studio, run, grid, { row, column }) } },
      picture,
    );
    button.type = "button";
    return button;
  }

  /**
   * Show the previews of a step in full, as after a click on their mark.
   *
   * @param {number} step
   */
  function openStep(step) {
    const row = grid.rows.findIndex((one) => one.step === step);
    const column = grid.rows[row]?.cells.findIndex((cell) => cell !== null) ?? -1;
    if (shown && row >= 0 && column >= 0) openViewer(studio, shown.name, grid, { row, column });
  }
  return { element, update, openStep };
}
