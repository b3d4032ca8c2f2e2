// @ts-check
// The library: every run with its pictures and verdict, and what can be done with it.
import { ask, stopShortcuts } from "../ui/dialog.js";
import { allow, isAllowed, make, makeButton, setText } from "../ui/dom.js";
import { addStyle } from "../ui/style.js";
import { makeCard } from "./card.js";

/** @typedef {import("../studio.js").Studio} Studio */
/** @typedef {import("./run_list.js").RunEntry} RunEntry */
/** @typedef {{ element: HTMLElement, update: (entry: RunEntry) => void }} Card */

const MOST_COMPARED = 8;

/**
 * @param {HTMLElement} container
 * @param {{ studio: Studio, show: (names: string[]) => void, leave: () => void }} options show: runs
 *   in the dashboard, the first in full; leave: make a graph visible that was opened
 */
export function mountLibrary(container, options) {
  return new Library(container, options);
}

class Library {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {Set<string>} */
  #picked = new Set();

  /**
   * @param {HTMLElement} container
   * @param {{ studio: Studio, show: (names: string[]) => void, leave: () => void }} options
   */
  constructor(container, options) {
    addStyle();
    this.options = options;
    this.studio = options.studio;
    this.count = make("span", { part: "faint grow" });
    this.compare = makeButton("Compare", () => this.#compare());
    this.notice = make("div", { part: "notice row apart", attributes: { role: "status" } });
    this.notice.hidden = true;
    this.cards = make("div", { part: "cards" });
    this.root = make(
      "div",
      { part: "root board", on: { keydown: stopShortcuts } },
      make("div", { part: "row apart" }, this.count, this.compare),
      this.notice,
      this.cards,
    );
    container.append(this.root);
    this.endList = this.studio.runs.subscribe(() => this.#update());
    if (this.studio.runs.isLoaded) this.#update();
  }

  destroy() {
    this.endList();
    this.root.remove();
  }

  #update() {
    const entries = this.studio.runs.entries;
    const names = new Set(entries.map((entry) => entry.name));
    for (const name of this.#picked) if (!names.has(name)) this.#picked.delete(name);
    for (const [name, card] of this.#cards) {
      if (names.has(name)) continue;
      card.element.remove();
      this.#cards.delete(name);
    }
    entries.forEach((entry, place) => {
      const card = this.#cards.get(entry.name) ?? this.#addCard(entry.name);
      card.update(entry);
      // Moving an element that stands in its place already would take the focus away.
      if (this.cards.children[place] !== card.element) {
        this.cards.insertBefore(card.element, this.cards.children[place] ?? null);
      }
    });
    setText(this.count, countText(entries.length));
    this.#permitCompare();
  }

  /** @param {string} name */
  #addCard(name) {
    const card = makeCard(name, this.studio, {
      open: () => this.options.show([name]),
      pick: (isPicked) => {
        if (isPicked) this.#picked.add(name);
        else this.#picked.delete(name);
        this.#permitCompare();
      },
      resume: () => void this.#openGraph(name, false),
      clone: () => void this.#openGraph(name, true),
      remove: () => void this.#remove(name),
    });
    this.#cards.set(name, card);
    return card;
  }

  #permitCompare() {
    const count = this.#picked.size;
    setText(this.compare, count > 1 ? `Compare ${count} runs` : "Compare");
    const few = count < 2 ? "Tick two or more runs first." : "";
    const many = count > MOST_COMPARED ? `At most ${MOST_COMPARED} runs fit on one chart.` : "";
    allow(this.compare, few || many, "Lay their curves over each other");
  }

  #compare() {
    const order = this.studio.runs.entries.map((entry) => entry.name);
    if (isAllowed(this.compare)) this.options.show(order.filter((name) => this.#picked.has(name)));
  }

  /**
   * @param {string} name
   * @param {boolean} isClone under another run name, so that the run itself stays as it is
   */
  async #openGraph(name, isClone) {
    const graph = await this.studio.request(`/runs/${encodeURIComponent(name)}/graph`);
    if (!graph) return;
    const copy = freeName(name, this.studio.runs.entries.map((entry) => entry.name)); // prettier-ignore
    const isSure = await ask({
      title: isClone ? "Open a copy of its graph?" : "Open its graph to go on?",
      text: isClone
        ? `The graph that made '${name}' opens in a new tab with all its settings, under the run name '${copy}'. Your present graph stays in its tab.`
        : `The graph that made '${name}' opens in a new tab. Press Run there to go on where the run ended. Your present graph stays in its tab.`,
      yes: "Open",
    }); // prettier-ignore
    if (!isSure) return;
    // Without it ComfyUI would skip the training node: its inputs are those of the ended run.
    if (!isClone && !(await this.studio.request(`/runs/${encodeURIComponent(name)}/resume`, {}))) return;
    const widgets = isClone ? { run_name: copy } : { run_name: name, if_run_exists: "continue" };
    this.options.leave();
    await this.studio.openGraph(graph, isClone ? copy : name, widgets);
    const sentence = isClone ? "Change what you like and press Run." : "Press Run to go on.";
    this.studio.toast("info", `The graph of '${name}' is open. ${sentence}`);
  }

  /** @param {string} name */
  async #remove(name) {
    const isSure = await ask({
      title: "Delete this run?",
      text: `'${name}' with its checkpoints and previews goes to the recycle folder, output/hunyuan_lora/recycled. LoRAs that were copied to models/loras stay.`,
      yes: "Delete",
      isDangerous: true,
    }); // prettier-ignore
    if (!isSure) return;
    const answer = await this.studio.request(`/runs/${encodeURIComponent(name)}/delete`, { confirm: name });
    if (!answer) return;
    this.#offerUndo(name, String(answer.recycled));
    void this.studio.runs.refresh();
  }

  /**
   * @param {string} name
   * @param {string} recycled its name in the recycle folder
   */
  #offerUndo(name, recycled) {
    const undo = makeButton("Undo", async () => {
      const answer = await this.studio.request(`/recycled/${encodeURIComponent(recycled)}/restore`, {});
      if (!answer) return;
      this.notice.hidden = true;
      void this.studio.runs.refresh();
    });
    const words = make("span", { text: `'${name}' is in the recycle folder now.` });
    this.notice.replaceChildren(words, undo);
    this.notice.hidden = false;
    undo.focus();
  }
}

/** @param {number} count */
function countText(count) {
  if (count === 0) return "No run yet. Runs of 'Train HunyuanVideo LoRA' are listed here.";
  return count === 1 ? "1 run" : `${count} runs`;
}

/**
 * A run name that is not taken.
 *
 * @param {string} name
 * @param {string[]} taken
 * @returns {string}
 */
export function freeName(name, taken) {
  const known = new Set(taken.map((one) => one.toLowerCase()));
  let copy = `${name}_copy`;
  for (let number = 2; known.has(copy.toLowerCase()); number += 1) copy = `${name}_copy${number}`;
  return copy;
}
