// @ts-check
// What the pack asks of ComfyUI's page itself, in one place; casts around its types live here.
import { app } from "../../scripts/app.js";

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
 * Open a workflow in a tab of its own; what is open now stays in its tab.
 *
 * @param {object} workflow as ComfyUI saves it
 * @param {string} name of the tab
 */
export async function openWorkflow(workflow, name) {
  // The published types lack the version that takes a name.
  const load = /** @type {(graph: object, clean: boolean, view: boolean, name: string) => unknown} */ (
    /** @type {unknown} */ (app.loadGraphData.bind(app))
  );
  await load(workflow, true, true, name);
}

/**
 * Change widgets of all nodes of a class in the open graph.
 *
 * @param {string} type id of the class
 * @param {Record<string, unknown>} values by the widget's name
 */
export function setWidgets(type, values) {
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
