// @ts-check
// What can be done to all selected captions at once.
import { allow, isAllowed, make, makeButton, setText } from "../../ui/dom.js";
import { FIELDS } from "../data/fields.js";
import { countOf } from "../session.js";

/** @typedef {import("../session.js").Session} Session */

export class SelectedPanel {
  /**
   * @param {Session} session
   * @param {(sentence: string) => void} say
   */
  constructor(session, say) {
    this.session = session;
    this.say = say;
    this.title = make("h3");
    this.note = make("p", { part: "faint" });
    const options = FIELDS.map(({ name, label }) =>
      make("option", { text: label, attributes: { value: name } }),
    );
    this.field = make(
      "select",
      { part: "field grow", attributes: { "aria-label": "Field to set" } },
      ...options,
    );
    this.field.value = "pose";
    this.level = make(
      "select",
      { part: "field grow", attributes: { "aria-label": "Where to set it" } },
      make("option", { text: "for each crop", attributes: { value: "crop" } }),
      make("option", { text: "for their pictures", attributes: { value: "picture" } }),
    );
    this.value = this.#input("Value of the field", "standing");
    this.words = this.#input("Words to add", "looking at the viewer");
    /** @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.element = this.#assemble();
  }

  #assemble() {
    return make(
      "div",
      { part: "cap-panel", attributes: { role: "region", "aria-label": "Selected captions" } },
      make("div", { part: "box" }, this.title, this.note),
      make(
        "div",
        { part: "cap-block" },
        make("h3", { text: "Set a field" }),
        make("div", { part: "row" }, this.field, this.level),
        this.value,
        make(
          "div",
          { part: "row" },
          this.#button("Set", () => this.#setField(this.value.value), "main"),
          this.#button("Take away", () => this.#setField(null)),
        ),
      ),
      make(
        "div",
        { part: "cap-block" },
        make("h3", { text: "Add words" }),
        this.words,
        make(
          "div",
          { part: "row" },
          this.#button("Put before", () => this.#join("before")),
          this.#button("Put after", () => this.#join("after")),
        ),
        make("p", { part: "faint", text: "The captions count as written by hand afterwards." }),
      ),
      make(
        "div",
        { part: "cap-block" },
        make("h3", { text: "Take back" }),
        make(
          "div",
          { part: "row" },
          this.#button("Revert selected", () => this.#revert()),
        ),
      ),
    );
  }

  update() {
    const { selected, state } = this.session;
    setText(
      this.title,
      selected.length === 0 ? "No caption is selected" : `${countOf(selected.length)} selected`,
    );
    const byHand = selected.filter(({ id }) => state.edits.crops[id]?.text !== undefined).length;
    const hint = "Click cards with ctrl or shift, press ctrl+A, or use 'Select' above.";
    setText(
      this.note,
      selected.length === 0
        ? hint
        : byHand > 0
          ? `${byHand} written by hand: fields do not change those.`
          : "",
    );
    const reason = selected.length === 0 ? "Select captions first." : "";
    for (const button of this.buttons) allow(button, reason);
  }

  /**
   * @param {string} label
   * @param {string} example
   */
  #input(label, example) {
    return make("input", {
      part: "field",
      attributes: { type: "text", "aria-label": label, placeholder: example, spellcheck: "false" },
    });
  }

  /**
   * @param {string} text
   * @param {() => void} act
   * @param {string} [part]
   */
  #button(text, act, part = "") {
    const button = makeButton(text, () => isAllowed(button) && act(), { part });
    this.buttons.push(button);
    return button;
  }

  /** @param {string | null} value */
  #setField(value) {
    const { selected } = this.session;
    const level = this.level.value === "picture" ? "picture" : "crop";
    const name = this.field.value;
    const label = FIELDS.find((field) => field.name === name)?.label ?? name;
    const done = `${value === null ? "Took away" : "Set"} '${label}' of ${countOf(selected.length)}`;
    this.session.setField(selected, { name, value, level }, done);
    this.say(`${done}.`);
  }

  /** @param {"before" | "after"} where */
  #join(where) {
    const ids = this.session.selected.map(({ id }) => id);
    if (this.words.value === "") {
      this.say("Type the words to add first.");
      this.words.focus();
      return;
    }
    this.session.join(ids, this.words.value, where);
    this.say(`Text put ${where} ${countOf(ids.length)}.`);
  }

  #revert() {
    const ids = this.session.selected.map(({ id }) => id);
    this.session.revert(ids);
    this.say(`Reverted ${countOf(ids.length)}.`);
  }
}
