// @ts-check
// The charts of a run: which curves each of them has, and which of them grow with every step.
import { smooth } from "./smoothing.js";
import { durationText, memoryText, numberText } from "./words.js";
import { validationCurves } from "./validation_curves.js";

/** @typedef {import("./run_data.js").RunData} RunData */
/** @typedef {import("./run_data.js").ColumnName} ColumnName */
/** @typedef {import("../../chart/types.js").SeriesSpec} SeriesSpec */
/** @typedef {import("../../chart/types.js").ChartOptions} ChartOptions */
/** @typedef {{ kind: import("./smoothing.js").Smoothing, window: number }} Smooth */

/**
 * A curve that has one point for each step.
 *
 * @typedef {Omit<SeriesSpec, "x" | "y"> & { column: ColumnName, isSmoothed?: boolean }} LiveCurve
 */

/**
 * @typedef {object} ChartTab
 * @property {string} id
 * @property {string} label
 * @property {ChartOptions} options
 * @property {boolean} isSmoothed whether the smoothing controls do something
 * @property {(run: RunData) => LiveCurve[]} live
 * @property {(run: RunData) => SeriesSpec[]} fixed curves that change rarely
 * @property {((run: RunData, smooth: Smooth) => Pick<SeriesSpec, "x" | "y">) | null} overlay the one
 *   curve that stands for a run where several are laid over each other
 */

/**
 * @param {RunData} run
 * @param {ColumnName} name
 */
function has(run, name) {
  const column = run.columns[name];
  const probe = column.view(Math.max(0, column.length - 20));
  return probe.some((value) => Number.isFinite(value));
}

/**
 * A raw curve, faint, and its average.
 *
 * @param {ColumnName} column
 * @param {string} label
 * @returns {LiveCurve[]}
 */
function rawAndSmoothed(column, label) {
  return [
    { id: column, label: `${label}, each step`, column, slot: 0, opacity: 0.3, width: 1, format: numberText },
    { id: `${column}_smoothed`, label: `${label}, smoothed`, column, isSmoothed: true, slot: 0, width: 2, format: numberText },
  ]; // prettier-ignore
}

/** @returns {SeriesSpec[]} */
function none() {
  return [];
}

/** @type {ChartTab[]} */
export const CHART_TABS = [
  {
    id: "loss",
    label: "Loss",
    options: { label: "Training loss", yLabel: "loss" },
    isSmoothed: true,
    live: () => rawAndSmoothed("loss", "loss"),
    fixed: none,
    overlay: (run, { kind, window }) => ({
      x: run.columns.step.view(),
      y: smooth(run.columns.loss.view(), kind, window),
    }),
  },
  {
    id: "validation",
    label: "Validation",
    options: { label: "Validation loss", yLabel: "loss" },
    isSmoothed: false,
    live: () => [],
    fixed: validationSeries,
    overlay: (run) => {
      const { steps, heldOut, probe } = validationCurves(run.validation);
      return { x: steps, y: heldOut.some(Number.isFinite) ? heldOut : probe };
    },
  },
  {
    id: "rate",
    label: "Learning rate",
    options: { label: "Learning rate", yLabel: "learning rate", yRightLabel: "Prodigy's d" },
    isSmoothed: false,
    live: (run) => [
      { id: "lr", label: "learning rate", column: "lr", slot: 0, format: numberText },
      ...(has(run, "d") ? [dCurve()] : []),
    ],
    fixed: none,
    overlay: (run) => ({ x: run.columns.step.view(), y: run.columns.lr.view() }),
  },
  {
    id: "gradient",
    label: "Gradient",
    options: { label: "Gradient norm", yLabel: "gradient norm" },
    isSmoothed: true,
    live: () => rawAndSmoothed("grad_norm", "gradient norm"),
    fixed: none,
    overlay: null,
  },
  {
    id: "time",
    label: "Time",
    options: { label: "Time of a step", yLabel: "seconds" },
    isSmoothed: false,
    live: timeCurves,
    fixed: none,
    overlay: null,
  },
  {
    id: "memory",
    label: "Memory",
    options: { label: "Memory", yLabel: "MiB", clip: false },
    isSmoothed: false,
    live: memoryCurves,
    fixed: plannedMemory,
    overlay: null,
  },
];

/** @returns {LiveCurve} */
function dCurve() {
  return { id: "d", label: "Prodigy's d", column: "d", slot: 1, axis: "right", format: numberText };
}

/**
 * @param {RunData} run
 * @returns {LiveCurve[]}
 */
function timeCurves(run) {
  /** @type {LiveCurve[]} */
  const curves = [
    { id: "seconds", label: "whole step", column: "seconds", slot: 0, format: durationText },
    { id: "model", label: "model", column: "model", slot: 1, width: 1, format: durationText },
    { id: "load", label: "loading data", column: "load", slot: 2, width: 1, format: durationText },
    { id: "optimizer", label: "optimizer", column: "optimizer", slot: 3, width: 1, format: durationText },
  ]; // prettier-ignore
  return curves.filter((curve) => has(run, curve.column));
}

/**
 * @param {RunData} run
 * @returns {LiveCurve[]}
 */
function memoryCurves(run) {
  /** @type {LiveCurve[]} */
  const curves = [
    { id: "device_mb", label: "device, peak", column: "device_mb", slot: 0, format: memoryText },
    { id: "host_mb", label: "main memory", column: "host_mb", slot: 1, format: memoryText },
  ];
  return curves.filter((curve) => has(run, curve.column));
}

/**
 * @param {RunData} run
 * @returns {SeriesSpec[]}
 */
function plannedMemory(run) {
  const plan = run.start?.plan ?? {};
  const end = Math.max(run.stepsTotal, run.step, 2);
  /** @type {[string, string, number, number | undefined][]} */
  const lines = [
    ["device_plan", "device, planned", 0, plan.device_mb],
    ["host_plan", "main memory, planned", 1, plan.host_mb],
  ];
  return lines.flatMap(([id, label, slot, value]) =>
    typeof value === "number"
      ? [{ id, label, slot, x: [1, end], y: [value, value], dash: true, format: memoryText }]
      : [],
  );
}

/**
 * @param {RunData} run
 * @returns {SeriesSpec[]}
 */
function validationSeries(run) {
  const { steps, heldOut, probe, bySigma } = validationCurves(run.validation);
  const common = { x: steps, markers: true, format: numberText };
  /** @type {SeriesSpec[]} */
  const series = [];
  if (heldOut.some(Number.isFinite)) {
    series.push({ ...common, id: "held_out", label: "held out, all noise levels", y: heldOut, slot: 0, width: 2 }); // prettier-ignore
  }
  if (probe.some(Number.isFinite)) {
    series.push({ ...common, id: "probe", label: "probe (trained), all noise levels", y: probe, slot: 1, width: 2 }); // prettier-ignore
  }
  bySigma.forEach(({ sigma, losses }, place) => {
    series.push({
      ...common,
      id: `sigma${place}`,
      label: `sigma ${numberText(sigma)}`,
      y: losses,
      slot: 2 + (place % 6),
      width: 1,
      dash: true,
      markers: false,
    });
  });
  return series;
}
