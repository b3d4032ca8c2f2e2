// @ts-check
// The crop editor's window: all pictures, the chosen one large, and what belongs to it.
import { ask } from "../ui/dialog.js";
import { make, makeButton, setText } from "../ui/dom.js";
import { openKeyList } from "../ui/key_list.js";
import { Saver } from "../ui/saver.js";
import { Actions } from "./actions.js";
import { CropSession } from "./data/session.js";
import { onKey } from "./keys.js";
import { Inspector } from "./parts/inspector.js";
import { Notices } from "./parts/notices.js";
import { PicturePanel } from "./parts/picture_panel.js";
import { Strip } from "./parts/strip.js";
import { SkippedList, TallyTable } from "./parts/tables.js";
import { Toolbar } from "./parts/toolbar.js";
import { Stage } from "./stage/stage.js";
import { KEYS } from "./words.js";

/** @typedef {import("./types.js").Plan} Plan */
/** @typedef {import("./text/stored.js").Stored} Stored */

/**
 * @typedef {object} EditorPage
 * @property {(key: string, side: number) => string} address of a picture
 * @property {(text: string) => void} write keeps the boxes in the node
 * @property {() => boolean} canSave whether ComfyUI can save the workflow without a question
 * @property {() => void} runAgain
 * @property {() => void} unknown the server does not know the picture
 * @property {() => void} close
 */

const FINGERS =
  "With fingers: press to choose, drag to move, drag a corner to resize, two fingers to zoom.";
const SAY_MS = 250;
const FOCUS_MS = 50;

/** One plan being edited; it fills an element. */
export class CropEditor {
  #frame = 0;
  #saying = 0;
  #holding = 0;
  #stopListening = new AbortController();

  /**
   * @param {HTMLElement} place
   * @param {{ plan: Plan, stored: Stored, key: string }} start `key` of the picture shown at first
   * @param {EditorPage} page
   */
  constructor(place, { plan, stored, key }, page) {
    this.place = place;
    this.page = page;
    this.session = new CropSession(plan, stored);
    this.saver = new Saver(() => page.write(this.session.toText()));
    this.actions = new Actions(this.session, {
      changed: () => this.#later(),
      say: (sentence) => this.#say(sentence),
    });
    this.actions.choosePicture(key);
    this.live = make("div", { part: "crops-live", attributes: { "aria-live": "polite" } });
    this.parts = this.#makeParts();
    place.replaceChildren(this.#layOut());
    this.endSession = this.session.subscribe(() => {
      this.saver.later();
      this.#later();
    });
    this.#listen();
    this.#show();
    this.parts.stage.element.focus();
  }

  /** Key of the chosen picture. */
  get key() {
    return this.actions.key;
  }

  /** Ask for all pictures again; what was done, and undo, stays. */
  reload() {
    this.parts.stage.reload();
    this.parts.strip.reload();
  }

  /** End it; everything that was edited is written. */
  destroy() {
    this.saver.now();
    this.endSession();
    this.#stopListening.abort();
    this.parts.stage.destroy();
    this.parts.strip.destroy();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#saying);
    clearTimeout(this.#holding);
  }

  #makeParts() {
    const { actions, page } = this;
    const stage = new Stage(actions, {
      address: page.address,
      dragging: (crop) => inspector.showSize(crop),
      viewed: () => toolbar.showScale(),
      unknown: page.unknown,
    });
    const inspector = new Inspector(actions);
    const toolbar = new Toolbar(actions, {
      fit: () => stage.fit(),
      zoom: (factor) => stage.zoom(factor),
      scale: () => stage.scale,
      help: showKeys,
      refresh: page.runAgain,
      close: page.close,
    });
    return {
      stage, inspector, toolbar,
      strip: new Strip(actions, page.address),
      notices: new Notices(actions),
      picture: new PicturePanel(actions),
      skipped: new SkippedList(actions),
      tally: new TallyTable(actions),
    }; // prettier-ignore
  }

  #layOut() {
    const { stage, inspector, toolbar, strip, notices, picture, skipped, tally } = this.parts;
    const reset = makeButton("Back to all proposals", () => void this.#resetAll());
    tally.element.append(make("div", { part: "row end" }, reset));
    const panel = make(
      "div",
      { part: "crops-panel" },
      notices.element,
      inspector.element,
      picture.element,
      skipped.element,
      tally.element,
    );
    return make(
      "div",
      { part: "crops-editor" },
      toolbar.element,
      strip.element,
      stage.element,
      panel,
      this.live,
    );
  }

  #listen() {
    const { stage } = this.parts;
    const { actions } = this;
    const { signal } = this.#stopListening;
    const ways = {
      zoom: (/** @type {number} */ factor) => stage.zoom(factor),
      fit: () => stage.fit(),
      help: showKeys,
      save: () => this.#save(),
      stage: stage.element,
    };
    this.place.addEventListener(
      "keydown",
      (event) => {
        if (event.key === " " && event.target === stage.element) {
          stage.isSpaceHeld = true;
          event.preventDefault();
        }
        onKey(event, actions, ways);
      },
      { signal },
    );
    this.place.addEventListener("keyup", (event) => {
      if (event.key === " ") stage.isSpaceHeld = false;
    }, { signal }); // prettier-ignore
  }

  /** @returns {boolean} whether ComfyUI may save the workflow now */
  #save() {
    this.saver.now();
    const canSave = this.page.canSave();
    // Its question for a name would lie below this window.
    if (!canSave) this.#say("Close the editor, then save the workflow: the boxes are in it already");
    return canSave;
  }

  async #resetAll() {
    const count = this.session.state.edits.size;
    if (count === 0) return;
    const pictures = count === 1 ? "1 picture" : `${count} pictures`;
    const isSure = await ask({
      title: "Back to all proposals?",
      text: `What was drawn by hand in ${pictures} is taken back. Undo brings it again.`,
      yes: "Back to all proposals",
      isDangerous: true,
    });
    if (isSure) this.actions.resetAll();
  }

  #later() {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  }

  #show() {
    for (const part of Object.values(this.parts)) part.show();
    // What had the focus may be gone now; the page notices after the next frame.
    clearTimeout(this.#holding);
    this.#holding = window.setTimeout(() => this.#holdFocus(), FOCUS_MS);
  }

  /** Without a focus in the window keys would go to ComfyUI's page below it. */
  #holdFocus() {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) this.parts.stage.element.focus();
  }

  /** @param {string} sentence */
  #say(sentence) {
    clearTimeout(this.#saying);
    this.#saying = window.setTimeout(() => setText(this.live, sentence), SAY_MS);
  }
}

function showKeys() {
  openKeyList("Keys of the crop editor", KEYS, FINGERS);
}
