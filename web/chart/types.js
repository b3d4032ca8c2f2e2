// @ts-check
// What goes into a chart and what comes out of it; types only.

/**
 * One curve. `x` must not fall; a `y` that is not finite leaves a gap.
 *
 * @typedef {object} SeriesSpec
 * @property {string} id
 * @property {string} label name in legend, tooltip and table
 * @property {ArrayLike<number>} x copied
 * @property {ArrayLike<number>} y copied
 * @property {string} [color] any CSS colour, also "var(--name)"; left out: from the palette
 * @property {number} [slot] place in the palette (0 to 7); left out: the place in the list. Give a
 *   raw curve and its average the same slot
 * @property {"line" | "dots" | "step"} [style] "line" when left out
 * @property {number} [width] line width, or size of the dots, in px
 * @property {number} [opacity] 0 to 1
 * @property {boolean} [dash] dashed line, to tell curves of one colour apart
 * @property {boolean} [markers] a dot on every point of a line, where there is room
 * @property {"left" | "right"} [axis] "left" when left out
 * @property {boolean} [visible] left out: as the user last left it, at first true
 * @property {boolean} [inLegend] true when left out
 * @property {(value: number) => string} [format] of its values in tooltip and table
 */

/**
 * Something that happened at `x`, or from `from` to `to` (a band).
 *
 * @typedef {object} Mark
 * @property {number} x
 * @property {MarkKind} kind
 * @property {string} [label] text: at the top for "verdict" and "band", else in the tooltip
 * @property {number} [from] left end of a band
 * @property {number} [to] right end of a band
 * @property {unknown} [data] whatever the caller wants to get back in onMarkClick
 */

/** @typedef {"checkpoint" | "sample" | "verdict" | "control" | "band"} MarkKind */

/**
 * The part of the x axis that is shown; null shows everything, also what is still to come.
 *
 * @typedef {{ from: number, to: number }} View
 */

/**
 * @typedef {object} HoverValue
 * @property {string} id of the series
 * @property {string} label
 * @property {number} x of the nearest point
 * @property {number} y
 */

/**
 * @typedef {object} Hover
 * @property {number} x under the pointer
 * @property {HoverValue[]} values the nearest point of every visible series
 * @property {Mark[]} marks near the pointer
 */

/**
 * @typedef {object} ChartOptions
 * @property {string} [label] what the chart shows, for the screen reader ("Loss")
 * @property {string} [xLabel] "step" when left out
 * @property {string} [yLabel] title of the left axis
 * @property {string} [yRightLabel] title of the right axis
 * @property {boolean} [log] logarithmic left axis at first
 * @property {boolean} [clip] leave outliers out of the axis range at first; true when left out
 * @property {boolean} [legend] true when left out
 * @property {boolean} [hiddenTable] keep a table for screen readers up to date; true when left out
 * @property {boolean} [wheelZoom] true when left out; false leaves the wheel to the page
 * @property {{ from?: number, to?: number }} [xRange] x that must be in the full view (steps to come)
 * @property {(value: number) => string} [formatX]
 * @property {(hover: Hover | null) => void} [onHover] null when the pointer left
 * @property {(mark: Mark) => void} [onMarkClick]
 * @property {(view: View | null) => void} [onViewChange] the user zoomed or moved
 * @property {(id: string, visible: boolean) => void} [onToggle] a legend button was used
 */

export {};
