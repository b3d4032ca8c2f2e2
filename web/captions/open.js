// @ts-check
// The button on the node: opens the caption editor and keeps the node's widgets as the editor says.
import { holdUndo, runUpTo } from "../comfy_page.js";
import { afterExecuted, isLinked, setWidgetValue, widgetValue } from "../comfy_shim.js";
import { ask, openDialog } from "../ui/dialog.js";
import { make, makeButton, setText } from "../ui/dom.js";
import { addNodeButton } from "../ui/node_button.js";
import { Saver } from "../ui/saver.js";
import { EditsError, formatEdits, NO_EDITS, parseEdits } from "./data/edits.js";
import { parseOverrides } from "./data/fields.js";
import { CaptionEditor } from "./editor.js";
import { cropAddress, fillSheet, isLost, readSheet, settleCaption } from "./server.js";
import { Session } from "./session.js";
import { addCaptionStyle } from "./style.js";

/** @typedef {import("../comfy_shim.js").ComfyNode} ComfyNode */
/** @typedef {import("./types.js").Sheet} Sheet */
/** @typedef {import("./types.js").State} State */

const WIDGET = "edited_captions";
const OUTPUT = "hunyuan_caption_sheet";
const WAITING =
  "ComfyUI is busy, so these are the crops of the node's last run; they are renewed when it has run again.";
const BUSY = "ComfyUI is busy. The node runs as soon as what is in the queue before it is done.";

/**
 * Give a node of captions its button.
 *
 * @param {ComfyNode} node
 */
export function attachCaptionEditor(node) {
  /** @type {{ sheet: string | null }} */
  const last = { sheet: null };
  afterExecuted(node, (output) => (last.sheet = sheetKey(output) ?? last.sheet));
  let isOpen = false;
  const open = async () => {
    if (isOpen) return;
    isOpen = true;
    try {
      await editCaptions(node, last);
    } finally {
      isOpen = false;
    }
  };
  addNodeButton(node, "Edit captions", "Look through all captions and write them by hand", () => void open());
}

/**
 * @param {Record<string, unknown> | null} output of the node
 * @returns {string | null}
 */
function sheetKey(output) {
  const keys = output?.[OUTPUT];
  return Array.isArray(keys) && typeof keys[0] === "string" ? keys[0] : null;
}

/**
 * @param {ComfyNode} node
 * @param {{ sheet: string | null }} last the sheet of the node's last run
 * @returns {Promise<void>} when the editor is closed
 */
async function editCaptions(node, last) {
  addCaptionStyle();
  const edits = await readEdits(node);
  if (edits === null) return;
  const release = holdUndo();
  await new Promise((/** @type {(value: null) => void} */ resolve) => {
    const { dialog, close } = openDialog("captions", "Edit captions", () => {
      opening.end();
      resolve(null);
    });
    const opening = new Opening(node, last, { dialog, close, edits });
    void opening.start();
  });
  release();
}

/**
 * What the widget holds; a text that cannot be read is only replaced when the user says so.
 *
 * @param {ComfyNode} node
 */
async function readEdits(node) {
  try {
    return parseEdits(String(widgetValue(node, WIDGET) ?? ""));
  } catch (error) {
    if (!(error instanceof EditsError)) throw error;
    const isSure = await ask({
      title: "Begin anew?",
      text: `${error.message} It stays as it is until you begin anew, which replaces it; copy it first if you may need it.`,
      yes: "Begin anew",
      isDangerous: true,
    });
    if (!isSure) return null;
    setWidgetValue(node, WIDGET, "");
    return NO_EDITS;
  }
}

/** One opening of the window, from the run of the node to the last save. */
class Opening {
  /** @type {CaptionEditor | null} */
  #editor = null;
  /** @type {State | null} */
  #unsaved = null;
  #isOver = false;
  #remark = "";
  /** @type {ReadonlySet<string>} */
  #locked = new Set();
  #saver = new Saver(() => this.#write());

  /**
   * @param {ComfyNode} node
   * @param {{ sheet: string | null }} last
   * @param {{ dialog: HTMLDialogElement, close: () => void, edits: import("./data/edits.js").Edits }} parts
   */
  constructor(node, last, { dialog, close, edits }) {
    this.node = node;
    this.last = last;
    this.dialog = dialog;
    this.close = close;
    this.edits = edits;
    this.words = make("p", { attributes: { role: "status" } });
    this.key = "";
  }

  async start() {
    const again = makeButton("Try again", () => void this.start(), { part: "main" });
    again.hidden = true;
    const wait = make(
      "div",
      { part: "cap-wait" },
      this.words,
      make("div", { part: "row" }, again, makeButton("Close", this.close)),
    );
    this.dialog.replaceChildren(wait);
    setText(this.words, "Running the node for its crops…");
    try {
      const sheet = await this.#findSheet((sentence) => setText(this.words, sentence));
      if (this.#isOver) return;
      if (sheet) this.#open(sheet);
      else
        setText(
          this.words,
          "The node did not run, so there are no crops to write captions for. Close this window to read why.",
        );
    } catch (error) {
      setText(this.words, error instanceof Error ? error.message : String(error));
    }
    again.hidden = false;
  }

  /** @param {Sheet} sheet */
  #open(sheet) {
    const { node } = this;
    this.key = sheet.key;
    const names = Object.keys(sheet.fields);
    const locked = new Set([...names, "template"].filter((name) => isLinked(node, name)));
    const state = {
      edits: this.edits,
      template: this.#ownTemplate(sheet, locked),
      fields: this.#ownFields(sheet, locked),
    };
    const session = new Session(sheet, state, {
      fill: (now) => fillSheet(this.key, now, this.#settings()),
      settle: (id, text) => settleCaption(this.key, id, text),
      save: (now) => this.#saveSoon(now),
      recover: (error) => this.#recover(error),
    });
    this.#locked = locked;
    this.#editor = new CaptionEditor(this.dialog, {
      session,
      address: cropAddress,
      locked,
      overrides: () => parseOverrides(this.#settings().overrides),
      close: this.close,
    });
    this.#editor.remark(this.#remark);
    void session.filler.now();
  }

  /** The window is closed: nothing may be lost. */
  end() {
    this.#isOver = true;
    this.#saver.now();
    this.#editor?.destroy();
  }

  /**
   * The sheet of a run of now. While ComfyUI is busy that of the last run, with the other one later.
   *
   * @param {(sentence: string) => void} say
   * @returns {Promise<Sheet | null>}
   */
  async #findSheet(say) {
    /** @type {(sheet: Sheet) => void} */
    let give = () => undefined;
    const known = new Promise((/** @type {(sheet: Sheet) => void} */ resolve) => (give = resolve));
    const onWaiting = async () => {
      say(BUSY);
      const { sheet } = this.last;
      if (sheet !== null) await readSheet(sheet).then(give, () => undefined);
    };
    const run = runUpTo(this.node, () => void onWaiting()).then(async (output) => {
      const key = sheetKey(output);
      return key === null ? null : readSheet(key);
    });
    const first = await Promise.race([run, known.then((sheet) => ({ ...sheet, isOld: true }))]);
    if (first && "isOld" in first) {
      this.#remark = WAITING;
      void run.then((sheet) => this.#renew(sheet)).catch(() => this.#renew(null));
    }
    return first;
  }

  /**
   * The node has run after all.
   *
   * @param {Sheet | null} sheet
   */
  #renew(sheet) {
    this.#remark = "";
    this.#editor?.remark("");
    if (!sheet || this.#isOver || sheet.key === this.key) return;
    this.key = sheet.key;
    this.#editor?.session.renew(sheet);
  }

  /**
   * The server was started anew and knows nothing: run the node again and go on.
   *
   * @param {unknown} error
   */
  async #recover(error) {
    if (!isLost(error) || this.#isOver) return null;
    this.#saver.now();
    this.last.sheet = null;
    this.#editor?.remark(
      "The server does not know these crops any more, so the node is run again. Go on typing.",
    );
    const sheet = await this.#findSheet((sentence) => this.#editor?.remark(sentence)).catch(() => null);
    this.#editor?.remark(this.#remark);
    if (sheet) this.key = sheet.key;
    return sheet;
  }

  #settings() {
    return {
      keep_existing: Boolean(widgetValue(this.node, "keep_existing") ?? true),
      overrides: String(widgetValue(this.node, "overrides") ?? ""),
    };
  }

  /**
   * @param {Sheet} sheet
   * @param {ReadonlySet<string>} locked
   */
  #ownTemplate(sheet, locked) {
    return locked.has("template") ? sheet.template : String(widgetValue(this.node, "template") ?? "");
  }

  /**
   * @param {Sheet} sheet
   * @param {ReadonlySet<string>} locked
   */
  #ownFields(sheet, locked) {
    const own = Object.entries(sheet.fields).map(([name, value]) => [
      name,
      locked.has(name) ? value : String(widgetValue(this.node, name) ?? value),
    ]);
    return /** @type {Record<string, string>} */ (Object.fromEntries(own));
  }

  /** @param {State} state */
  #saveSoon(state) {
    this.#unsaved = state;
    this.#saver.later();
  }

  #write() {
    const state = this.#unsaved;
    this.#unsaved = null;
    if (state === null) return;
    const { node } = this;
    // What was not edited keeps its very letters.
    if (state.edits !== this.edits) setWidgetValue(node, WIDGET, formatEdits(state.edits));
    this.edits = state.edits;
    if (!this.#locked.has("template")) setWidgetValue(node, "template", state.template);
    for (const [name, value] of Object.entries(state.fields)) {
      if (!this.#locked.has(name)) setWidgetValue(node, name, value);
    }
  }
}
