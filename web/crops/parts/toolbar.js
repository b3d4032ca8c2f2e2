// @ts-check
// The editor's upper bar: the picture, adding, undo and redo, zoom, and what leads out.
import { bucketWords } from "../data/buckets.js";
import { allow, isAllowed, make, makeButton, setText } from "../../ui/dom.js";
import { shotWords } from "../words.js";
import { makeSelect } from "./fields.js";

/** @typedef {import("../actions.js").Actions} Actions */

/**
 * @typedef {object} Ways
 * @property {() => void} fit
 * @property {(factor: number) => void} zoom
 * @property {() => number} scale
 * @property {() => void} help
 * @property {() => void} refresh
 * @property {() => void} close
 */

const ZOOM_STEP = 1.3;

/** The bar. */
export class Toolbar {
  /**
   * @param {Actions} actions
   * @param {Ways} ways
   */
  constructor(actions, ways) {
    this.actions = actions;
    this.ways = ways;
    this.name = make("h2", { part: "cut" });
    this.facts = make("span", { part: "faint" });
    this.shot = makeSelect("Shot", (shot) => actions.setWishedShot(shot));
    this.bucket = makeSelect("Bucket", (bucket) => actions.setWishedBucket(bucket));
    this.add = makeButton("Add crop", () => actions.setPlacing(!actions.isPlacing), {
      part: "main",
      title: "Add a crop (A): then press on the picture, or Enter",
    });
    this.undo = this.#button("Undo", () => actions.undo());
    this.redo = this.#button("Redo", () => actions.redo());
    this.scale = make("output", { part: "crops-scale", attributes: { "aria-label": "Zoom" } });
    this.element = make("div", { part: "bar crops-bar" }, this.#left(), this.#middle(), this.#right());
  }

  show() {
    const { actions } = this;
    const { picture, plan, session } = actions;
    setText(this.name, picture?.name ?? "No picture");
    const place = plan.pictures.findIndex(({ key }) => key === actions.key) + 1;
    const size = picture ? `${picture.width} × ${picture.height}` : "";
    setText(this.facts, `${place} of ${plan.pictures.length} · ${size}`);
    this.shot.show(
      plan.shots.map(({ name }) => ({ value: name, text: shotWords(name) })),
      actions.wish.shot,
    );
    this.bucket.show(
      plan.buckets.map((value) => ({ value, text: bucketWords(value) })),
      actions.wish.bucket,
    );
    this.add.setAttribute("aria-pressed", String(actions.isPlacing));
    setText(this.add, actions.isPlacing ? "Press on the picture" : "Add crop");
    const { undoLabel, redoLabel } = session;
    allow(this.undo, undoLabel ? "" : "Nothing to undo", `Undo: ${undoLabel} (Ctrl+Z)`);
    allow(this.redo, redoLabel ? "" : "Nothing to redo", `Redo: ${redoLabel} (Ctrl+Shift+Z)`);
    this.showScale();
  }

  showScale() {
    setText(this.scale, `${Math.round(this.ways.scale() * 100)} %`);
  }

  #left() {
    return make("div", { part: "crops-title" }, this.name, this.facts);
  }

  #middle() {
    return make("div", { part: "row crops-adding" }, this.shot.element, this.bucket.element, this.add);
  }

  #right() {
    const { ways } = this;
    const small = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ act) =>
      makeButton(text, act, { part: "crops-small", title: label, attributes: { "aria-label": label } });
    return make(
      "div",
      { part: "row end grow" },
      this.undo,
      this.redo,
      make("span", { part: "crops-gap" }),
      small("−", "Further (-)", () => ways.zoom(1 / ZOOM_STEP)),
      this.scale,
      small("+", "Nearer (+)", () => ways.zoom(ZOOM_STEP)),
      makeButton("Fit", ways.fit, { title: "The whole picture (0)" }),
      make("span", { part: "crops-gap" }),
      makeButton("Run again", ways.refresh, { title: "Run the node again: changed pictures and settings" }),
      small("?", "Keys (?)", ways.help),
      makeButton("Close", ways.close, { title: "Close; the boxes are kept in the node (Escape)" }),
    );
  }

  /**
   * @param {string} text
   * @param {() => void} act
   */
  #button(text, act) {
    const button = makeButton(text, () => isAllowed(button) && act());
    return button;
  }
}
