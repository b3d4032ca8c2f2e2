// @ts-check
// All pictures with their crops while they are edited: changes, undo and redo, the text to store.
import { History } from "../../ui/history.js";
import { formatStored } from "../text/stored.js";
import { typedFor } from "../text/typed_list.js";
import { ratioOf } from "./buckets.js";
import { isSameContent, toStored } from "./content.js";
import { fromShares } from "./geometry.js";

/** @typedef {import("../types.js").Content} Content */
/** @typedef {import("../types.js").Crop} Crop */
/** @typedef {import("../types.js").Plan} Plan */
/** @typedef {import("../types.js").PlanPicture} PlanPicture */
/** @typedef {import("../text/stored.js").Stored} Stored */
/** @typedef {import("../text/stored.js").StoredPicture} StoredPicture */

/**
 * Everything that undo brings back. Never changed; each edit makes a new one.
 *
 * @typedef {object} State
 * @property {ReadonlyMap<string, Content>} edits pictures that differ from their proposals
 * @property {ReadonlyMap<string, StoredPicture>} strangers stored pictures that are not here now
 */

/** @typedef {{ label: string, key: string }} Note what was done, and to which picture */

const SAME_EDIT_MS = 900;

/** The pictures of one plan and what was made of them. */
export class CropSession {
  #nextId = 1;
  /** @type {History<State, Note>} */
  #history;
  #lastStep = -Infinity;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {Plan} plan
   * @param {Stored} stored
   * @param {() => number} [now] milliseconds
   */
  constructor(plan, stored, now = () => performance.now()) {
    this.now = now;
    /** @type {ReadonlyMap<string, PlanPicture>} */
    this.pictures = new Map(plan.pictures.map((picture) => [picture.key, picture]));
    // Equal pictures under two names share their boxes, and are shown once.
    this.plan = { ...plan, pictures: [...this.pictures.values()] };
    /** @type {ReadonlyMap<string, Content>} */
    this.proposals = new Map(
      plan.pictures.map((picture) => [picture.key, this.#proposed(picture)]),
    );
    this.#history = new History(this.#begin(stored));
    this.hasChanged = false;
  }

  /** @returns {State} */
  get state() {
    return this.#history.present;
  }

  /** @param {string} key */
  contentOf(key) {
    return this.state.edits.get(key) ?? this.proposals.get(key) ?? { crops: [], view: "" };
  }

  /** @param {string} key */
  isEdited(key) {
    return this.state.edits.has(key);
  }

  /** The crops of every picture, in the plan's order. */
  *allCrops() {
    for (const { key } of this.plan.pictures) yield this.contentOf(key).crops;
  }

  /** A number for a new crop. */
  makeId() {
    return this.#nextId++;
  }

  /** What undo would take back, or "". */
  get undoLabel() {
    return this.#history.lastDone?.label ?? "";
  }

  /** What redo would do again, or "". */
  get redoLabel() {
    return this.#history.lastUndone?.label ?? "";
  }

  /**
   * Change what one picture gives.
   *
   * @param {string} key
   * @param {Content} content
   * @param {string} label what is done, "move the crop"
   * @param {string} [mark] steps with the same mark soon after one another are undone together
   */
  edit(key, content, label, mark = "") {
    const edits = new Map(this.state.edits);
    this.#put(edits, key, content);
    this.#step({ ...this.state, edits }, label, key, mark && `${key} ${mark}`);
  }

  /**
   * Back to the proposals.
   *
   * @param {readonly string[]} keys
   * @param {string} label
   */
  reset(keys, label) {
    const edits = new Map(this.state.edits);
    for (const key of keys) edits.delete(key);
    this.#step({ ...this.state, edits }, label, keys[0] ?? "", "");
  }

  /**
   * Give the boxes of a picture that is not here now to one that is.
   *
   * @param {string} from key of the stored picture
   * @param {string} to key of a picture of the plan
   */
  carryOver(from, to) {
    const stranger = this.state.strangers.get(from);
    const picture = this.pictures.get(to);
    if (!stranger || !picture) return;
    const strangers = new Map(this.state.strangers);
    strangers.delete(from);
    const edits = new Map(this.state.edits);
    this.#put(edits, to, this.#placed(stranger, picture));
    this.#step({ edits, strangers }, `carry the boxes of ${stranger.name} over`, to, "");
  }

  /**
   * Stored pictures that are not here, with a picture of the same name that has no boxes of its own.
   *
   * @returns {{ from: string, to: string, name: string, count: number }[]}
   */
  carryOffers() {
    /** @type {Map<string, string>} */
    const byName = new Map();
    for (const { key, name } of this.plan.pictures) {
      if (!this.isEdited(key) && !byName.has(name)) byName.set(name, key);
    }
    return [...this.state.strangers].flatMap(([from, { name, boxes }]) => {
      const to = byName.get(name);
      return to === undefined ? [] : [{ from, to, name, count: boxes.length }];
    });
  }

  /**
   * @returns {string | null} key of the picture that was changed; null when nothing is left to undo
   */
  undo() {
    return this.#turned(this.#history.undo());
  }

  /** @returns {string | null} */
  redo() {
    return this.#turned(this.#history.redo());
  }

  /**
   * Text for the `boxes` widget: the edited pictures, and those that are not here now.
   *
   * @returns {string}
   */
  toText() {
    const here = this.plan.pictures.flatMap((picture) => {
      const content = this.state.edits.get(picture.key);
      return content ? [/** @type {const} */ ([picture.key, toStored(picture, content)])] : [];
    });
    return formatStored([...here, ...this.state.strangers]);
  }

  /**
   * @param {() => void} listener called after every change
   * @returns {() => void} ends it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * @param {State} next
   * @param {string} label
   * @param {string} key
   * @param {string} mark
   */
  #step(next, label, key, mark) {
    const time = this.now();
    if (time - this.#lastStep >= SAME_EDIT_MS) this.#history.seal();
    this.#lastStep = time;
    this.#history.push(next, { label, key }, mark);
    this.#tell();
  }

  /** @param {Note | null} note */
  #turned(note) {
    if (note === null) return null;
    this.#tell();
    return note.key;
  }

  #tell() {
    this.hasChanged = true;
    for (const listener of this.#listeners) listener();
  }

  /**
   * @param {Map<string, Content>} edits
   * @param {string} key
   * @param {Content} content
   */
  #put(edits, key, content) {
    const proposed = this.proposals.get(key);
    if (proposed && isSameContent(content, proposed)) edits.delete(key);
    else edits.set(key, content);
  }

  /** @param {PlanPicture} picture */
  #proposed(picture) {
    const crops = picture.proposals.map(({ box, shot, bucket }) => {
      return { id: this.makeId(), box: fromShares(box, ratioOf(bucket), picture), shot, bucket };
    });
    return { crops, view: "" };
  }

  /**
   * @param {Stored} stored
   * @returns {State}
   */
  #begin({ pictures, typed }) {
    /** @type {Map<string, Content>} */
    const edits = new Map();
    for (const picture of this.plan.pictures) {
      const own = pictures.get(picture.key);
      if (own) this.#put(edits, picture.key, this.#placed(own, picture));
      else if (typed.length > 0) this.#putTyped(edits, picture, typed);
    }
    const strangers = [...pictures].filter(([key]) => !this.pictures.has(key));
    return { edits, strangers: new Map(strangers) };
  }

  /**
   * @param {Map<string, Content>} edits
   * @param {PlanPicture} picture
   * @param {Stored["typed"]} typed
   */
  #putTyped(edits, picture, typed) {
    const { crops, view } = typedFor(typed, picture, this.plan.buckets);
    if (crops.length === 0) return;
    const numbered = crops.map((crop) => ({ ...crop, id: this.makeId() }));
    this.#put(edits, picture.key, { crops: numbered, view });
  }

  /**
   * @param {StoredPicture} own
   * @param {PlanPicture} picture
   * @returns {Content}
   */
  #placed({ boxes, view }, picture) {
    const crops = boxes.map(([left, top, width, height, shot, bucket]) => {
      const box = fromShares([left, top, width, height], ratioOf(bucket), picture);
      return { id: this.makeId(), box, shot, bucket };
    });
    return { crops, view };
  }
}
