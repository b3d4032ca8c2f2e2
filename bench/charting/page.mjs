// @ts-check
// Runs inside the browser's page: draws a long run while it moves and zooms, and times every frame.
import { Chart } from "../../web/chart/chart.js";
import { drawFrame } from "../../web/chart/draw/frame.js";
import { runningAverage } from "../../web/chart/smooth.js";

/**
 * Numbers that look random and are the same every time.
 *
 * @param {number} seed
 */
function makeNoise(seed) {
  let state = seed;
  const share = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(share() + 1e-12)) * Math.cos(2 * Math.PI * share());
}

/**
 * Two runs' losses with the noise of real ones, an average, and a gradient norm: all of full length.
 *
 * @param {number} length
 * @returns {import("../../web/chart/types.js").SeriesSpec[]}
 */
function makeSeries(length) {
  const x = Float64Array.from({ length }, (_, i) => i + 1);
  const losses = [1, 2].map((seed) => {
    const noise = makeNoise(seed);
    return x.map((step) => (0.08 + 0.07 * Math.exp((-5 * step) / length)) * Math.exp(0.3 * noise()));
  });
  const [loss = x, other = x] = losses;
  const noise = makeNoise(3);
  const norm = x.map(() => Math.exp(0.4 * noise()));
  return [
    { id: "loss", label: "loss", x, y: loss, style: "dots", opacity: 0.4 },
    { id: "other", label: "other run", x, y: other, opacity: 0.5 },
    { id: "norm", label: "gradient norm", x, y: norm, axis: "right", opacity: 0.3 },
    { id: "average", label: "running average", x, y: runningAverage(loss, 70), slot: 0 },
  ];
}

/**
 * The way without decimation: a line to every point in view.
 *
 * @type {typeof import("../../web/chart/draw/curves.js").drawCurve}
 */
function drawEveryPoint(context, series, place) {
  const { first, end } = series.places(place.x.min, place.x.max);
  context.globalAlpha = series.spec.opacity ?? 1;
  context.strokeStyle = place.color;
  context.lineWidth = series.spec.width ?? 1.75;
  context.beginPath();
  for (let i = first; i < end; i++) {
    context.lineTo(place.x.toPixel(series.x[i] ?? 0), place.y.toPixel(series.y[i] ?? 0));
  }
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * Time one frame until its pixels are there.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {() => void} draw
 */
function timeFrame(context, draw) {
  const start = performance.now();
  draw();
  context.getImageData(0, 0, 1, 1);
  return performance.now() - start;
}

/**
 * @param {{ points: number, frames: number, width: number, height: number, plainFrames: number }} job
 */
export function measure(job) {
  const box = document.createElement("div");
  Object.assign(box.style, { width: `${job.width}px`, height: `${job.height}px` });
  document.body.append(box);
  const chart = new Chart(box, { label: "Loss", yLabel: "loss", yRightLabel: "norm", hiddenTable: false });
  chart.setSeries(makeSeries(job.points));
  chart.setMarks(Array.from({ length: 40 }, (_, i) => ({ x: ((i + 1) * job.points) / 40, kind: "checkpoint" })));
  const { canvas, plot, root } = chart.parts;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const drawPlain = () => {
    const size = { width: plot.clientWidth, height: plot.clientHeight, ratio: devicePixelRatio };
    const { model, options, theme } = chart;
    drawFrame(context, { model, options, theme, element: root, ...size }, drawEveryPoint);
  };
  const ours = [];
  const whole = [];
  const plain = [];
  chart.draw();
  for (let frame = -3; frame < job.frames; frame++) {
    const turn = (2 * Math.PI * frame) / job.frames;
    // Wide to narrow and back, from left to right: between a fifth of the run and all of it.
    const width = job.points * (0.6 + 0.39 * Math.cos(turn));
    const from = (job.points - width) * (0.5 - 0.5 * Math.cos(turn / 2));
    chart.setView({ from: from + 1, to: from + width });
    const seconds = timeFrame(context, () => chart.draw());
    if (frame >= 0) ours.push(seconds);
    if (frame >= 0 && frame % Math.ceil(job.frames / job.plainFrames) === 0) {
      plain.push({ ours: seconds, plain: timeFrame(context, drawPlain) });
    }
  }
  chart.setView(null);
  for (let frame = 0; frame < 30; frame++) whole.push(timeFrame(context, () => chart.draw()));
  let appended = 0;
  const start = performance.now();
  for (; appended < 1000; appended++) chart.append("loss", [job.points + appended + 1], [0.1]);
  const append = (performance.now() - start) / appended;
  chart.destroy();
  return { ours, whole, plain, append, agent: navigator.userAgent, ratio: devicePixelRatio };
}
