// @ts-check
// The button on the node, and the window that it opens.
import { afterExecuted, setWidgetValue, widgetValue } from "../comfy_shim.js";
import { ask, openDialog } from "../ui/dialog.js";
import { make, makeButton } from "../ui/dom.js";
import { addNodeButton } from "../ui/node_button.js";
import { CropEditor } from "./editor.js";
import { PlanSource } from "./opening.js";
import { addCropStyle } from "./style.js";
import { StoredTextError } from "./text/fields.js";
import { parseStored } from "./text/stored.js";

/** @typedef {import("../comfy_shim.js").ComfyNode} ComfyNode */
/** @typedef {import("./types.js").Plan} Plan */

/**
 * @typedef {object} CropPage
 * @property {(key: string) => Promise<Plan | null>} readPlan
 * @property {(key: string, side: number) => string} pictureAddress
 * @property {(node: ComfyNode, onWaiting: () => void) => Promise<Record<string, unknown> | null>} run
 * @property {() => boolean} canSave whether ComfyUI can save the workflow without a question
 * @property {() => () => void} holdUndo keeps ComfyUI's own undo away until the answer is called
 */

const WIDGET = "boxes";
const RESCUE_MS = 60_000;

/**
 * Give a Crop to Buckets node its button.
 *
 * @param {ComfyNode} node
 * @param {CropPage} page
 */
export function attachCropEditor(node, page) {
  addCropStyle();
  const source = new PlanSource({
    readPlan: page.readPlan,
    run: (onWaiting) => page.run(node, onWaiting),
    settings: () => settingsOf(node),
  });
  afterExecuted(node, (output) => source.take(output));
  addNodeButton(node, "Edit crops", "Look through all crops and change them by hand", () => void open());
  async function open() {
    if (await isReadable(node)) new CropWindow(node, page, source);
  }
}

/**
 * What a plan follows from, as far as the node itself says.
 *
 * @param {ComfyNode} node
 */
function settingsOf(node) {
  const plain = (node.widgets ?? []).filter(
    ({ name, value, serialize }) =>
      name !== WIDGET && serialize !== false && ["string", "number", "boolean"].includes(typeof value),
  );
  return JSON.stringify(plain.map(({ name, value }) => [name, value]));
}

/** @param {ComfyNode} node */
function textOf(node) {
  return String(widgetValue(node, WIDGET) ?? "");
}

/**
 * Whether the stored boxes can be read; if not, the user decides whether they are given up.
 *
 * @param {ComfyNode} node
 */
async function isReadable(node) {
  try {
    parseStored(textOf(node));
    return true;
  } catch (error) {
    if (!(error instanceof StoredTextError)) throw error;
    const isGivenUp = await ask({
      title: "The stored boxes cannot be read",
      text: `The text in '${WIDGET}' cannot be used: ${error.message}. Empty it to begin again from the proposals, or cancel and mend it; until then it stays as it is.`,
      yes: "Empty it",
      isDangerous: true,
    });
    if (isGivenUp) setWidgetValue(node, WIDGET, "");
    return isGivenUp;
  }
}

/** The window, from the press on the button until it is closed. */
class CropWindow {
  /** @type {CropEditor | null} */
  #editor = null;
  #isOpen = true;
  #rescued = -Infinity;

  /**
   * @param {ComfyNode} node
   * @param {CropPage} page
   * @param {PlanSource} source
   */
  constructor(node, page, source) {
    this.node = node;
    this.page = page;
    this.source = source;
    const giveUndoBack = page.holdUndo();
    const { dialog, close } = openDialog("large crops", "Crop editor", () => {
      this.#isOpen = false;
      this.#editor?.destroy();
      giveUndoBack();
    });
    this.close = close;
    this.message = make("div", { part: "crops-message", attributes: { role: "status" } });
    this.place = make("div", { part: "crops-place" });
    dialog.append(this.message, this.place);
    void this.#load(false);
  }

  /** @param {boolean} isAnew */
  async #load(isAnew) {
    this.#say("Asking for the crops.");
    try {
      const plan = await this.source.load(isAnew, (sentence) => this.#say(sentence));
      if (this.#isOpen) this.#show(plan);
    } catch (error) {
      if (this.#isOpen) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {Plan} plan */
  #show(plan) {
    this.message.hidden = true;
    if (this.#editor && this.#editor.session.plan.key === plan.key) {
      this.#editor.reload();
      return;
    }
    const key = this.#editor?.key ?? "";
    // Its last changes are written to the node, from which the new one reads them.
    this.#editor?.destroy();
    this.#editor = null;
    if (plan.pictures.length === 0) {
      this.#fail("There are no pictures. Choose a folder in Load Training Images, then try again.");
      return;
    }
    const start = { plan, stored: parseStored(textOf(this.node)), key };
    this.#editor = new CropEditor(this.place, start, {
      address: this.page.pictureAddress,
      write: (text) => setWidgetValue(this.node, WIDGET, text),
      canSave: this.page.canSave,
      runAgain: () => void this.#load(true),
      unknown: () => this.#rescue(),
      close: this.close,
    });
  }

  /** The server was restarted meanwhile: run the node again, but not for ever. */
  #rescue() {
    if (performance.now() - this.#rescued < RESCUE_MS) return;
    this.#rescued = performance.now();
    void this.#load(true);
  }

  /** @param {string} sentence */
  #say(sentence) {
    this.message.hidden = false;
    this.message.classList.toggle("above", this.#editor !== null);
    const cancel = this.#editor ? null : makeButton("Close", this.close);
    this.message.replaceChildren(make("p", { text: sentence }), ...(cancel ? [cancel] : []));
    cancel?.focus();
  }

  /** @param {string} sentence */
  #fail(sentence) {
    this.message.hidden = false;
    const again = makeButton("Try again", () => void this.#load(true), { part: "main" });
    const leave = this.#editor
      ? makeButton("Go on", () => (this.message.hidden = true))
      : makeButton("Close", this.close);
    this.message.replaceChildren(
      make("p", { text: sentence }),
      make("div", { part: "row" }, leave, again),
    );
    again.focus();
  }
}
