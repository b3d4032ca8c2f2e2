// @ts-check
// In what the settings of several runs differ.

/**
 * @typedef {object} SettingRow
 * @property {string} key "section.name"
 * @property {string} label "name (section)"
 * @property {string[]} values one for each run; "-" where a run has none
 */

// Names differ by nature and say nothing about the training.
const LEFT_OUT = new Set(["output.name"]);

/**
 * The settings that are not the same in all runs, by name.
 *
 * @param {Record<string, unknown>[]} settings of each run
 * @returns {SettingRow[]}
 */
export function differingSettings(settings) {
  const keys = new Set(settings.flatMap((one) => Object.keys(one)));
  return [...keys]
    .filter((key) => !LEFT_OUT.has(key))
    .sort()
    .map((key) => ({ key, label: labelOf(key), values: settings.map((one) => valueText(one[key])) }))
    .filter((row) => new Set(row.values).size > 1);
}

/** @param {string} key */
function labelOf(key) {
  const [section, ...rest] = key.split(".");
  if (rest.length === 0) return key.replaceAll("_", " ");
  return `${rest.join(".").replaceAll("_", " ")} (${section})`;
}

/**
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(value) {
  if (value === undefined || value === null || value === "") return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string" || typeof value === "number") return String(value);
  return JSON.stringify(value);
}
