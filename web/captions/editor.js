// @ts-check
// The caption editor's window: puts the parts together and leads the focus.
import { make, makeButton, makeTabs, allow, isAllowed, setText } from "../ui/dom.js";
import { isText, onEditorKey, showKeys } from "./keys.js";
import { askConflicts } from "./parts/conflicts.js";
import { FieldsPanel } from "./parts/fields_panel.js";
import { makeFilters } from "./parts/filters.js";
import { FindPanel } from "./parts/find_panel.js";
import { CardGrid } from "./parts/grid.js";
import { makeNotices } from "./parts/notices.js";
import { SelectedPanel } from "./parts/selected_panel.js";
import { countOf } from "./session.js";
import { contextOf, viewOf } from "./view.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./types.js").SheetCrop} SheetCrop */

/**
 * @typedef {object} EditorOptions
 * @property {Session} session
 * @property {(crop: SheetCrop) => string} address of a crop's picture
 * @property {ReadonlySet<string>} locked inputs whose value another node gives
 * @property {() => unknown} overrides of the node, as `parseOverrides` gives them
 * @property {() => void} close
 */

export class CaptionEditor {
  /** Conflicts that were asked about, so that "Later" is not asked again at once. */
  #asked = new Set();
  #isAsking = false;
  #isDue = false;
  #remark = "";
  #turn = 0;
  #textAtFocus = "";
  #panel = "fields";

  /**
   * @param {HTMLDialogElement} dialog
   * @param {EditorOptions} options
   */
  constructor(dialog, options) {
    this.dialog = dialog;
    this.session = options.session;
    const say = (/** @type {string} */ sentence) => this.say(sentence);
    this.status = make("div", { part: "cap-status", attributes: { role: "status", "aria-live": "polite" } });
    this.undoButton = makeButton("Undo", () => isAllowed(this.undoButton) && this.#undo());
    this.redoButton = makeButton("Redo", () => isAllowed(this.redoButton) && this.#redo());
    this.filters = makeFilters(this.session, { say, onSelected: () => this.#showPanel("selected") });
    this.notices = makeNotices(this.session, {
      retry: () => void this.session.filler.now(),
      compare: () => this.#compare(this.session.conflicts.map(({ id }) => id)),
      showKind: (kind) => this.session.setFilter({ warnings: kind }),
      mendAll: (kind) => this.#mendAll(kind),
    });
    this.fields = new FieldsPanel(this.session, { ...options, say });
    this.selected = new SelectedPanel(this.session, say);
    this.find = new FindPanel(this.session, { say, go: (id) => this.#go(id), onFound: () => this.#drawSoon() });
    this.grid = new CardGrid({
      session: this.session,
      actions: this.#cardActions(),
      view: (crop) => ({ ...viewOf(this.session, crop, this.context), place: 0, count: 0 }),
      address: options.address,
    });
    this.context = contextOf(this.session, []);
    this.#assemble(options.close);
    this.session.subscribe(() => this.#drawSoon());
    this.onWindowFocus = () => this.session.filler.request();
    window.addEventListener("focus", this.onWindowFocus);
    this.draw();
    const { active } = this.session.selection;
    if (active) this.grid.focus(active);
  }

  /** @param {() => void} close */
  #assemble(close) {
    const tabs = [
      { id: "fields", label: "Fields" },
      { id: "selected", label: "Selected" },
      { id: "find", label: "Find and replace" },
    ];
    this.tabs = makeTabs("Panels", tabs, (id) => this.#showPanel(id));
    this.root = make(
      "div",
      { part: "cap-body" },
      this.grid.element,
      make(
        "aside",
        { part: "cap-side", attributes: { "aria-label": "Panels" } },
        this.tabs.element,
        this.fields.element,
        this.selected.element,
        this.find.element,
      ),
    );
    const bar = make(
      "header",
      { part: "cap-bar" },
      make("h2", { text: "Captions" }),
      this.undoButton,
      this.redoButton,
      this.status,
      makeButton("?", showKeys, { title: "Keys", attributes: { "aria-label": "List of keys" } }),
      makeButton("Close", close, { title: "Everything is kept on the node (Escape)" }),
    );
    this.dialog.replaceChildren(bar, this.filters.element, this.notices.element, this.root);
    this.dialog.addEventListener("keydown", (event) => onEditorKey(event, this.#keyActions()));
    for (const name of ["copy", "cut", "paste"]) this.dialog.addEventListener(name, (event) => event.stopPropagation());
    this.dialog.addEventListener("focusin", ({ target }) => {
      if (isText(target)) this.#textAtFocus = target.value;
    });
    this.#showPanel("fields");
  }

  destroy() {
    window.removeEventListener("focus", this.onWindowFocus);
    this.grid.destroy();
    this.session.end();
  }

  /** Tell what happened, also to a screen reader. @param {string} sentence */
  say(sentence) {
    setText(this.status, sentence);
    this.status.title = sentence;
  }

  /** Something of the moment above the grid, such as waiting; "" takes it away. @param {string} remark */
  remark(remark) {
    this.#remark = remark;
    this.#drawSoon();
  }

  /** Show everything as it is now. */
  draw() {
    const { session } = this;
    const { history } = session;
    this.find.update();
    this.context = contextOf(session, this.find.found.changes);
    this.filters.update();
    this.notices.update(this.#remark);
    this.grid.update();
    if (this.#panel === "fields") this.fields.update();
    this.selected.update();
    const tab = this.tabs?.element.children[1];
    const count = session.selected.length;
    if (tab) setText(/** @type {HTMLElement} */ (tab), count > 1 ? `Selected (${count})` : "Selected");
    this.dialog.setAttribute("aria-busy", String(session.isPending));
    allow(this.undoButton, history.canUndo ? "" : "Nothing to undo.", "Ctrl+Z");
    allow(this.redoButton, history.canRedo ? "" : "Nothing to redo.", "Ctrl+Y");
    this.#askNewConflicts();
  }

  #drawSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.dialog.isConnected) this.draw();
    });
  }

  /** @param {string} id */
  #showPanel(id) {
    this.#panel = id;
    this.tabs?.choose(id);
    this.fields.element.hidden = id !== "fields";
    this.selected.element.hidden = id !== "selected";
    this.find.element.hidden = id !== "find";
    this.find.open(id === "find");
    if (id === "fields") this.fields.update();
  }

  /** @returns {import("./parts/card.js").CardActions} */
  #cardActions() {
    const { session } = this;
    return {
      choose: (id, how) => this.#choose(id, how),
      edit: (id) => this.#startEditing(id),
      type: (id, text) => session.write([{ id, text }], `Edited ${session.crop(id)?.name ?? id}`, `type ${id} ${this.#turn}`),
      leave: (id) => {
        if (session.editing === id) session.editing = "";
        session.history.seal();
        this.#drawSoon();
      },
      revert: (id) => this.#revert([id]),
      mend: (id, text) => {
        session.write([{ id, text }], `Mended ${session.crop(id)?.name ?? id}`);
        this.say("Mended. Undo takes it back.");
        this.grid.focus(id);
      },
      mendAll: (kind) => this.#mendAll(kind),
      compare: (id) => this.#compare([id]),
    };
  }

  /** @returns {import("./keys.js").KeyActions} */
  #keyActions() {
    const { session, grid } = this;
    const active = () => session.selection.active ?? "";
    return {
      move: (key, how) => this.#move(key, how),
      toggle: () => this.#choose(active(), { extend: false, toggle: true }),
      edit: () => this.#editText(active()),
      leave: () => grid.focus(active()),
      editNext: (by) => {
        const next = grid.neighbour(active(), by > 0 ? "ArrowRight" : "ArrowLeft");
        if (next) this.#editText(next);
        else this.say(by > 0 ? "This is the last caption." : "This is the first caption.");
      },
      revert: () => this.#revert(session.selected.map(({ id }) => id)),
      selectAll: () => {
        session.selection.set(session.order);
        session.touchSelection();
        this.say(`${countOf(session.selection.size)} selected.`);
      },
      undo: () => this.#undo(),
      redo: () => this.#redo(),
      find: (part) => {
        this.#showPanel("find");
        if (part === "find") this.find.focus();
        else this.find.replacement.focus();
      },
      findNext: (by) => {
        this.#showPanel("find");
        if (this.find.text.value === "") this.find.focus();
        else this.find.step(by);
      },
      showKeys,
      isUntouched: (field) => field.value === this.#textAtFocus,
      canRedo: () => session.history.canRedo,
    };
  }

  /**
   * @param {string} id
   * @param {{ extend: boolean, toggle: boolean }} how
   */
  #choose(id, how) {
    const { session } = this;
    session.selection.choose(id, session.order, how);
    this.draw();
    this.grid.focus(id);
    if (session.selection.size > 1) {
      this.say(`${countOf(session.selection.size)} selected.`);
      if (this.#panel === "fields") this.#showPanel("selected");
    } else if (this.#panel === "selected") this.#showPanel("fields");
  }

  /**
   * @param {string} key
   * @param {{ extend: boolean, keep: boolean }} how
   */
  #move(key, { extend, keep }) {
    const { session } = this;
    const next = this.grid.neighbour(session.selection.active ?? "", key);
    if (next === null) return false;
    if (keep) session.selection.active = next;
    if (!keep) this.#choose(next, { extend, toggle: false });
    this.draw();
    this.grid.focus(next);
    return true;
  }

  /** @param {string} id */
  #editText(id) {
    this.session.selection.active = id;
    this.draw();
    this.grid.focus(id, "text");
  }

  /** The text of a card has the focus. @param {string} id */
  #startEditing(id) {
    const { session } = this;
    this.#turn += 1;
    session.editing = id;
    if (!session.selection.ids.has(id)) session.selection.choose(id, session.order);
    session.selection.active = id;
    if (this.#panel === "selected" && session.selection.size === 1) this.#showPanel("fields");
    this.#drawSoon();
  }

  /** @param {string} id */
  #go(id) {
    const { session } = this;
    if (!session.order.includes(id)) session.setFilter({ text: "", shot: "", view: "", origin: "", warnings: "" });
    session.selection.choose(id, session.order);
    this.draw();
    this.grid.reveal(id);
  }

  /** @param {readonly string[]} ids */
  #revert(ids) {
    const edited = ids.filter((id) => this.session.isEdited(id));
    if (edited.length === 0) {
      this.say("Nothing is edited there.");
      return;
    }
    this.session.revert(edited);
    this.say(`Reverted ${countOf(edited.length)}. Undo brings it back.`);
    const { active } = this.session.selection;
    if (active && !isText(document.activeElement)) this.grid.focus(active);
  }

  /** @param {string} kind */
  #mendAll(kind) {
    const count = this.session.mendAll(kind);
    this.say(`Mended ${countOf(count)}. Undo takes it back.`);
  }

  #undo() {
    const label = this.session.undo();
    this.#afterStep(label === null ? "Nothing to undo." : `Taken back: ${label}.`);
  }

  #redo() {
    const label = this.session.redo();
    this.#afterStep(label === null ? "Nothing to redo." : `Done again: ${label}.`);
  }

  /** @param {string} sentence */
  #afterStep(sentence) {
    this.say(sentence);
    this.draw();
    // The text that has the focus may be another one now, and nothing was typed into it.
    if (isText(document.activeElement)) this.#textAtFocus = document.activeElement.value;
  }

  #askNewConflicts() {
    if (this.#isAsking || this.session.editing) return;
    const fresh = this.session.conflicts.filter(({ id }) => !this.#asked.has(this.#conflictKey(id)));
    if (fresh.length > 0) this.#compare(fresh.map(({ id }) => id));
  }

  /** @param {string} id */
  #conflictKey(id) {
    const conflict = this.session.filled.get(id)?.conflict;
    return `${id}\n${conflict?.kind}\n${conflict?.theirs}`;
  }

  /** @param {string[]} ids */
  #compare(ids) {
    if (this.#isAsking) return;
    for (const id of ids) this.#asked.add(this.#conflictKey(id));
    this.#isAsking = true;
    askConflicts(this.session, ids, (decided) => {
      this.#isAsking = false;
      this.say(decided === 0 ? "Nothing was decided; the caption stays as it is here." : `Decided ${countOf(decided)}.`);
      this.#drawSoon();
    });
  }
}
