// @ts-check
// What the pack asks of ComfyUI's page itself, in one place; casts around its types live here.
import { app } from "../../scripts/app.js";

/**
 * @typedef {object} PageWithNames
 * @property {(graph: object, clean: boolean, view: boolean, name: string) => Promise<void>} loadGraphData
 * @property {(prompt: object, name: string) => Promise<void>} loadApiJson
 */

/**
 * Show a message in ComfyUI's own way.
 *
 * @param {"success" | "info" | "warn" | "error"} severity
 * @param {string} sentence
 */
export function showToast(severity, sentence) {
  app.extensionManager.toast.add({
    severity,
    summary: "Hunyuan LoRA",
    detail: sentence,
    life: severity === "error" ? 12_000 : 6_000,
  });
}

/**
 * Open a stored graph in a tab of its own; what is open now stays in its tab.
 *
 * @param {{ prompt?: object | null, workflow?: object | null }} graph without the workflow, as
 *   scripts queue it, the nodes are laid out anew
 * @param {string} name of the tab
 * @param {string} type id of the class whose widgets are set
 * @param {Record<string, unknown>} widgets values by the widget's name
 */
export async function openGraph(graph, name, type, widgets) {
  // The published types lack the version of loadGraphData that takes a name.
  const page = /** @type {PageWithNames} */ (/** @type {unknown} */ (app));
  if (graph.workflow) await page.loadGraphData(graph.workflow, true, true, name);
  else if (graph.prompt) await page.loadApiJson(graph.prompt, name);
  setWidgets(type, widgets);
}

/**
 * Change widgets of all nodes of a class in the open graph.
 *
 * @param {string} type id of the class
 * @param {Record<string, unknown>} values by the widget's name
 */
function setWidgets(type, values) {
  const graph = /** @type {{ _nodes?: import("./comfy_shim.js").ComfyNode[] }} */ (/** @type {unknown} */ (app.graph));
  for (const node of graph._nodes ?? []) {
    if (node.comfyClass !== type) continue;
    for (const widget of node.widgets ?? []) {
      if (widget.name && widget.name in values) widget.value = values[widget.name];
    }
  }
}

/**
 * Add a tab to ComfyUI's sidebar, where this version has one.
 *
 * @param {{ id: string, icon: string, title: string, tooltip: string,
 *   render: (container: HTMLElement) => void, destroy: () => void }} tab
 */
export function addSidebarTab(tab) {
  app.extensionManager.registerSidebarTab({ ...tab, type: "custom" });
}
