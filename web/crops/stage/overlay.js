// @ts-check
// The boxes above the picture, as SVG in the stage's own pixels.
import { HANDLES } from "../data/resizing.js";
import { colourOf } from "../data/buckets.js";
import { placeLabels } from "./labels.js";
import { shotWords } from "../words.js";
import { handlePoint, onStage } from "./hit.js";

/** @typedef {import("../types.js").Crop} Crop */
/** @typedef {import("./view.js").View} View */

const NAMES = "http://www.w3.org/2000/svg";
const LABEL_HEIGHT = 19;
const LABEL_ROOM = 13;

/**
 * @typedef {object} Scene
 * @property {readonly Crop[]} crops
 * @property {number | null} selected
 * @property {View} view
 * @property {import("../types.js").Size} stage
 * @property {readonly string[]} buckets in the plan's order
 * @property {boolean} isDragging shows thirds inside the chosen crop
 * @property {boolean} isTouch shows larger handles
 * @property {(crop: Crop) => boolean} isLeftOut
 */

/** Draws boxes; elements are made once for each crop and then only moved. */
export class Overlay {
  /** @type {Map<number, ReturnType<typeof makeBox>>} */
  #boxes = new Map();
  /** @type {Map<string, number>} */
  #widths = new Map();

  constructor() {
    this.element = draw("svg", { "aria-hidden": "true", class: "hunyuan-lora-crops-overlay" });
    this.shade = draw("path", { class: "shade", "fill-rule": "evenodd" });
    this.thirds = draw("path", { class: "thirds" });
    this.lines = draw("g");
    // Above all lines, so that no other box runs through a label.
    this.labels = draw("g");
    this.handles = draw("g", { class: "handles" });
    for (const handle of HANDLES) {
      this.handles.append(draw("rect", { "data-handle": handle, rx: "2" }));
    }
    this.element.append(this.shade, this.lines, this.labels, this.thirds, this.handles);
  }

  /** @param {Scene} scene */
  show(scene) {
    // The chosen crop comes last, above the others.
    const crops = [...scene.crops].sort(
      (one, other) => Number(one.id === scene.selected) - Number(other.id === scene.selected),
    );
    const rects = crops.map(({ box }) => onStage(box, scene.view));
    const texts = crops.map((crop) => `${scene.crops.indexOf(crop) + 1} ${shotWords(crop.shot)}`);
    const widths = texts.map((text) => this.#widthOf(text) + LABEL_ROOM);
    const spots = placeLabels(rects, widths, LABEL_HEIGHT, scene.stage);
    this.#keepOnly(new Set(crops.map(({ id }) => id)));
    crops.forEach((crop, place) => {
      const parts = this.#boxes.get(crop.id) ?? makeBox();
      this.#boxes.set(crop.id, parts);
      const rect = rects[place];
      const spot = spots[place];
      if (!rect || !spot) return;
      for (const group of [parts.box, parts.label]) {
        group.classList.toggle("selected", crop.id === scene.selected);
        group.classList.toggle("out", scene.isLeftOut(crop));
        group.style.setProperty("--colour", colourOf(crop.bucket, scene.buckets));
      }
      place4(parts.line, rect);
      place4(parts.ground, { ...spot, width: widths[place] ?? 0, height: LABEL_HEIGHT });
      set(parts.text, { x: spot.x + 6, y: spot.y + 13.5 });
      if (parts.text.textContent !== texts[place]) parts.text.textContent = texts[place] ?? "";
      putAt(this.lines, parts.box, place);
      putAt(this.labels, parts.label, place);
    });
    this.#showSelected(scene, crops.at(-1));
  }

  /**
   * Width of a label's text in its own font; each text is measured once.
   *
   * @param {string} text
   */
  #widthOf(text) {
    const known = this.#widths.get(text);
    if (known !== undefined) return known;
    const context = document.createElement("canvas").getContext("2d");
    if (!context) return text.length * 8;
    context.font = `600 11.5px ${getComputedStyle(this.element).fontFamily}`;
    const { width } = context.measureText(text);
    this.#widths.set(text, width);
    return width;
  }

  /**
   * @param {Scene} scene
   * @param {Crop | undefined} last
   */
  #showSelected(scene, last) {
    const chosen = last && last.id === scene.selected ? last : null;
    for (const part of [this.shade, this.handles]) part.style.display = chosen ? "" : "none";
    this.thirds.style.display = chosen && scene.isDragging ? "" : "none";
    if (!chosen) return;
    const rect = onStage(chosen.box, scene.view);
    const { x, y, width, height } = rect;
    const { stage } = scene;
    const hole = `M${x} ${y}h${width}v${height}h${-width}z`;
    set(this.shade, { d: `M0 0h${stage.width}v${stage.height}h${-stage.width}z${hole}` });
    const lines = [1, 2].map(
      (part) =>
        `M${x + (width * part) / 3} ${y}v${height}M${x} ${y + (height * part) / 3}h${width}`,
    );
    set(this.thirds, { d: lines.join("") });
    const side = scene.isTouch ? 16 : 9;
    this.handles.style.setProperty("--colour", colourOf(chosen.bucket, scene.buckets));
    HANDLES.forEach((handle, place) => {
      const part = /** @type {SVGElement | undefined} */ (this.handles.children[place]);
      const point = handlePoint(rect, handle);
      if (!part) return;
      // In a small box the handles of the sides would cover it.
      const isShown = handle.length === 2 || Math.min(width, height) > 4 * side;
      part.style.display = isShown ? "" : "none";
      place4(part, { x: point.x - side / 2, y: point.y - side / 2, width: side, height: side });
    });
  }

  /** @param {Set<number>} ids */
  #keepOnly(ids) {
    for (const [id, parts] of this.#boxes) {
      if (ids.has(id)) continue;
      parts.box.remove();
      parts.label.remove();
      this.#boxes.delete(id);
    }
  }
}

function makeBox() {
  const line = draw("rect", { class: "line" });
  const ground = draw("rect", { class: "ground", rx: "3" });
  const text = draw("text");
  const box = draw("g", { class: "crop" });
  box.append(line);
  const label = draw("g", { class: "label" });
  label.append(ground, text);
  return { box, label, line, ground, text };
}

/**
 * @param {SVGElement} parent
 * @param {SVGElement} child
 * @param {number} place
 */
function putAt(parent, child, place) {
  if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @returns {SVGElement}
 */
function draw(tag, attributes = {}) {
  const element = /** @type {SVGElement} */ (document.createElementNS(NAMES, tag));
  set(element, attributes);
  return element;
}

/**
 * @param {SVGElement} element
 * @param {Record<string, string | number>} attributes
 */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
}

/**
 * @param {SVGElement} element
 * @param {import("./labels.js").Rect} rect
 */
function place4(element, { x, y, width, height }) {
  set(element, { x, y, width: Math.max(0, width), height });
}
