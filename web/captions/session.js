// @ts-check
// One sitting at the captions: the sheet, what is edited, what the server makes of it. No elements.
import { joinText, mendsOf, revertAll, revertCrops, setField, writeTexts } from "./data/changes.js";
import { Filler } from "./data/filler.js";
import { isShown, NO_FILTER } from "./data/filtering.js";
import { History } from "../ui/history.js";
import { Selection } from "./data/selection.js";

/** @typedef {import("./types.js").Sheet} Sheet */
/** @typedef {import("./types.js").SheetCrop} SheetCrop */
/** @typedef {import("./types.js").Filled} Filled */
/** @typedef {import("./types.js").FillAnswer} FillAnswer */
/** @typedef {import("./types.js").State} State */
/** @typedef {import("./types.js").Link} Link */
/** @typedef {import("./data/filtering.js").Filter} Filter */

const MOST_MENDS = 6;

export class Session {
  /** @type {Map<string, Filled>} */
  filled = new Map();
  /** @type {import("./types.js").Finding[]} */
  general = [];
  /** Why the server gave no answer, as a sentence; "" when it did. */
  problem = "";
  selection = new Selection();
  /** @type {Filter} */
  filter = NO_FILTER;
  /** The crop that is being typed in; it stays in view whatever the filter says. */
  editing = "";
  /** @type {SheetCrop[]} */
  shown = [];
  /** @type {Map<string, SheetCrop>} */
  #crops = new Map();
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #isRecovering = false;
  /** @type {{ kind: string, left: number } | null} */
  #mending = null;

  /**
   * @param {Sheet} sheet
   * @param {State} state
   * @param {Link} link
   */
  constructor(sheet, state, link) {
    this.link = link;
    this.history = new History(state);
    this.filler = new Filler({
      ask: () => link.fill(this.state),
      deliver: (/** @type {FillAnswer} */ answer) => this.#deliver(answer),
      fail: (error) => void this.fail(error),
      onChange: () => this.#tell(),
    });
    this.sheet = sheet;
    this.#setSheet(sheet);
  }

  get state() {
    return this.history.present;
  }

  get isPending() {
    return this.filler.isPending || this.#isRecovering;
  }

  /**
   * @param {() => void} listener called after every change
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {string} id */
  crop(id) {
    return this.#crops.get(id) ?? null;
  }

  /** The caption as it is now, before the server has seen it. @param {string} id */
  captionOf(id) {
    return this.state.edits.crops[id]?.text ?? this.filled.get(id)?.caption ?? "";
  }

  /** Where a caption comes from. @param {string} id */
  originOf(id) {
    if (this.state.edits.crops[id]?.text !== undefined) return "editor";
    const origin = this.filled.get(id)?.start_origin ?? "template";
    return origin === "editor" ? "fields" : origin;
  }

  /** @param {string} id */
  isEdited(id) {
    return this.state.edits.crops[id] !== undefined;
  }

  /** Ids of what is shown, in order. */
  get order() {
    return this.shown.map(({ id }) => id);
  }

  /** Crops that are selected and shown. */
  get selected() {
    return this.shown.filter(({ id }) => this.selection.ids.has(id));
  }

  /** Crops whose caption is another one in a file. */
  get conflicts() {
    return this.sheet.crops.filter(({ id }) => this.filled.get(id)?.conflict);
  }

  /** @param {Partial<Filter>} change */
  setFilter(change) {
    this.filter = { ...this.filter, ...change };
    this.#show();
    this.selection.keep(this.order);
    this.#tell();
  }

  /** Something of the selection was changed from outside. */
  touchSelection() {
    this.#tell();
  }

  /**
   * Take a new state.
   *
   * @param {Partial<State>} change
   * @param {string} label what was done
   * @param {string} [key] of steps that are one
   */
  take(change, label, key = "") {
    const before = this.state;
    const names = /** @type {(keyof State)[]} */ (Object.keys(change));
    if (names.every((name) => change[name] === before[name])) return;
    this.history.push({ ...before, ...change }, label, key);
    this.#changed();
  }

  /**
   * @param {{ id: string, text: string }[]} texts
   * @param {string} label
   * @param {string} [key]
   */
  write(texts, label, key = "") {
    this.take({ edits: writeTexts(this.state.edits, texts, (id) => this.filled.get(id)) }, label, key);
  }

  /**
   * Put words before or after captions.
   *
   * @param {readonly string[]} ids
   * @param {string} words
   * @param {"before" | "after"} where
   */
  join(ids, words, where) {
    const texts = ids.map((id) => ({ id, text: joinText(this.captionOf(id), words, where) }));
    this.write(texts, `Text put ${where} ${countOf(ids.length)}`);
  }

  /**
   * @param {SheetCrop[]} crops
   * @param {{ name: string, value: string | null, level: "crop" | "picture" | "node" }} field
   * @param {string} label
   * @param {string} [key]
   */
  setField(crops, field, label, key = "") {
    const { name, value, level } = field;
    if (level === "node") this.take({ fields: { ...this.state.fields, [name]: value ?? "" } }, label, key);
    else this.take({ edits: setField(this.state.edits, crops, { name, value, level }) }, label, key);
  }

  /** @param {readonly string[]} ids */
  revert(ids) {
    this.take({ edits: revertCrops(this.state.edits, ids) }, `Reverted ${countOf(ids.length)}`);
  }

  revertAll() {
    this.take({ edits: revertAll(this.state.edits, this.sheet.crops) }, "Reverted everything");
  }

  /** Mend every warning of a kind that can be mended. @param {string} kind */
  mendAll(kind) {
    const mends = mendsOf(this.filled, kind);
    this.history.seal();
    this.#mending = { kind, left: MOST_MENDS };
    this.write(mends, `Mended ${countOf(mends.length)}`, `mend ${kind}`);
    return mends.length;
  }

  /** @returns {string | null} what was taken back */
  undo() {
    const label = this.history.undo();
    if (label !== null) this.#changed();
    return label;
  }

  /** @returns {string | null} what was done again */
  redo() {
    const label = this.history.redo();
    if (label !== null) this.#changed();
    return label;
  }

  /** Go on with another sheet, such as that of a later run. @param {Sheet} sheet */
  renew(sheet) {
    this.#setSheet(sheet);
    void this.filler.now();
  }

  end() {
    this.filler.end();
    this.#listeners.clear();
  }

  #changed() {
    this.link.save(this.state);
    this.#show();
    this.filler.request();
  }

  /** @param {Sheet} sheet */
  #setSheet(sheet) {
    this.sheet = sheet;
    this.#crops = new Map(sheet.crops.map((crop) => [crop.id, crop]));
    this.#show();
    this.selection.keep(this.order);
    this.selection.active ??= this.order[0] ?? null;
  }

  #show() {
    this.shown = this.sheet.crops.filter((crop) => {
      if (crop.id === this.editing) return true;
      const warnings = this.filled.get(crop.id)?.warnings ?? [];
      const facts = { caption: this.captionOf(crop.id), origin: this.originOf(crop.id), warnings };
      return isShown(crop, facts, this.filter);
    });
  }

  /** @param {FillAnswer} answer */
  #deliver(answer) {
    this.problem = "";
    this.filled = new Map(Object.entries(answer.crops));
    this.general = answer.general;
    const mending = this.#mending;
    this.#mending = null;
    if (mending && !this.#mendOn(mending)) this.history.seal();
    this.#show();
    this.selection.keep(this.order);
    this.#tell();
  }

  /**
   * Captions that had several warnings of the kind have one less now.
   *
   * @param {{ kind: string, left: number }} mending
   */
  #mendOn({ kind, left }) {
    const mends = left > 1 ? mendsOf(this.filled, kind) : [];
    if (mends.length === 0) return false;
    this.#mending = { kind, left: left - 1 };
    this.write(mends, "Mended", `mend ${kind}`);
    return true;
  }

  /** The server gave no answer. @param {unknown} error */
  async fail(error) {
    this.#isRecovering = true;
    const sheet = await this.link.recover(error);
    this.#isRecovering = false;
    if (!sheet) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#tell();
      return;
    }
    this.renew(sheet);
  }

  #tell() {
    for (const listener of [...this.#listeners]) listener();
  }
}

/**
 * @param {number} count
 * @returns {string} "1 caption", "3 captions"
 */
export function countOf(count) {
  return count === 1 ? "1 caption" : `${count.toLocaleString("en")} captions`;
}
