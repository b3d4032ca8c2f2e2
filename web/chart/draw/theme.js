// @ts-check
// The page's colours, so that a chart looks at home in every theme of ComfyUI.

/**
 * @typedef {object} Theme
 * @property {boolean} isDark
 * @property {string} strong text that matters
 * @property {string} text
 * @property {string} soft text that explains
 * @property {string} border
 * @property {string} surface what lies behind the chart
 * @property {string[]} palette
 * @property {string} font family
 */

// Eight colours each that stay apart for people with any of the common colour blindnesses: they
// differ in lightness as well as in hue. On a dark ground they are light, on a light one dark.
const ON_DARK = [
  "#56b0f5", "#f5a142", "#2fc9a2", "#ee86c5", "#eadb5a", "#a596ff", "#ff7a66", "#b9c2cf",
];
const ON_LIGHT = [
  "#0a68b4", "#b85400", "#007d66", "#a3378a", "#806700", "#5a46c6", "#c22f2b", "#56606c",
];

/**
 * @param {Element} element in whose place the chart is
 * @returns {Theme}
 */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const pick = (/** @type {string} */ name, /** @type {string} */ other) =>
    style.getPropertyValue(name).trim() || other;
  const surface = backgroundOf(element) ?? pick("--comfy-menu-bg", "#353535");
  const isDark = lightness(surface) < 0.5;
  return {
    isDark,
    strong: pick("--fg-color", isDark ? "#fff" : "#222"),
    text: pick("--input-text", isDark ? "#ddd" : "#222"),
    soft: pick("--descrip-text", isDark ? "#999" : "#555"),
    border: pick("--border-color", isDark ? "#4e4e4e" : "#888"),
    surface,
    palette: isDark ? ON_DARK : ON_LIGHT,
    font: style.fontFamily || "sans-serif",
  };
}

/**
 * The colour of a curve: its own, or the one of its place in the palette.
 *
 * @param {import("../types.js").SeriesSpec} spec
 * @param {number} slot
 * @param {Theme} theme
 * @param {Element} element in whose place a "var(--name)" is looked up
 */
export function colorOf(spec, slot, theme, element) {
  const fromPalette = theme.palette[slot % theme.palette.length] ?? theme.text;
  if (!spec.color) return fromPalette;
  const name = /^var\(\s*(--[\w-]+)/.exec(spec.color)?.[1];
  if (!name) return spec.color;
  return getComputedStyle(element).getPropertyValue(name).trim() || fromPalette;
}

/**
 * The first background behind an element that can be seen.
 *
 * @param {Element} element
 */
function backgroundOf(element) {
  for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    const alpha = /[,/]\s*([\d.]+)%?\s*\)$/.exec(color.startsWith("rgba") ? color : "")?.[1];
    if (color && color !== "transparent" && Number(alpha ?? 1) > 0.5) return color;
  }
  return null;
}

/**
 * How light a colour looks, 0 (black) to 1 (white); 0 for a form that this does not read.
 *
 * @param {string} color as #rgb, #rrggbb, rgb() or rgba()
 */
export function lightness(color) {
  const hex = /^#([\da-f]{3,8})$/i.exec(color.trim())?.[1];
  let parts = (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  if (hex) {
    const wide = hex.length < 6 ? [...hex].map((digit) => digit + digit).join("") : hex;
    parts = [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16));
  }
  const [red = 0, green = 0, blue = 0] = parts;
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}
