// @ts-check
// The template's fields of the active crop, at three levels, with where each value comes from.
import { make, makeButton, makeTabs, setText } from "../../ui/dom.js";
import { CROP_SLOTS, FIELDS, ownValue, SET_FIELDS, SOURCE_WORDS, valueOf } from "../data/fields.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../types.js").SheetCrop} SheetCrop */
/** @typedef {import("../data/fields.js").Level} Level */

const LEVELS = /** @type {{ id: Level, label: string }[]} */ ([
  { id: "crop", label: "This crop" },
  { id: "picture", label: "This picture" },
  { id: "node", label: "Whole set" },
]);

export class FieldsPanel {
  /** @type {Level} */
  #level = "crop";

  /**
   * @param {Session} session
   * @param {{ address: (crop: SheetCrop) => string, locked: ReadonlySet<string>,
   *   overrides: () => unknown, say: (sentence: string) => void }} options locked: inputs that
   *   another node gives; overrides: as `parseOverrides` gives them
   */
  constructor(session, options) {
    this.session = session;
    this.options = options;
    this.picture = make("img", { attributes: { alt: "" } });
    this.title = make("h3", { part: "cut" });
    this.about = make("div", { part: "faint" });
    this.note = make("p", { part: "faint" });
    this.rows = FIELDS.map((field) => this.#makeRow(field.name, field.label));
    this.setRows = SET_FIELDS.map((field) => this.#makeRow(field.name, field.label));
    this.template = this.#makeTemplate();
    this.slots = make("dl", { part: "cap-slots" });
    this.slotBlock = make(
      "div",
      { part: "cap-block" },
      make("h3", { text: "Filled in by the crop itself" }),
      this.slots,
    );
    this.tabs = makeTabs("Where a field is set", LEVELS, (id) => {
      this.#level = /** @type {Level} */ (id);
      this.update();
    });
    this.element = make(
      "div",
      { part: "cap-panel", attributes: { role: "region", "aria-label": "Fields" } },
      make(
        "div",
        { part: "cap-lead" },
        make("div", { part: "cap-picture" }, this.picture),
        make("div", { part: "box grow" }, this.title, this.about, this.note),
      ),
      this.tabs.element,
      ...this.rows.map(({ element }) => element),
      ...this.setRows.map(({ element }) => element),
      this.template.element,
      this.slotBlock,
    );
  }

  update() {
    const { session } = this;
    const crop = session.crop(session.selection.active ?? "") ?? session.sheet.crops[0];
    this.element.hidden = crop === undefined;
    if (!crop) return;
    this.#drawLead(crop);
    const isSet = this.#level === "node";
    for (const row of this.rows) row.update(crop);
    for (const row of this.setRows) {
      row.element.hidden = !isSet || !(row.name in session.state.fields);
      row.update(crop);
    }
    this.template.element.hidden = !isSet;
    if (isSet) this.template.update();
    this.#drawSlots(crop);
  }

  /** @param {SheetCrop} crop */
  #drawLead(crop) {
    const { session } = this;
    const address = this.options.address(crop);
    if (this.picture.getAttribute("src") !== address) this.picture.setAttribute("src", address);
    setText(this.title, crop.name);
    this.title.title = crop.name;
    setText(this.about, [crop.shot_words, crop.view, crop.bucket].filter(Boolean).join(" · "));
    const origin = session.originOf(crop.id);
    setText(this.note, NOTES[origin] ?? "");
  }

  /**
   * @param {string} name
   * @param {string} label
   */
  #makeRow(name, label) {
    const id = `hunyuan-lora-cap-field-${name}`;
    const source = make("span", { part: "cap-chip" });
    /** @type {HTMLTextAreaElement} */
    const input = make("textarea", {
      part: "field",
      attributes: { id, rows: name.endsWith("traits") || name === "extra" ? "2" : "1", spellcheck: "false" },
      on: {
        input: () => this.#set(name, label, input.value),
        // Each visit to a field is a step of its own.
        change: () => this.session.history.seal(),
      },
    });
    const clear = makeButton("×", () => this.#clear(name, label, input), {
      part: "cap-mini",
      attributes: { "aria-label": `Take away this value of ${label}` },
    });
    const element = make(
      "div",
      { part: "cap-set" },
      make("label", { text: label, attributes: { for: id } }),
      source,
      make("div", {}, input, clear),
    );
    /** @param {SheetCrop} crop */
    const update = (crop) => {
      const { session } = this;
      const own = ownValue(name, this.#level, crop, session.state);
      const used = valueOf(name, crop, session.state, this.options.overrides());
      const isLocked = this.#level === "node" && this.options.locked.has(name);
      if (input.value !== (own ?? "")) input.value = own ?? "";
      input.readOnly = isLocked;
      input.placeholder =
        own === null ? used.value : own === "" && this.#level !== "node" ? "(empty here)" : "";
      input.title = isLocked ? "Another node gives this value; change it there." : "";
      clear.hidden = own === null || this.#level === "node";
      setText(source, isLocked ? "from another node" : SOURCE_WORDS[used.source]);
      source.dataset["source"] = used.source;
      source.title = `In this caption: "${used.value}", set for ${SOURCE_WORDS[used.source]}`;
    };
    return { name, element, update };
  }

  #makeTemplate() {
    const id = "hunyuan-lora-cap-template";
    /** @type {HTMLTextAreaElement} */
    const input = make("textarea", {
      part: "field",
      attributes: { id, rows: "5", spellcheck: "false" },
      on: {
        input: () => this.session.take({ template: input.value }, "Changed the template", "template"),
        change: () => this.session.history.seal(),
      },
    });
    const hint = make("div", { part: "faint" });
    const element = make(
      "div",
      { part: "cap-set" },
      make("label", { text: "Template", attributes: { for: id } }),
      make("span"),
      make("div", {}, input),
      hint,
    );
    const update = () => {
      const { state, sheet } = this.session;
      if (input.value !== state.template) input.value = state.template;
      input.placeholder = sheet.template;
      input.readOnly = this.options.locked.has("template");
      setText(
        hint,
        `Slots: ${sheet.slots.map((name) => `{${name}}`).join(" ")}. Empty: the built-in sentence.`,
      );
      hint.style.gridColumn = "1 / -1";
    };
    return { element, update };
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string | null} value
   */
  #set(name, label, value) {
    const crop = this.session.crop(this.session.selection.active ?? "");
    if (!crop) return;
    const target = this.#level === "crop" ? crop.id : this.#level === "picture" ? crop.picture : "";
    const key = value === null ? "" : `field ${name} ${this.#level} ${target}`;
    this.session.setField([crop], { name, value, level: this.#level }, `Changed '${label}'`, key);
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {HTMLTextAreaElement} input
   */
  #clear(name, label, input) {
    this.#set(name, label, null);
    input.focus();
    this.options.say(`'${label}' is no longer set here.`);
  }

  /** @param {SheetCrop} crop */
  #drawSlots(crop) {
    const slots = this.session.filled.get(crop.id)?.slots ?? {};
    const key = JSON.stringify(CROP_SLOTS.map((name) => slots[name]));
    if (this.slots.dataset["key"] === key) return;
    this.slots.dataset["key"] = key;
    const parts = CROP_SLOTS.flatMap((name) => [
      make("dt", { text: `{${name}}` }),
      make("dd", { text: slots[name] || "(empty)" }),
    ]);
    this.slots.replaceChildren(...parts);
  }
}

/** @type {Record<string, string>} */
const NOTES = Object.freeze({
  editor: "Written by hand: the fields do not change it. Revert it to use them.",
  file: "From the .txt beside the picture. A field set for this crop or picture puts the template in its place.",
  captioner: "From a captioner. A field set for this crop or picture puts the template in its place.",
});
