// @ts-check
// The picture on the stage: the thumbnail at once, then the large view, or why there is none.
import { make } from "../../ui/dom.js";

const SIDE = 1600;
const SMALL_SIDE = 256;

/** An image element that the view moves and scales. */
export class PictureView {
  #key = "";

  /**
   * @param {(key: string, side: number) => string} address of a picture
   * @param {() => void} onUnknown called when the server knows no such picture, as after a restart
   */
  constructor(address, onUnknown) {
    this.address = address;
    this.onUnknown = onUnknown;
    this.image = make("img", { part: "crops-picture", attributes: { alt: "", draggable: "false" } });
    this.note = make("p", { part: "crops-note", attributes: { role: "alert" } });
    this.note.hidden = true;
    this.image.addEventListener("load", () => (this.image.style.visibility = ""));
    this.image.addEventListener("error", () => void this.#explain());
  }

  /** @param {string} key */
  async load(key) {
    this.#key = key;
    this.note.hidden = true;
    // The one before has another size, and would be shown distorted.
    this.image.style.visibility = "hidden";
    this.image.src = this.address(key, SMALL_SIDE);
    const large = new Image();
    large.src = this.address(key, SIDE);
    await large.decode().catch(() => undefined);
    if (this.#key === key) this.image.src = large.src;
  }

  /**
   * @param {import("../types.js").Size} picture
   * @param {import("./view.js").View} view
   */
  place(picture, { scale, x, y }) {
    const natural = this.image.naturalWidth || picture.width;
    Object.assign(this.image.style, {
      width: `${natural}px`,
      transform: `translate(${x}px, ${y}px) scale(${(picture.width * scale) / natural})`,
    });
  }

  /** Say why the picture cannot be shown, in the server's own sentence. */
  async #explain() {
    const source = this.image.src;
    const answer = await fetch(source, { cache: "no-store" }).catch(() => null);
    const said = answer && !answer.ok ? (await answer.json().catch(() => null))?.error : null;
    if (this.image.src !== source) return;
    const why = answer ? "the browser cannot read it" : "ComfyUI does not answer";
    this.note.textContent = said ?? `The picture cannot be shown: ${why}.`;
    this.note.hidden = false;
    if (answer?.status === 404) this.onUnknown();
  }
}
