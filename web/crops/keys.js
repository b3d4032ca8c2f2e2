// @ts-check
// What each key does in the crop editor.

/** @typedef {import("./actions.js").Actions} Actions */

/**
 * @typedef {object} Ways
 * @property {(factor: number) => void} zoom
 * @property {() => void} fit
 * @property {() => void} help
 * @property {() => boolean} save whether ComfyUI may save the workflow now
 * @property {HTMLElement} stage
 */

const ZOOM_STEP = 1.25;
const FAR_PX = 10;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Do what a key says. ComfyUI hears of no key but that which saves the workflow.
 *
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 * @param {Ways} ways
 */
export function onKey(event, actions, ways) {
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "s") {
    event.preventDefault();
    if (!ways.save()) event.stopPropagation();
    return;
  }
  event.stopPropagation();
  const isDone =
    (event.target === ways.stage && onStageKey(event, actions)) ||
    (isCommand ? onCommand(event, actions) : onPlainKey(event, actions, ways));
  if (isDone) event.preventDefault();
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 * @returns {boolean}
 */
function onCommand(event, actions) {
  const key = event.key.toLowerCase();
  if (event.altKey) return false;
  if (key === "y" || (key === "z" && event.shiftKey)) actions.redo();
  else if (key === "z") actions.undo();
  else return false;
  return true;
}

/**
 * Keys that belong to the picture when it has the focus.
 *
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 * @returns {boolean}
 */
function onStageKey(event, actions) {
  const arrow = ARROWS[event.key];
  if (arrow) {
    const far = event.shiftKey ? FAR_PX : 1;
    const [across, along] = arrow;
    if (event.ctrlKey || event.metaKey || event.altKey) actions.grow((across - along) * far);
    else actions.nudge(across * far, along * far);
    return true;
  }
  if (event.key === "Enter" && actions.isPlacing) {
    actions.add(null);
    return true;
  }
  if (event.key === "Escape" && !actions.isPlacing && actions.selected !== null) {
    actions.select(null);
    return true;
  }
  return false;
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 * @param {Ways} ways
 * @returns {boolean}
 */
function onPlainKey(event, actions, ways) {
  if (event.key === "Escape" && actions.isPlacing) {
    actions.setPlacing(false);
    return true;
  }
  // Selects choose by letters and page keys themselves.
  if (event.altKey || event.target instanceof HTMLSelectElement) return false;
  /** @type {Record<string, () => void>} */
  const table = {
    n: () => actions.stepCrop(1),
    p: () => actions.stepCrop(-1),
    a: () => {
      actions.setPlacing(!actions.isPlacing);
      ways.stage.focus();
    },
    d: () => actions.duplicate(),
    delete: () => actions.remove(),
    backspace: () => actions.remove(),
    pagedown: () => actions.stepPicture(1),
    pageup: () => actions.stepPicture(-1),
    "+": () => ways.zoom(ZOOM_STEP),
    "=": () => ways.zoom(ZOOM_STEP),
    "-": () => ways.zoom(1 / ZOOM_STEP),
    0: () => ways.fit(),
    "?": () => ways.help(),
  };
  const act = table[event.key.toLowerCase()];
  act?.();
  return act !== undefined;
}
