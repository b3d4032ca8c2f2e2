// @ts-check
// The validation events as curves: held-out and probe, all noise levels together and each by itself.

/** @typedef {import("../../events.js").ValidationEvent} ValidationEvent */

/**
 * @typedef {object} ValidationCurves
 * @property {number[]} steps
 * @property {number[]} heldOut NaN where nothing is held out
 * @property {number[]} probe NaN where there is no probe
 * @property {{ sigma: number, losses: number[] }[]} bySigma of the held-out items, or of the probe
 */

/**
 * @param {ValidationEvent[]} events in the order of their steps
 * @returns {ValidationCurves}
 */
export function validationCurves(events) {
  const sigmas = events.filter((event) => event.sigmas?.length).at(-1)?.sigmas ?? [];
  return {
    steps: events.map((event) => event.step),
    // Runs from before there were parts have only one loss, of the held-out items.
    heldOut: events.map((event) => (event.part === "probe" ? NaN : event.loss)),
    probe: events.map((event) => (event.part === "probe" ? event.loss : meanOf(event.probe))),
    bySigma: sigmas.map((sigma, place) => ({
      sigma,
      losses: events.map((event) => event.per_sigma?.[place] ?? NaN),
    })),
  };
}

/**
 * @param {number[][] | undefined} rows
 * @returns {number} NaN when there are none
 */
function meanOf(rows) {
  const values = (rows ?? []).flat();
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}
