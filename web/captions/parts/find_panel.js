// @ts-check
// Find and replace over all captions, with a preview of every change.
import { allow, isAllowed, make, makeButton, setText } from "../../ui/dom.js";
import { findAll, snippetOf } from "../data/finding.js";
import { countOf } from "../session.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../data/finding.js").Found} Found */
/** @typedef {import("../data/finding.js").Change} Change */

const MOST_SHOWN = 60;
const ROOM = 34;
/** @type {Found} */
const NOTHING = { changes: [], hits: 0, fault: "" };

export class FindPanel {
  /** @type {Found} */
  found = NOTHING;
  #isOpen = false;
  #at = -1;
  #drawn = "";

  /**
   * @param {Session} session
   * @param {{ say: (sentence: string) => void, go: (id: string) => void, onFound: () => void }} options
   *   go: bring a caption into view; onFound: other places are marked now
   */
  constructor(session, options) {
    this.session = session;
    this.options = options;
    this.text = this.#input("Find", "purple dress");
    this.replacement = this.#input("Replace with", "red coat");
    this.isRegex = this.#tick("Regular expression");
    this.isCase = this.#tick("Match case");
    this.isWhole = this.#tick("Whole words");
    this.isSelected = this.#tick("Selected only");
    this.count = make("div", { attributes: { role: "status" } });
    this.hits = make("ul", { part: "cap-hits" });
    this.previous = makeButton("Previous", () => this.step(-1), { title: "Shift+F3" });
    this.next = makeButton("Next", () => this.step(1), { title: "F3" });
    this.replace = makeButton("Replace all", () => this.#replaceAll(), { part: "main" });
    this.element = this.#assemble();
  }

  #assemble() {
    const enter = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.isComposing) this.step(event.shiftKey ? -1 : 1);
    };
    this.text.addEventListener("keydown", enter);
    return make(
      "div",
      { part: "cap-panel", attributes: { role: "region", "aria-label": "Find and replace" } },
      make(
        "div",
        { part: "box" },
        this.#labelled("Find", this.text),
        this.#labelled("Replace with", this.replacement),
      ),
      make(
        "div",
        { part: "row" },
        ...[this.isCase, this.isWhole, this.isRegex, this.isSelected].map(({ element }) => element),
      ),
      make("div", { part: "row" }, this.previous, this.next, make("span", { part: "grow" }), this.replace),
      this.count,
      this.hits,
    );
  }

  /** Only while it is open places are marked in the captions. @param {boolean} isOpen */
  open(isOpen) {
    this.#isOpen = isOpen;
    this.update();
    this.options.onFound();
  }

  get search() {
    return {
      text: this.text.value,
      replacement: this.replacement.value,
      isRegex: this.isRegex.box.checked,
      isCase: this.isCase.box.checked,
      isWhole: this.isWhole.box.checked,
    };
  }

  update() {
    if (!this.#isOpen) {
      this.found = NOTHING;
      return;
    }
    const { session } = this;
    const crops = this.isSelected.box.checked ? session.selected : session.sheet.crops;
    const captions = crops.map(({ id }) => ({ id, text: session.captionOf(id) }));
    this.found = findAll(captions, this.search);
    const { hits, changes, fault } = this.found;
    const words = hits === 1 ? "1 hit" : `${hits.toLocaleString("en")} hits`;
    const none = this.text.value === "" ? "" : "Nothing found.";
    setText(this.count, fault || (hits > 0 ? `${words} in ${countOf(changes.length)}` : none));
    this.count.classList.toggle("hunyuan-lora-error", fault !== "");
    const same = changes.every(({ before, after }) => before === after)
      ? "The replacement changes nothing."
      : "";
    allow(
      this.replace,
      hits === 0 ? "There is nothing to replace." : same,
      "One step: undo takes all of it back",
    );
    for (const button of [this.previous, this.next])
      allow(button, hits === 0 ? "There is no hit." : "", button.title);
    this.#draw();
  }

  /** Go to the next caption with a hit. @param {number} by 1 or -1 */
  step(by) {
    const { changes } = this.found;
    if (changes.length === 0) return;
    const now = changes.findIndex(({ id }) => id === this.session.selection.active);
    const from = now >= 0 ? now : this.#at;
    this.#at = (from + by + changes.length) % changes.length;
    const change = changes[this.#at];
    if (!change) return;
    this.options.go(change.id);
    this.options.say(`Caption ${this.#at + 1} of ${changes.length} with a hit.`);
  }

  /** Set the focus, ready to type. */
  focus() {
    this.text.focus();
    this.text.select();
  }

  #replaceAll() {
    if (!isAllowed(this.replace)) return;
    const { changes, hits } = this.found;
    const changed = changes.filter(({ before, after }) => before !== after);
    const label = `Replaced ${hits} in ${countOf(changed.length)}`;
    this.session.write(
      changed.map(({ id, after }) => ({ id, text: after })),
      label,
    );
    this.options.say(`${label}. Undo takes it back.`);
  }

  #draw() {
    const shown = this.found.changes.slice(0, MOST_SHOWN);
    const key = JSON.stringify([shown, this.found.changes.length, this.replacement.value]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const more = this.found.changes.length - shown.length;
    this.hits.replaceChildren(
      ...shown.map((change) => this.#row(change)),
      ...(more > 0 ? [make("li", { part: "faint", text: `and ${countOf(more)} more` })] : []),
    );
  }

  /** @param {Change} change */
  #row(change) {
    const span = change.spans[0] ?? { start: 0, end: 0 };
    const { before, hit, after } = snippetOf(change.before, span, ROOM);
    const button = makeButton("", () => this.options.go(change.id));
    button.append(before, make("del", { text: hit }), make("ins", { text: change.first }), after);
    if (change.spans.length > 1)
      button.append(make("span", { part: "faint", text: `  +${change.spans.length - 1}` }));
    return make("li", {}, button);
  }

  /**
   * @param {string} label
   * @param {HTMLElement} input
   */
  #labelled(label, input) {
    return make("label", { part: "box" }, make("span", { part: "faint", text: label }), input);
  }

  /**
   * @param {string} label
   * @param {string} example
   */
  #input(label, example) {
    return make("input", {
      part: "field",
      attributes: { type: "text", placeholder: example, spellcheck: "false", "aria-label": label },
      on: { input: () => this.#changed() },
    });
  }

  /** @param {string} label */
  #tick(label) {
    const box = make("input", { attributes: { type: "checkbox" }, on: { change: () => this.#changed() } });
    return { box, element: make("label", { part: "cap-tick" }, box, document.createTextNode(label)) };
  }

  #changed() {
    this.#at = -1;
    this.update();
    this.options.onFound();
  }
}
