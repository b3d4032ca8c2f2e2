// @ts-check
// Windows above the page: questions, and large views. The browser's own <dialog> keeps the focus.
import { make, makeButton } from "./dom.js";
import { addStyle } from "./style.js";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} text
 * @property {string} yes what the button says that does it
 * @property {boolean} [isDangerous]
 */

/**
 * Ask before something is done; Escape and Cancel mean no.
 *
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
export function ask(question) {
  return new Promise((resolve) => {
    const { dialog, close } = openDialog("question", question.title, () => resolve(false));
    const answer = (/** @type {boolean} */ value) => {
      resolve(value);
      close();
    };
    const yes = makeButton(question.yes, () => answer(true), {
      part: question.isDangerous ? "danger" : "main",
    });
    const no = makeButton("Cancel", () => answer(false));
    dialog.append(
      make("h2", { text: question.title }),
      make("p", { text: question.text }),
      make("div", { part: "row end" }, no, yes),
    );
    (question.isDangerous ? no : yes).focus();
  });
}

/**
 * Open an empty window.
 *
 * @param {string} part its class, without the pack's prefix
 * @param {string} label for the screen reader
 * @param {() => void} onClose called once, however it is closed
 * @returns {{ dialog: HTMLDialogElement, close: () => void }}
 */
export function openDialog(part, label, onClose) {
  addStyle();
  const before = document.activeElement;
  const dialog = make("dialog", {
    part: `root dialog ${part}`,
    attributes: { "aria-label": label },
    on: { keydown: stopShortcuts },
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose();
    if (before instanceof HTMLElement) before.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close: () => dialog.close() };
}

/**
 * ComfyUI listens to single letters on the whole page; keys that are meant for the pack end here.
 *
 * @param {KeyboardEvent} event
 */
export function stopShortcuts(event) {
  if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
}
