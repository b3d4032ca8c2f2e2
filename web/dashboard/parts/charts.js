// @ts-check
// The charts of a run behind tabs, with smoothing, axes, zoom and the numbers as a table.
import { Chart } from "../../chart/chart.js";
import { make, makeButton, makeTabs, setText } from "../../ui/dom.js";
import { CHART_TABS } from "../data/curves.js";
import { marksOf } from "../data/marks.js";
import { firstChanged, smooth } from "../data/smoothing.js";

/** @typedef {import("../data/run_data.js").RunData} RunData */
/** @typedef {import("../data/curves.js").ChartTab} ChartTab */
/** @typedef {import("../../chart/types.js").SeriesSpec} SeriesSpec */
/** @typedef {import("../../chart/types.js").Mark} Mark */

// The guide's running average.
const FIRST_WINDOW = 70;
const WIDEST_WINDOW = 500;
const TABLE_PAUSE_MS = 2000;

/** Charts of one run, others laid over it. */
export class Charts {
  /** @type {Chart | null} */
  #chart = null;
  /** @type {ChartTab} */
  #tab = /** @type {ChartTab} */ (CHART_TABS[0]);
  /** The tab that the user chose; a run that has no such numbers shows its loss instead. */
  #wanted = "loss";
  /** What the chart holds now; anything else means drawing anew. */
  #drawn = { key: "", length: 0, rareChanges: -1 };
  /** @type {import("../../chart/types.js").View | null} */
  #view = null;
  #scale = { log: false, clip: true };
  /** @type {import("../data/curves.js").Smooth} */
  #smooth = { kind: "average", window: FIRST_WINDOW };
  /** @type {Set<string>} */
  #hidden = new Set();
  /** @type {RunData[]} */
  #others = [];
  #tableTime = 0;
  /** @type {RunData | null} */
  #run = null;

  /**
   * @param {(mark: Mark) => void} onMark a mark on a curve was clicked
   * @param {boolean} wheelZoom
   */
  constructor(onMark, wheelZoom) {
    this.onMark = onMark;
    this.wheelZoom = wheelZoom;
    this.tabs = makeTabs("Charts", CHART_TABS, (id) => this.#chooseTab(id));
    this.place = make("div", { part: "chart" });
    this.smoothing = this.#makeSmoothing();
    this.tablePlace = make("div", { part: "scroll", attributes: { tabindex: "0" } });
    this.table = make(
      "details",
      { part: "fold", on: { toggle: () => this.#fillTable(true) } },
      make("summary", { text: "Numbers as a table" }),
      this.tablePlace,
    );
    this.element = make(
      "div",
      { part: "box" },
      this.tabs.element,
      this.place,
      make("div", { part: "row" }, this.smoothing, ...this.#makeAxes()),
      this.table,
    );
  }

  /**
   * @param {RunData} run
   * @param {RunData[]} others laid over it
   */
  update(run, others) {
    this.#run = run;
    this.#others = others;
    for (const tab of CHART_TABS) this.tabs.setShown(tab.id, hasCurves(tab, run));
    this.#showTab(run);
    const chart = this.#chart ?? this.#makeChart();
    const key = this.#key(run);
    if (key !== this.#drawn.key) chart.setSeries(this.#allSeries(run));
    else this.#grow(chart, run);
    if (run.rareChanges !== this.#drawn.rareChanges || key !== this.#drawn.key) {
      chart.setMarks(marksOf(run));
    }
    this.#drawn = { key, length: run.columns.step.length, rareChanges: run.rareChanges };
    this.#fillTable(false);
  }

  destroy() {
    this.#chart?.destroy();
    this.#chart = null;
  }

  /** @param {RunData} run */
  #key(run) {
    const rare = this.#tab.fixed(run).length > 0 ? run.rareChanges : 0;
    const others = this.#others.map((other) => [other.name, other.generation, other.columns.step.length, other.validation.length]); // prettier-ignore
    const curves = this.#tab.live(run).map((curve) => curve.id);
    return JSON.stringify([run.name, this.#tab.id, run.generation, rare, this.#smooth, others, curves]);
  }

  /** @param {string} id */
  #chooseTab(id) {
    this.#wanted = id;
    this.#redraw();
  }

  /** @param {RunData} run */
  #showTab(run) {
    const wanted = CHART_TABS.find((one) => one.id === this.#wanted && hasCurves(one, run));
    const tab = wanted ?? /** @type {ChartTab} */ (CHART_TABS[0]);
    this.tabs.choose(tab.id);
    if (tab === this.#tab) return;
    this.#tab = tab;
    this.smoothing.hidden = !tab.isSmoothed;
    this.destroy();
  }

  #makeChart() {
    const chart = new Chart(this.place, {
      clip: true,
      ...this.#tab.options,
      ...(this.#scale.log ? { log: true } : {}),
      ...(this.#scale.clip ? {} : { clip: false }),
      wheelZoom: this.wheelZoom,
      onMarkClick: (mark) => this.onMark(mark),
      onViewChange: (view) => (this.#view = view),
      onToggle: (id, visible) => {
        if (visible) this.#hidden.delete(id);
        else this.#hidden.add(id);
      },
    });
    if (this.#view) chart.setView(this.#view);
    this.#chart = chart;
    this.#drawn.key = "";
    return chart;
  }

  /** @param {RunData} run */
  #allSeries(run) {
    const steps = run.columns.step.view();
    const { kind, window } = this.#smooth;
    /** @type {SeriesSpec[]} */
    const own = this.#tab.live(run).map(({ column, isSmoothed, ...curve }) => {
      const values = run.columns[column].view();
      return { ...curve, x: steps, y: isSmoothed ? smooth(values, kind, window) : values };
    });
    own.push(...this.#tab.fixed(run));
    const all = [...own, ...this.#overlays(run)];
    return all.map((one) => ({ ...one, visible: !this.#hidden.has(one.id) }));
  }

  /**
   * @param {RunData} run
   * @returns {SeriesSpec[]}
   */
  #overlays(run) {
    const overlay = this.#tab.overlay;
    if (overlay === null) return [];
    return this.#others
      .filter((other) => other.name !== run.name)
      .map((other, place) => ({
        id: `run ${other.name}`,
        label: other.name,
        slot: 1 + (place % 7),
        width: 2,
        ...overlay(other, this.#smooth),
      }));
  }

  /**
   * Put the new points behind the old ones.
   *
   * @param {Chart} chart
   * @param {RunData} run
   */
  #grow(chart, run) {
    const before = this.#drawn.length;
    const steps = run.columns.step.view();
    if (steps.length === before) return;
    const { kind, window } = this.#smooth;
    for (const { id, column, isSmoothed } of this.#tab.live(run)) {
      const values = run.columns[column].view();
      if (!isSmoothed) {
        chart.append(id, steps.subarray(before), values.subarray(before));
        continue;
      }
      const from = kind === "average" ? firstChanged(before, window) : before;
      chart.replaceTail(id, from, steps.subarray(from), smooth(values, kind, window, from));
    }
  }

  #makeSmoothing() {
    const shown = make("output", { text: String(FIRST_WINDOW) });
    const slider = make("input", {
      attributes: { type: "range", min: "1", max: String(WIDEST_WINDOW), value: String(FIRST_WINDOW), "aria-label": "Steps in the average" },
      on: {
        input: () => {
          this.#smooth = { ...this.#smooth, window: Number(slider.value) };
          setText(shown, slider.value);
          this.#redraw();
        },
      },
    }); // prettier-ignore
    const choice = make(
      "select",
      {
        part: "field",
        attributes: { "aria-label": "Smoothing" },
        on: {
          change: () => {
            const kind = choice.value === "exponential" ? "exponential" : "average";
            this.#smooth = { ...this.#smooth, kind };
            this.#redraw();
          },
        },
      },
      make("option", { text: "Running average", attributes: { value: "average" } }),
      make("option", { text: "Exponential", attributes: { value: "exponential" } }),
    );
    return make("div", { part: "row" }, choice, slider, shown);
  }

  #makeAxes() {
    const log = this.#makeTick("Log axis", false, (isOn) => ({ log: isOn }));
    const clip = this.#makeTick("Clip outliers", true, (isOn) => ({ clip: isOn }));
    const all = makeButton(
      "Show all",
      () => {
        this.#view = null;
        this.#chart?.setView(null);
      },
      { title: "Undo the zoom" },
    );
    return [log, clip, all];
  }

  /**
   * @param {string} text
   * @param {boolean} isOn at first
   * @param {(isOn: boolean) => { log?: boolean, clip?: boolean }} scale
   */
  #makeTick(text, isOn, scale) {
    const box = make("input", {
      attributes: { type: "checkbox" },
      on: {
        change: () => {
          this.#scale = { ...this.#scale, ...scale(box.checked) };
          this.#chart?.setScale(scale(box.checked));
        },
      },
    });
    box.checked = isOn;
    return make("label", { part: "row" }, box, make("span", { text }));
  }

  #redraw() {
    if (this.#run) this.update(this.#run, this.#others);
  }

  /** @param {boolean} isNow whatever the time since the last one */
  #fillTable(isNow) {
    if (!this.table.open || !this.#chart) return;
    if (!isNow && performance.now() - this.#tableTime < TABLE_PAUSE_MS) return;
    this.#tableTime = performance.now();
    this.tablePlace.replaceChildren(this.#chart.table(50));
  }
}

/**
 * @param {ChartTab} tab
 * @param {RunData} run
 */
function hasCurves(tab, run) {
  return tab.id === "loss" || tab.live(run).length + tab.fixed(run).length > 0;
}
