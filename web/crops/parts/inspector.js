// @ts-check
// The chosen crop: its shot, its bucket, its size now, and what will become of it.
import { bucketWords } from "../data/buckets.js";
import { allow, make, makeButton, setText } from "../../ui/dom.js";
import { enlargementWords, shotWords } from "../words.js";
import { makeSection, makeSelect } from "./fields.js";

/** @typedef {import("../actions.js").Actions} Actions */
/** @typedef {import("../types.js").Crop} Crop */

/** Fields of the chosen crop. */
export class Inspector {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.shot = makeSelect("Shot", (shot) => actions.setShot(shot));
    this.bucket = makeSelect("Bucket", (bucket) => actions.setBucket(bucket));
    this.twin = makeSelect("Duplicate to", (bucket) => bucket && actions.duplicate(bucket));
    this.size = make("p", { part: "crops-size" });
    this.note = make("p", { part: "crops-warning" });
    this.remove = makeButton("Delete", () => actions.remove(), { title: "Delete the crop (Delete)" });
    this.free = makeButton("Free shape", () => actions.setFree(!actions.isFree), {
      title: "Drag handles to any shape, as with Shift; it becomes that of the nearest bucket",
    });
    this.fields = make(
      "div",
      { part: "box" },
      make("div", { part: "crops-pair" }, this.shot.element, this.bucket.element),
      this.size,
      this.note,
      make("div", { part: "crops-pair crops-bottom" }, this.twin.element, make("div", { part: "row" }, this.free, this.remove)),
    );
    this.hint = make("p", { part: "faint", text: "Choose a crop on the picture or in the list." });
    this.element = makeSection("Chosen crop", this.hint, this.fields);
  }

  show() {
    const { crop, plan } = this.actions;
    this.hint.hidden = crop !== null;
    this.fields.hidden = crop === null;
    if (!crop) return;
    const shots = plan.shots.map(({ name }) => ({ value: name, text: shotWords(name) }));
    this.shot.show(withOwn(shots, crop.shot, shotWords), crop.shot);
    const buckets = plan.buckets.map((value) => ({ value, text: bucketWords(value) }));
    this.bucket.show(withOwn(buckets, crop.bucket, bucketWords), crop.bucket);
    const others = buckets.filter(({ value }) => value !== crop.bucket);
    this.twin.show([{ value: "", text: "a bucket" }, ...others], "");
    this.free.setAttribute("aria-pressed", String(this.actions.isFree));
    allow(this.remove, "");
    this.showSize(crop);
  }

  /** @param {Crop} crop as it is while it is dragged */
  showSize(crop) {
    const { left, top, width, height } = crop.box;
    setText(this.size, `${width} × ${height} pixels, at ${left}, ${top}`);
    const { text, level } = enlargementWords(crop, this.actions.plan.max_enlargement);
    setText(this.note, text);
    this.note.dataset["level"] = level;
  }
}

/**
 * A stored crop may have a bucket that is not chosen any more.
 *
 * @param {{ value: string, text: string }[]} choices
 * @param {string} own
 * @param {(value: string) => string} words
 */
function withOwn(choices, own, words) {
  const isThere = choices.some(({ value }) => value === own);
  return isThere ? choices : [...choices, { value: own, text: `${words(own)} (not chosen)` }];
}
