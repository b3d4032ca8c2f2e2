// @ts-check
// The keyboard of the caption editor, and its list.
import { openKeyList } from "../ui/key_list.js";

/**
 * What keys can do.
 *
 * @typedef {object} KeyActions
 * @property {(key: string, how: { extend: boolean, keep: boolean }) => boolean} move true when the key leads to a card
 * @property {() => void} toggle the active card in the selection
 * @property {() => void} edit the active card's text
 * @property {() => boolean} leave go back to the active card; false when there is none
 * @property {(by: 1 | -1) => void} editNext
 * @property {() => void} revert the selected
 * @property {() => void} selectAll
 * @property {() => void} undo
 * @property {() => void} redo
 * @property {(part: "find" | "replace") => void} find
 * @property {(by: 1 | -1) => void} findNext
 * @property {() => void} showKeys
 * @property {(field: HTMLInputElement | HTMLTextAreaElement) => boolean} isUntouched whether the
 *   field is as it was when it got the focus
 * @property {() => boolean} canRedo
 */

/** @type {readonly (readonly [string, string])[]} */
const LIST = Object.freeze([
  ["Arrows, Home, End, Page", "go from card to card"],
  ["Shift + arrows", "select up to there"],
  ["Ctrl + arrows", "go on without selecting"],
  ["Space", "select or deselect the card"],
  ["Ctrl + A", "select all that are shown"],
  ["Enter", "edit the caption; again: done"],
  ["Shift + Enter", "a new line in the caption"],
  ["Escape", "back to the card; on a card: close the editor"],
  ["Ctrl + Enter", "edit the next caption"],
  ["Ctrl + Shift + Enter", "edit the one before"],
  ["Delete", "revert the selected captions"],
  ["Ctrl + Z, Ctrl + Y", "undo and redo"],
  ["Ctrl + F, Ctrl + H", "find, replace"],
  ["F3, Shift + F3", "next or previous hit"],
  ["Tab", "to the buttons of the card and to the panels"],
  ["?", "this list"],
]);

/**
 * Act on a key; what belongs to the editor does not reach ComfyUI.
 *
 * @param {KeyboardEvent} event
 * @param {KeyActions} actions
 */
export function onEditorKey(event, actions) {
  event.stopPropagation();
  if (event.isComposing || event.altKey) return;
  const isDone =
    onAnyKey(event, actions) ||
    (isText(event.target) ? onTextKey(event, actions) : onCardKey(event, actions));
  if (isDone) event.preventDefault();
}

/**
 * @param {KeyboardEvent} event
 * @param {KeyActions} actions
 */
function onAnyKey(event, actions) {
  const isCtrl = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (key === "f3") return done(() => actions.findNext(event.shiftKey ? -1 : 1));
  if (!isCtrl) return false;
  if (key === "f") return done(() => actions.find("find"));
  if (key === "h") return done(() => actions.find("replace"));
  if (key === "g") return done(() => actions.findNext(event.shiftKey ? -1 : 1));
  if (key === "enter") return done(() => actions.editNext(event.shiftKey ? -1 : 1));
  const isRedo = key === "y" || (key === "z" && event.shiftKey);
  if (!isRedo && key !== "z") return false;
  const field = isText(event.target) ? event.target : null;
  // What was typed since the field got the focus is the browser's own to take back.
  if (field && !actions.isUntouched(field)) return false;
  if (isRedo) return (!field || actions.canRedo()) && done(actions.redo);
  return done(actions.undo);
}

/**
 * @param {KeyboardEvent} event
 * @param {KeyActions} actions
 */
function onTextKey(event, actions) {
  if (event.key === "Escape") return done(actions.leave);
  const isCaption = /** @type {Element} */ (event.target).closest("[data-crop]") !== null;
  return isCaption && event.key === "Enter" && !event.shiftKey && actions.leave();
}

/**
 * @param {KeyboardEvent} event
 * @param {KeyActions} actions
 */
function onCardKey(event, actions) {
  const isCtrl = event.ctrlKey || event.metaKey;
  const target = /** @type {Element} */ (event.target);
  if (event.key === "?") return done(actions.showKeys);
  if (isCtrl && event.key.toLowerCase() === "a") return done(actions.selectAll);
  if (!target.matches("[data-crop]")) return event.key === "Escape" && actions.leave();
  if (event.key === " ") return done(actions.toggle);
  if (event.key === "Enter" || event.key === "F2") return done(actions.edit);
  if (event.key === "Delete" || event.key === "Backspace") return done(actions.revert);
  return actions.move(event.key, { extend: event.shiftKey, keep: isCtrl });
}

/** @param {() => unknown} act */
function done(act) {
  act();
  return true;
}

/**
 * Whether letters typed there are text.
 *
 * @param {EventTarget | null} target
 * @returns {target is HTMLInputElement | HTMLTextAreaElement}
 */
export function isText(target) {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && ["text", "search"].includes(target.type);
}

/** Show the list of keys. */
export function showKeys() {
  openKeyList("Keys of the caption editor", LIST, "On a Mac, Cmd works like Ctrl.");
}
