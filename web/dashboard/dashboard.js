// @ts-check
// A run to watch and to lead, in a node, in the sidebar or in a large window.
import { stopShortcuts } from "../ui/dialog.js";
import { make, makeButton } from "../ui/dom.js";
import { addStyle } from "../ui/style.js";
import { Charts } from "./parts/charts.js";
import { makeComparison } from "./parts/comparison.js";
import { Controls } from "./parts/controls.js";
import { makePreviews } from "./parts/previews.js";
import { makeStatus } from "./parts/status.js";
import { makeVerdict } from "./parts/verdict.js";

/** @typedef {import("./data/feed.js").RunFeed} RunFeed */
/** @typedef {import("../studio.js").Studio} Studio */

/**
 * @typedef {object} DashboardOptions
 * @property {Studio} studio
 * @property {string | null} [run] left out: the run that runs now, else the last changed
 * @property {"node" | "side" | "wide"} layout
 * @property {((runs: string[]) => void) | null} [openLarge] what the button "Open large" does
 */

/**
 * Show a dashboard in a container.
 *
 * @param {HTMLElement} container
 * @param {DashboardOptions} options
 * @returns {Dashboard}
 */
export function mountDashboard(container, options) {
  return new Dashboard(container, options);
}

/** What `mountDashboard` gives back. */
export class Dashboard {
  /** The first is shown in full, the others are laid over its curves. @type {RunFeed[]} */
  #feeds = [];
  /** @type {(() => void)[]} */
  #subscriptions = [];
  #isChosen = false;
  #isDrawing = false;
  #isStale = true;
  #isDestroyed = false;

  /**
   * @param {HTMLElement} container
   * @param {DashboardOptions} options
   */
  constructor(container, options) {
    addStyle();
    this.container = container;
    this.options = options;
    this.studio = options.studio;
    this.status = makeStatus();
    this.controls = new Controls(this.studio);
    this.verdict = makeVerdict(this.studio, (action) => void this.controls.send(/** @type {"stop"} */ (action)));
    this.previews = makePreviews(this.studio);
    this.comparison = makeComparison(() => this.show(this.names.slice(0, 1)));
    this.charts = new Charts((mark) => this.#onMark(mark), options.layout !== "node");
    this.choice = make("select", {
      part: "field grow",
      attributes: { "aria-label": "Run" },
      on: { change: () => this.show([this.choice.value]) },
    });
    this.empty = make("p", {
      part: "faint",
      text: "No run yet. Queue a graph with 'Train HunyuanVideo LoRA'; its course appears here.",
    });
    this.body = this.#makeBody();
    this.root = make(
      "div",
      { part: `root board ${options.layout === "node" ? "in-node" : ""}`.trim(), on: { keydown: stopShortcuts } },
      this.#makeHead(),
      this.empty,
      this.body,
    );
    container.append(this.root);
    this.observer = new IntersectionObserver(() => this.#schedule());
    this.observer.observe(this.root);
    this.endList = this.studio.runs.subscribe(() => this.#onList());
    if (options.run) this.show([options.run]);
    else if (this.studio.runs.isLoaded) this.#onList();
    void this.studio.runs.refresh();
  }

  /** Names of the shown runs. */
  get names() {
    return this.#feeds.map((feed) => feed.data.name);
  }

  /**
   * Show a run, and others laid over it.
   *
   * @param {string[]} names
   */
  show(names) {
    this.#isChosen = true;
    this.#follow(names);
    this.root.scrollTop = 0;
  }

  destroy() {
    this.#isDestroyed = true;
    this.observer.disconnect();
    this.endList();
    this.#follow([]);
    this.charts.destroy();
    this.root.remove();
  }

  #makeHead() {
    const { layout, openLarge } = this.options;
    if (layout === "wide") return make("div", { part: "row" }, this.choice);
    const large = openLarge
      ? makeButton("Open large", () => openLarge(this.names), { title: "Show the run in a large window" })
      : null;
    if (layout === "node") this.choice.hidden = true;
    return make("div", { part: "row end" }, this.choice, large);
  }

  #makeBody() {
    const parts = {
      status: this.status.element,
      charts: this.charts.element,
      verdict: this.verdict.element,
      controls: this.controls.element,
      comparison: this.comparison.element,
      previews: this.previews.element,
    };
    if (this.options.layout !== "wide") return make("div", { part: "box" }, ...Object.values(parts));
    parts.previews.classList.add("hunyuan-lora-span");
    return make(
      "div",
      { part: "wide" },
      make("div", { part: "box" }, parts.charts, parts.verdict),
      make("div", { part: "box" }, parts.status, parts.controls, parts.comparison),
      parts.previews,
    );
  }

  #onList() {
    const runs = this.studio.runs;
    const names = runs.entries.map((entry) => entry.name);
    if (this.choice.dataset["names"] !== names.join("\n")) {
      this.choice.dataset["names"] = names.join("\n");
      this.choice.replaceChildren(...names.map((name) => make("option", { text: name, attributes: { value: name } })));
    }
    const isGone = this.#feeds.length > 0 && !names.includes(this.names[0] ?? "");
    if (isGone && this.options.layout !== "node") this.#isChosen = false;
    const wanted = runs.mostWanted;
    if (!this.#isChosen && this.names[0] !== wanted) this.#follow(wanted === null ? [] : [wanted]);
    this.choice.value = this.names[0] ?? "";
    this.#schedule();
  }

  /** @param {string[]} names */
  #follow(names) {
    const before = this.#feeds;
    for (const end of this.#subscriptions) end();
    this.#feeds = names.map((name) => this.studio.feeds.open(name));
    this.#subscriptions = this.#feeds.map((feed) => feed.subscribe(() => this.#schedule()));
    for (const feed of before) this.studio.feeds.close(feed);
    this.choice.value = names[0] ?? "";
    this.#schedule();
  }

  /** Draw with the next frame, or as soon as it can be seen. */
  #schedule() {
    this.#isStale = true;
    if (this.#isDrawing || this.#isDestroyed) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      const isVisible = this.root.isConnected && this.root.getClientRects().length > 0;
      if (isVisible && this.#isStale && !this.#isDestroyed) this.#draw();
    });
  }

  #draw() {
    this.#isStale = false;
    const feed = this.#feeds[0];
    this.empty.hidden = feed !== undefined || !this.studio.runs.isLoaded;
    this.body.hidden = feed === undefined;
    if (!feed) return;
    const all = this.#feeds.map((one) => one.data);
    this.status.update(feed.data);
    this.charts.update(feed.data, all.slice(1));
    this.verdict.update(feed.data);
    this.controls.update(feed.data);
    this.comparison.update(all);
    this.previews.update(feed.data);
  }

  /** @param {import("../chart/types.js").Mark} mark */
  #onMark(mark) {
    if (mark.kind === "sample") this.previews.openStep(mark.x);
    if (mark.kind === "checkpoint") this.controls.chooseCheckpoint(mark.x);
  }
}
