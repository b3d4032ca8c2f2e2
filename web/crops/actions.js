// @ts-check
// What the user does with crops: every change, by whatever pointer, key or field it was asked for.
import { Choice } from "./choice.js";
import { bucketWords, nearestBucket, ratioOf } from "./data/buckets.js";
import { isSameBox, moveBox, snapBox } from "./data/geometry.js";
import { placeCrop, reshape, whyNever } from "./data/placing.js";
import { growBox } from "./data/resizing.js";
import { shotWords } from "./words.js";

/** @typedef {import("./types.js").Box} Box */
/** @typedef {import("./types.js").Content} Content */
/** @typedef {import("./types.js").Crop} Crop */

/** What can be done with the chosen picture and crop. */
export class Actions extends Choice {
  /**
   * @param {import("./data/session.js").CropSession} session
   * @param {import("./choice.js").Listener} listener
   */
  constructor(session, listener) {
    super(session, listener);
    /** Shot and bucket of the next new crop. */
    this.wish = { shot: "", bucket: "" };
    this.isPlacing = false;
    /** Whether handles may be dragged to any shape, as with Shift. */
    this.isFree = false;
    this.setWishedShot(session.plan.shots[0]?.name ?? "picture");
  }

  /**
   * @param {number} across pixels of the picture
   * @param {number} along
   */
  nudge(across, along) {
    const { crop, picture } = this;
    if (crop && picture) {
      this.#setBox(crop, moveBox(crop.box, across, along, picture), "move the crop", "nudge");
    }
  }

  /** @param {number} by pixels of the longer side */
  grow(by) {
    const { crop, picture } = this;
    if (!crop || !picture) return;
    const box = growBox(crop.box, by, ratioOf(crop.bucket), picture);
    this.#setBox(crop, box, "resize the crop", "grow");
  }

  /**
   * A drag has ended.
   *
   * @param {number} id
   * @param {Box} box
   * @param {boolean} isFree of any shape: it takes the most similar bucket's
   */
  drag(id, box, isFree) {
    const { picture } = this;
    const crop = this.content.crops.find((one) => one.id === id);
    if (!crop || !picture) return;
    if (!isFree) {
      const isMove = box.width === crop.box.width && box.height === crop.box.height;
      this.#setBox(crop, box, isMove ? "move the crop" : "resize the crop");
      return;
    }
    const bucket = nearestBucket(box, this.plan.buckets);
    const snapped = snapBox(box, ratioOf(bucket), picture);
    this.#replace({ ...crop, box: snapped, bucket }, "resize the crop");
  }

  /** @param {string} shot */
  setWishedShot(shot) {
    const { plan } = this;
    const best = plan.shots.find(({ name }) => name === shot)?.buckets[0] ?? plan.buckets[0];
    this.wish = { shot, bucket: best ?? "" };
    this.listener.changed();
  }

  /** @param {string} bucket */
  setWishedBucket(bucket) {
    this.wish = { ...this.wish, bucket };
    this.listener.changed();
  }

  /** @param {boolean} isPlacing whether the next press on the picture lays a new crop */
  setPlacing(isPlacing) {
    if (isPlacing === this.isPlacing) return;
    this.isPlacing = isPlacing;
    const sentence = "Press on the picture where the crop belongs, or Enter for its usual place";
    this.tell(isPlacing ? sentence : "Nothing is added");
  }

  /** @param {boolean} isFree */
  setFree(isFree) {
    this.isFree = isFree;
    this.tell(isFree ? "Any shape; it becomes that of the nearest bucket" : "The shape is kept");
  }

  /** @param {{ x: number, y: number } | null} at in pixels; null: where the shot is expected */
  add(at) {
    this.isPlacing = false;
    this.#add(this.wish.shot, this.wish.bucket, at);
  }

  /** @param {number} place among the picture's proposals that were left out */
  addSkipped(place) {
    const entry = this.picture?.skipped[place];
    if (entry) this.#add(entry.shot, entry.bucket, null);
  }

  /**
   * Why a proposal that was left out cannot be added, or "".
   *
   * @param {{ bucket: string }} entry
   */
  whyNotAdd({ bucket }) {
    return this.picture ? whyNever(this.picture, bucket, this.plan.max_enlargement) : "";
  }

  remove() {
    const { crop, content } = this;
    if (!crop) return;
    const place = content.crops.indexOf(crop);
    const crops = content.crops.filter((one) => one !== crop);
    this.selected = (crops[place] ?? crops[place - 1])?.id ?? null;
    this.#edit({ ...content, crops }, "delete the crop");
    this.listener.say(`${shotWords(crop.shot)} deleted`);
  }

  /** @param {string} [bucket] left out: the next one that the shot is made for */
  duplicate(bucket = this.#nextBucket()) {
    const { crop, content, picture } = this;
    if (!crop || !picture || bucket === "") return;
    const box = reshape(crop.box, bucket, picture, this.plan.max_enlargement);
    const twin = { ...crop, id: this.session.makeId(), box, bucket };
    const place = content.crops.indexOf(crop) + 1;
    this.selected = twin.id;
    const crops = [...content.crops.slice(0, place), twin, ...content.crops.slice(place)];
    this.#edit({ ...content, crops }, "duplicate the crop");
    this.listener.say(`Duplicated to ${bucketWords(bucket)}. ${this.describe(twin)}`);
  }

  /** @param {string} shot */
  setShot(shot) {
    if (this.crop) this.#replace({ ...this.crop, shot }, "change the shot");
  }

  /** @param {string} bucket */
  setBucket(bucket) {
    const { crop, picture } = this;
    if (!crop || !picture) return;
    const box = reshape(crop.box, bucket, picture, this.plan.max_enlargement);
    this.#replace({ ...crop, box, bucket }, "change the bucket");
  }

  /** @param {string} view */
  setView(view) {
    this.#edit({ ...this.content, view }, "change the view");
  }

  resetPicture() {
    if (!this.session.isEdited(this.key)) return;
    this.selected = null;
    this.session.reset([this.key], "go back to the proposals");
    this.listener.say("Back to the proposals of this picture");
  }

  resetAll() {
    this.selected = null;
    this.session.reset([...this.session.pictures.keys()], "go back to all proposals");
    this.listener.say("Back to the proposals of all pictures");
  }

  undo() {
    const label = this.session.undoLabel;
    this.#turned(this.session.undo(), label ? `Undone: ${label}` : "Nothing to undo");
  }

  redo() {
    const label = this.session.redoLabel;
    this.#turned(this.session.redo(), label ? `Done again: ${label}` : "Nothing to redo");
  }

  /**
   * @param {string} shot
   * @param {string} bucket
   * @param {{ x: number, y: number } | null} at
   */
  #add(shot, bucket, at) {
    const { picture, content } = this;
    if (!picture || bucket === "") return;
    const wish = { shot, bucket, at, maxEnlargement: this.plan.max_enlargement };
    const crop = { id: this.session.makeId(), box: placeCrop(picture, wish), shot, bucket };
    this.selected = crop.id;
    this.#edit({ ...content, crops: [...content.crops, crop] }, "add a crop");
    this.listener.say(`Added. ${this.describe(crop)}`);
  }

  /**
   * @param {Crop} crop
   * @param {Box} box
   * @param {string} label
   * @param {string} [mark]
   */
  #setBox(crop, box, label, mark) {
    if (isSameBox(box, crop.box)) return;
    this.#replace({ ...crop, box }, label, mark && `${mark} ${crop.id}`);
  }

  /**
   * @param {Crop} crop
   * @param {string} label
   * @param {string} [mark]
   */
  #replace(crop, label, mark) {
    const crops = this.content.crops.map((one) => (one.id === crop.id ? crop : one));
    this.selected = crop.id;
    this.#edit({ ...this.content, crops }, label, mark);
    this.listener.say(this.describe(crop));
  }

  /**
   * @param {Content} content
   * @param {string} label
   * @param {string} [mark]
   */
  #edit(content, label, mark) {
    this.session.edit(this.key, content, label, mark);
  }

  /**
   * @param {string | null} key
   * @param {string} sentence
   */
  #turned(key, sentence) {
    if (key !== null && this.session.pictures.has(key)) this.key = key;
    if (!this.crop) this.selected = null;
    this.tell(sentence);
  }

  #nextBucket() {
    const { crop, plan } = this;
    const own = plan.shots.find(({ name }) => name === crop?.shot)?.buckets ?? [];
    const others = own.some((one) => one !== crop?.bucket) ? own : plan.buckets;
    return others[(others.indexOf(crop?.bucket ?? "") + 1) % others.length] ?? "";
  }
}
