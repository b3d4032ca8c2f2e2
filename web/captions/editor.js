// @ts-check
// The caption editor's window: puts the parts together and leads the focus.
import { allow, isAllowed, make, makeButton, makeTabs, setText } from "../ui/dom.js";
import { Commands } from "./commands.js";
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
  panel = "fields";

  /**
   * @param {HTMLDialogElement} dialog
   * @param {EditorOptions} options
   */
  constructor(dialog, options) {
    this.dialog = dialog;
    this.session = options.session;
    const say = (/** @type {string} */ sentence) => this.say(sentence);
    this.commands = new Commands(this);
    this.status = make("div", { part: "cap-status", attributes: { role: "status", "aria-live": "polite" } });
    this.undoButton = makeButton("Undo", () => isAllowed(this.undoButton) && this.commands.undo());
    this.redoButton = makeButton("Redo", () => isAllowed(this.redoButton) && this.commands.redo());
    this.filters = makeFilters(this.session, { say, onSelected: () => this.showPanel("selected") });
    this.notices = makeNotices(this.session, {
      retry: () => void this.session.filler.now(),
      compare: () => this.compare(this.session.conflicts.map(({ id }) => id)),
      showKind: (kind) => this.session.setFilter({ warnings: kind }),
      mendAll: (kind) => this.commands.mendAll(kind),
    });
    this.fields = new FieldsPanel(this.session, { ...options, say });
    this.selected = new SelectedPanel(this.session, say);
    this.find = new FindPanel(this.session, {
      say,
      go: (id) => this.commands.go(id),
      onFound: () => this.drawSoon(),
    });
    this.grid = new CardGrid({
      session: this.session,
      actions: this.commands.cardActions(),
      view: (crop) => ({ ...viewOf(this.session, crop, this.context), place: 0, count: 0 }),
      address: options.address,
    });
    this.context = contextOf(this.session, []);
    this.#assemble(options.close);
    this.session.subscribe(() => this.drawSoon());
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
    this.tabs = makeTabs("Panels", tabs, (id) => this.showPanel(id));
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
    this.dialog.addEventListener("keydown", (event) => onEditorKey(event, this.commands.keyActions()));
    for (const name of ["copy", "cut", "paste"])
      this.dialog.addEventListener(name, (event) => event.stopPropagation());
    this.dialog.addEventListener("focusin", ({ target }) => {
      if (isText(target)) this.commands.textAtFocus = target.value;
    });
    this.showPanel("fields");
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
    this.drawSoon();
  }

  /** Show everything as it is now. */
  draw() {
    const { session } = this;
    const { history } = session;
    this.find.update();
    this.context = contextOf(session, this.find.found.changes);
    this.filters.update();
    this.notices.update(this.#remark);
    this.#drawGrid();
    if (this.panel === "fields") this.fields.update();
    this.selected.update();
    const tab = this.tabs?.element.children[1];
    const count = session.selected.length;
    if (tab) setText(/** @type {HTMLElement} */ (tab), count > 1 ? `Selected (${count})` : "Selected");
    this.dialog.setAttribute("aria-busy", String(session.isPending));
    allow(this.undoButton, history.lastDone !== null ? "" : "Nothing to undo.", "Ctrl+Z");
    allow(this.redoButton, history.lastUndone !== null ? "" : "Nothing to redo.", "Ctrl+Y");
    this.#askNewConflicts();
  }

  /** The focus stays in the grid, also when its card is filtered away. */
  #drawGrid() {
    const { grid, session } = this;
    const isInside = () => grid.element.contains(document.activeElement);
    const wasInside = isInside();
    grid.update();
    if (wasInside && !isInside() && session.selection.active) grid.focus(session.selection.active);
  }

  /** Show everything with the next frame. */
  drawSoon() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.dialog.isConnected) this.draw();
    });
  }

  /** Show one of the panels beside the grid. @param {string} id "fields", "selected" or "find" */
  showPanel(id) {
    this.panel = id;
    this.tabs?.choose(id);
    this.fields.element.hidden = id !== "fields";
    this.selected.element.hidden = id !== "selected";
    this.find.element.hidden = id !== "find";
    this.find.open(id === "find");
    if (id === "fields") this.fields.update();
  }

  #askNewConflicts() {
    if (this.#isAsking || this.session.editing) return;
    const fresh = this.session.conflicts.filter(({ id }) => !this.#asked.has(this.#conflictKey(id)));
    if (fresh.length > 0) this.compare(fresh.map(({ id }) => id));
  }

  /** @param {string} id */
  #conflictKey(id) {
    const conflict = this.session.filled.get(id)?.conflict;
    return `${id}\n${conflict?.kind}\n${conflict?.theirs}`;
  }

  /** Ask about captions that are another text in a file. @param {string[]} ids */
  compare(ids) {
    if (this.#isAsking) return;
    for (const id of ids) this.#asked.add(this.#conflictKey(id));
    this.#isAsking = true;
    askConflicts(this.session, ids, (decided) => {
      this.#isAsking = false;
      this.say(
        decided === 0
          ? "Nothing was decided; the caption stays as it is here."
          : `Decided ${countOf(decided)}.`,
      );
      this.drawSoon();
    });
  }
}
