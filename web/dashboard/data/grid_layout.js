// @ts-check
// Puts previews into a grid: a row for each step, a column for each prompt (and seed, strength).

/** @typedef {import("../../events.js").SampleEvent} SampleEvent */
/** @typedef {{ key: string, label: string, detail: string }} GridColumn */
/** @typedef {{ step: number, label: string, cells: (SampleEvent | null)[] }} GridRow */
/** @typedef {{ columns: GridColumn[], rows: GridRow[], seconds: number }} Grid */
/** @typedef {{ row: number, column: number }} Place */

/**
 * @param {SampleEvent[]} samples
 * @returns {Grid}
 */
export function layoutGrid(samples) {
  /** @type {Map<string, SampleEvent>} */
  const kinds = new Map();
  for (const sample of samples) {
    const key = columnKey(sample);
    if (!kinds.has(key) || sample.text) kinds.set(key, sample);
  }
  const order = [...kinds.values()].sort(
    (left, right) =>
      (left.prompt ?? 0) - (right.prompt ?? 0) ||
      (left.seed ?? 0) - (right.seed ?? 0) ||
      (left.strength ?? 1) - (right.strength ?? 1),
  );
  const columns = order.map((sample) => describeColumn(sample, order));
  const steps = [...new Set(samples.map((sample) => sample.step))].sort((a, b) => a - b);
  const rows = steps.map((step) => ({
    step,
    label: step === 0 ? "without LoRA" : `step ${step.toLocaleString("en-US")}`,
    cells: columns.map(
      (column) =>
        samples.filter((one) => one.step === step && columnKey(one) === column.key).at(-1) ?? null,
    ),
  }));
  const seconds = samples.reduce((sum, sample) => sum + (sample.seconds ?? 0), 0);
  return { columns, rows, seconds };
}

/**
 * Without the LoRA there is no strength: such a sample stands in the column of strength 1.
 *
 * @param {SampleEvent} sample
 */
function columnKey(sample) {
  const strength = sample.step === 0 ? 1 : (sample.strength ?? 1);
  return `${sample.prompt ?? 0}|${sample.seed ?? 0}|${strength}`;
}

/**
 * @param {SampleEvent} sample
 * @param {SampleEvent[]} all one for each column
 * @returns {GridColumn}
 */
function describeColumn(sample, all) {
  const label = sample.text || `prompt ${(sample.prompt ?? 0) + 1}`;
  const differs = (/** @type {"seed" | "strength"} */ field) =>
    new Set(all.map((one) => one[field])).size > 1;
  const details = [
    differs("seed") ? `seed ${sample.seed ?? 0}` : "",
    differs("strength") && sample.step > 0 ? `strength ${sample.strength ?? 1}` : "",
  ];
  return { key: columnKey(sample), label, detail: details.filter(Boolean).join(", ") };
}

/** @type {Record<string, [number, number]>} */
const DIRECTIONS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * The next preview in the direction of an arrow key; places without a preview are passed over.
 *
 * @param {Grid} grid
 * @param {Place} place
 * @param {string} key name of the key
 * @returns {Place} the same place where there is nothing further
 */
export function moveInGrid(grid, place, key) {
  const [down, right] = DIRECTIONS[key] ?? [0, 0];
  if (down === 0 && right === 0) return place;
  let { row, column } = place;
  for (;;) {
    row += down;
    column += right;
    const cells = grid.rows[row]?.cells;
    if (cells === undefined || column < 0 || column >= cells.length) return place;
    if (cells[column]) return { row, column };
  }
}

/**
 * The preview of the same column without the LoRA.
 *
 * @param {Grid} grid
 * @param {number} column
 * @returns {SampleEvent | null}
 */
export function withoutLora(grid, column) {
  const base = grid.rows.find((row) => row.step === 0);
  return base?.cells[column] ?? null;
}
