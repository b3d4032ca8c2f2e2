// @ts-check
// Chooses what is shown and what is selected.
import { make, makeButton, setText } from "../../ui/dom.js";
import { countValues, isOpen, kindWords, NO_FILTER, ORIGIN_WORDS } from "../data/filtering.js";
import { countOf } from "../session.js";

/** @typedef {import("../session.js").Session} Session */
/** @typedef {import("../data/filtering.js").Filter} Filter */
/** @typedef {{ value: string, text: string }} Choice */

/**
 * @param {Session} session
 * @param {{ say: (sentence: string) => void, onSelected: () => void }} options
 */
export function makeFilters(session, options) {
  const search = make("input", {
    part: "field cap-search",
    attributes: {
      type: "search",
      placeholder: "Filter by text",
      "aria-label": "Filter by text or file name",
    },
    on: { input: () => session.setFilter({ text: search.value }) },
  });
  const shot = chooser("Shot", (value) => session.setFilter({ shot: value }));
  const view = chooser("View", (value) => session.setFilter({ view: value }));
  const origin = chooser("Origin", (value) => session.setFilter({ origin: value }));
  const warnings = chooser("Warnings", (value) => session.setFilter({ warnings: value }));
  const reset = makeButton("Show all", () => session.setFilter(NO_FILTER), { part: "cap-mini" });
  const count = make("span", { part: "faint" });
  const select = chooser("Select", (value) => choose(value));
  const revert = makeButton("Revert all", revertAll, {
    title: "Take back every edit of these captions; undo brings it back",
  });
  const element = make(
    "div",
    { part: "cap-filters", attributes: { role: "toolbar", "aria-label": "Filter and select" } },
    search,
    shot.element,
    view.element,
    origin.element,
    warnings.element,
    reset,
    count,
    make("span", { part: "cap-gap" }),
    select.element,
    revert,
  );

  function revertAll() {
    session.revertAll();
    options.say("Reverted everything. Undo brings it back.");
  }

  /** @param {string} value */
  function choose(value) {
    select.element.value = "";
    session.selection.set(idsOf(session, value));
    session.touchSelection();
    options.say(`${countOf(session.selection.size)} selected.`);
    options.onSelected();
  }

  function update() {
    const { filter, sheet, shown } = session;
    if (search.value !== filter.text) search.value = filter.text;
    const { crops } = sheet;
    shot.update(
      filter.shot,
      countValues(crops.map((crop) => crop.shot)).map(({ value, count }) => ({
        value,
        text: `${shotWords(session, value)} (${count})`,
      })),
    );
    view.update(
      filter.view,
      countValues(crops.map((crop) => crop.view || "none")).map(({ value, count }) => ({
        value,
        text: `${value} (${count})`,
      })),
    );
    origin.update(
      filter.origin,
      countValues(
        crops.map(({ id }) => session.originOf(id)),
        true,
      ).map(({ value, count }) => ({ value, text: `${ORIGIN_WORDS[value] ?? value} (${count})` })),
    );
    warnings.update(filter.warnings, warningChoices(session));
    select.update("", selectChoices(session));
    reset.hidden = isOpen(filter);
    setText(
      count,
      shown.length === crops.length ? countOf(crops.length) : `${shown.length} of ${countOf(crops.length)}`,
    );
  }
  return { element, update, focus: () => search.focus() };
}

/**
 * A select whose first choice is its name.
 *
 * @param {string} name
 * @param {(value: string) => void} onChoose
 */
function chooser(name, onChoose) {
  const element = make("select", {
    part: "field",
    attributes: { "aria-label": name },
    on: { change: () => onChoose(element.value) },
  });
  let drawn = "";
  /**
   * @param {string} value
   * @param {Choice[]} choices
   */
  function update(value, choices) {
    const key = JSON.stringify(choices);
    if (key !== drawn) {
      drawn = key;
      const all = [{ value: "", text: name === "Select" ? "Select…" : `${name}: any` }, ...choices];
      element.replaceChildren(
        ...all.map((one) => make("option", { text: one.text, attributes: { value: one.value } })),
      );
    }
    if (element.value !== value) element.value = value;
  }
  return { element, update };
}

/** @param {Session} session @returns {Choice[]} */
function warningChoices(session) {
  const kinds = [...session.filled.values()].flatMap(({ warnings }) => [
    ...new Set(warnings.map(({ kind }) => kind)),
  ]);
  const some = [...session.filled.values()].filter(({ warnings }) => warnings.length > 0).length;
  const list = countValues(kinds, true).map(({ value, count }) => ({
    value,
    text: `${kindWords(value)} (${count})`,
  }));
  return [{ value: "any", text: `with warnings (${some})` }, ...list];
}

/** @param {Session} session @returns {Choice[]} */
function selectChoices(session) {
  const { shown } = session;
  const by = (/** @type {"shot" | "view" | "bucket"} */ name) =>
    countValues(shown.map((crop) => crop[name] || "none"));
  return [
    { value: "all", text: `All shown (${shown.length})` },
    { value: "none", text: "None" },
    { value: "same", text: "All of this picture" },
    { value: "warnings", text: "Those with warnings" },
    { value: "edited", text: "Those that are edited" },
    ...by("shot").map(({ value }) => ({
      value: `shot=${value}`,
      text: `Shot: ${shotWords(session, value)}`,
    })),
    ...by("view").map(({ value }) => ({ value: `view=${value}`, text: `View: ${value}` })),
    ...by("bucket").map(({ value }) => ({ value: `bucket=${value}`, text: `Bucket: ${value}` })),
  ];
}

/**
 * @param {Session} session
 * @param {string} value of `selectChoices`
 */
function idsOf(session, value) {
  const { shown, selection, filled } = session;
  const picture = session.crop(selection.active ?? "")?.picture;
  const [name, wanted] = value.split("=");
  const isWanted = (/** @type {import("../types.js").SheetCrop} */ crop) => {
    if (name === "all") return true;
    if (name === "same") return crop.picture === picture;
    if (name === "warnings") return (filled.get(crop.id)?.warnings.length ?? 0) > 0;
    if (name === "edited") return session.isEdited(crop.id);
    if (name === "shot" || name === "view" || name === "bucket") return (crop[name] || "none") === wanted;
    return false;
  };
  return shown.filter(isWanted).map(({ id }) => id);
}

/**
 * @param {Session} session
 * @param {string} shot
 */
function shotWords(session, shot) {
  return session.sheet.crops.find((crop) => crop.shot === shot)?.shot_words ?? shot;
}
