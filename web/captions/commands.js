// @ts-check
// What the user does to captions, by the mouse or the keyboard, and what is said about it.
import { NO_FILTER } from "./data/filtering.js";
import { isText, showKeys } from "./keys.js";
import { countOf } from "./session.js";

export class Commands {
  /** Text of the field that has the focus, as it was when it got it. */
  textAtFocus = "";
  #turn = 0;

  /** @param {import("./editor.js").CaptionEditor} editor */
  constructor(editor) {
    this.editor = editor;
  }

  get session() {
    return this.editor.session;
  }

  get grid() {
    return this.editor.grid;
  }

  /** What cards do. @returns {import("./parts/card.js").CardActions} */
  cardActions() {
    const { session } = this;
    return {
      choose: (id, how) => this.#choose(id, how),
      edit: (id) => this.#startEditing(id),
      type: (id, text) =>
        session.write([{ id, text }], `Edited ${session.crop(id)?.name ?? id}`, `type ${id} ${this.#turn}`),
      leave: (id) => {
        if (session.editing === id) session.editing = "";
        session.history.seal();
        this.editor.drawSoon();
      },
      revert: (id) => this.#revert([id]),
      mend: (id, text) => {
        session.write([{ id, text }], `Mended ${session.crop(id)?.name ?? id}`);
        this.editor.say("Mended. Undo takes it back.");
        this.grid.focus(id);
      },
      mendAll: (kind) => this.mendAll(kind),
      compare: (id) => this.editor.compare([id]),
    };
  }

  /** What keys do. @returns {import("./keys.js").KeyActions} */
  keyActions() {
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
        else this.editor.say(by > 0 ? "This is the last caption." : "This is the first caption.");
      },
      revert: () => this.#revert(session.selected.map(({ id }) => id)),
      selectAll: () => {
        session.selection.set(session.order);
        session.touchSelection();
        this.editor.say(`${countOf(session.selection.size)} selected.`);
      },
      undo: () => this.undo(),
      redo: () => this.redo(),
      find: (part) => {
        this.editor.showPanel("find");
        if (part === "find") this.editor.find.focus();
        else this.editor.find.replacement.focus();
      },
      findNext: (by) => {
        this.editor.showPanel("find");
        if (this.editor.find.text.value === "") this.editor.find.focus();
        else this.editor.find.step(by);
      },
      showKeys,
      isUntouched: (field) => field.value === this.textAtFocus,
      canRedo: () => session.history.lastUndone !== null,
    };
  }

  /**
   * @param {string} id
   * @param {{ extend: boolean, toggle: boolean }} how
   */
  #choose(id, how) {
    const { session } = this;
    session.selection.choose(id, session.order, how);
    this.editor.draw();
    this.grid.focus(id);
    if (session.selection.size > 1) {
      this.editor.say(`${countOf(session.selection.size)} selected.`);
      if (this.editor.panel === "fields") this.editor.showPanel("selected");
    } else if (this.editor.panel === "selected") this.editor.showPanel("fields");
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
    this.editor.draw();
    this.grid.focus(next);
    return true;
  }

  /** @param {string} id */
  #editText(id) {
    this.session.selection.active = id;
    this.editor.draw();
    this.grid.focus(id, "text");
  }

  /** The text of a card has the focus. @param {string} id */
  #startEditing(id) {
    const { session } = this;
    this.#turn += 1;
    session.editing = id;
    if (!session.selection.ids.has(id)) session.selection.choose(id, session.order);
    session.selection.active = id;
    if (this.editor.panel === "selected" && session.selection.size === 1) this.editor.showPanel("fields");
    this.editor.drawSoon();
  }

  /** Select a caption and bring it into view. @param {string} id */
  go(id) {
    const { session } = this;
    if (!session.order.includes(id)) session.setFilter(NO_FILTER);
    session.selection.choose(id, session.order);
    this.editor.draw();
    this.grid.reveal(id);
  }

  /** @param {readonly string[]} ids */
  #revert(ids) {
    const edited = ids.filter((id) => this.session.isEdited(id));
    if (edited.length === 0) {
      this.editor.say("Nothing is edited there.");
      return;
    }
    this.session.revert(edited);
    this.editor.say(`Reverted ${countOf(edited.length)}. Undo brings it back.`);
    const { active } = this.session.selection;
    if (active && !isText(document.activeElement)) this.grid.focus(active);
  }

  /** Mend every warning of a kind. @param {string} kind */
  mendAll(kind) {
    const count = this.session.mendAll(kind);
    this.editor.say(`Mended ${countOf(count)}. Undo takes it back.`);
  }

  /** Take the last step back. */
  undo() {
    const label = this.session.undo();
    this.#afterStep(label === null ? "Nothing to undo." : `Taken back: ${label}.`);
  }

  /** Do again what was taken back. */
  redo() {
    const label = this.session.redo();
    this.#afterStep(label === null ? "Nothing to redo." : `Done again: ${label}.`);
  }

  /** @param {string} sentence */
  #afterStep(sentence) {
    this.editor.say(sentence);
    this.editor.draw();
    // The text that has the focus may be another one now, and nothing was typed into it.
    if (isText(document.activeElement)) this.textAtFocus = document.activeElement.value;
  }
}
