// @ts-check
// The dashboard inside the Train node; it appears as soon as the node has a run.
import { addDisplayWidget, afterRemoved, growNode, widgetValue } from "../comfy_shim.js";
import { make } from "../ui/dom.js";
import { mountDashboard } from "./dashboard.js";
import { openLarge } from "./large.js";

/** @typedef {import("../comfy_shim.js").ComfyNode} ComfyNode */
/** @typedef {import("../studio.js").Studio} Studio */

// As high as .hunyuan-lora-panel may be, and the margin that the page draws around a widget.
const HEIGHT_PX = 660;

/** Panels of all Train nodes, by which a live message finds its node. @type {Set<NodePanel>} */
const panels = new Set();

/** The panel of one node. */
class NodePanel {
  /** @type {import("./dashboard.js").Dashboard | null} */
  #dashboard = null;

  /**
   * @param {ComfyNode} node
   * @param {Studio} studio
   */
  constructor(node, studio) {
    this.node = node;
    this.studio = studio;
    this.endList = studio.runs.subscribe(() => this.#onList());
    afterRemoved(node, () => this.#destroy());
    panels.add(this);
  }

  /** @param {string} run */
  show(run) {
    if (this.#dashboard?.names[0] === run) return;
    if (this.#dashboard === null) this.#add();
    this.#dashboard?.show([run]);
  }

  #onList() {
    const name = String(widgetValue(this.node, "run_name") ?? "").trim();
    const isThere = this.studio.runs.entries.some((entry) => entry.name === name);
    if (isThere) this.show(name);
  }

  #add() {
    const place = make("div", { part: "panel" });
    addDisplayWidget(this.node, "dashboard", place, () => HEIGHT_PX);
    this.#dashboard = mountDashboard(place, {
      studio: this.studio,
      layout: "node",
      openLarge: (runs) => openLarge(this.studio, runs),
    });
    growNode(this.node);
  }

  #destroy() {
    this.endList();
    this.#dashboard?.destroy();
    panels.delete(this);
  }
}

/**
 * Give a Train node its panel.
 *
 * @param {ComfyNode} node
 * @param {Studio} studio
 */
export function attachPanel(node, studio) {
  new NodePanel(node, studio);
}

/**
 * Show a run on the node that trains it.
 *
 * @param {string | number | null} node
 * @param {string} run
 */
export function showOnNode(node, run) {
  for (const panel of panels) if (String(panel.node.id) === String(node)) panel.show(run);
}
