// @ts-check
// Which picture and which of its crops are chosen.
import { bucketWords } from "./data/buckets.js";
import { shotWords, sizeWords } from "./words.js";

/** @typedef {import("./types.js").Crop} Crop */
/** @typedef {import("./data/session.js").CropSession} CropSession */

/**
 * @typedef {object} Listener
 * @property {() => void} changed something else is to be shown
 * @property {(sentence: string) => void} say to a screen reader
 */

/** The chosen picture and crop. */
export class Choice {
  /**
   * @param {CropSession} session
   * @param {Listener} listener
   */
  constructor(session, listener) {
    this.session = session;
    this.listener = listener;
    this.key = session.plan.pictures[0]?.key ?? "";
    /** @type {number | null} */
    this.selected = null;
  }

  get plan() {
    return this.session.plan;
  }

  get picture() {
    return this.session.pictures.get(this.key) ?? null;
  }

  get content() {
    return this.session.contentOf(this.key);
  }

  get crop() {
    return this.content.crops.find((crop) => crop.id === this.selected) ?? null;
  }

  /** @param {string} key */
  choosePicture(key) {
    const picture = this.session.pictures.get(key);
    if (!picture || key === this.key) return;
    this.key = key;
    this.selected = null;
    const count = this.content.crops.length;
    this.tell(`${picture.name}, ${count === 1 ? "1 crop" : `${count} crops`}`);
  }

  /** @param {number} by 1 for the next picture, -1 for the one before */
  stepPicture(by) {
    const { pictures } = this.plan;
    const next = pictures[pictures.findIndex(({ key }) => key === this.key) + by];
    if (next) this.choosePicture(next.key);
  }

  /** @param {number | null} id */
  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.tell(this.crop ? this.describe(this.crop) : "No crop is chosen");
  }

  /** @param {number} by */
  stepCrop(by) {
    const { crops } = this.content;
    if (crops.length === 0) return;
    const now = crops.findIndex(({ id }) => id === this.selected);
    const next = now < 0 ? (by > 0 ? 0 : crops.length - 1) : (now + by + crops.length) % crops.length;
    this.select(crops[next]?.id ?? null);
  }

  /** @param {Crop} crop */
  describe(crop) {
    const place = this.content.crops.indexOf(crop) + 1;
    const number = place > 0 ? `Crop ${place}, ` : "";
    return `${number}${shotWords(crop.shot)}, ${bucketWords(crop.bucket)}, ${sizeWords(crop.box)}`;
  }

  /**
   * Show what changed, and say it.
   *
   * @param {string} sentence
   */
  tell(sentence) {
    this.listener.changed();
    this.listener.say(sentence);
  }
}
