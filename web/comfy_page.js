// @ts-check
// What the pack asks of ComfyUI's page itself, in one place; casts around its types live here.
import { api } from "../../scripts/api.js";
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

/**
 * @typedef {object} PageWithQueue
 * @property {(number: number, count: number, ids: string[]) => Promise<boolean | undefined>} queuePrompt
 *
 * @typedef {(output: Record<string, unknown> | null) => void} Give
 */

/**
 * Run a node and what comes before it, and nothing else.
 *
 * @param {import("./comfy_shim.js").ComfyNode} node an output node
 * @param {() => void} [onWaiting] called when other work is in the queue before it
 * @returns {Promise<Record<string, unknown> | null>} what the node shows; null after an error or a
 *   cancel, which ComfyUI itself has shown
 */
export async function runUpTo(node, onWaiting) {
  const page = /** @type {PageWithQueue} */ (/** @type {unknown} */ (app));
  const id = executionId(node);
  const outcome = watchRun(id);
  try {
    const isQueued = await page.queuePrompt(0, 1, [id]);
    // False means: the server refused the graph, and the page has said why.
    if (isQueued === false) outcome.give(null);
    else {
      const place = await findInQueue(id);
      outcome.name(place?.prompt ?? null);
      if (place?.isWaiting) onWaiting?.();
    }
  } catch {
    outcome.give(null);
  }
  return outcome.promise;
}

/**
 * The name under which the server runs a node: inside a subgraph it begins with the ids of the
 * nodes around it ("5:3").
 *
 * @param {import("./comfy_shim.js").ComfyNode} node
 * @returns {string}
 */
function executionId(node) {
  /**
   * @param {{ _nodes?: any[] }} graph
   * @param {string} prefix
   * @returns {string | null}
   */
  const find = (graph, prefix) => {
    for (const one of graph._nodes ?? []) {
      if (one === node) return `${prefix}${one.id}`;
      const inner = one.subgraph ? find(one.subgraph, `${prefix}${one.id}:`) : null;
      if (inner !== null) return inner;
    }
    return null;
  };
  const graph = /** @type {any} */ (app.graph);
  return find(graph?.rootGraph ?? graph ?? {}, "") ?? String(node.id);
}

/**
 * Wait for a node's result among the messages of the server. Other prompts may end meanwhile, so
 * an end counts only once the prompt's own name is known.
 *
 * @param {string} id of the node
 */
function watchRun(id) {
  /** @type {Give} */
  let give = () => undefined;
  const promise = new Promise((/** @type {Give} */ resolve) => {
    give = resolve;
  });
  /** @type {string | null | undefined} */
  let prompt;
  /** @type {Set<string>} */
  const ended = new Set();
  const onEnd = (/** @type {any} */ event) => {
    ended.add(String(event.detail?.prompt_id));
    if (prompt && ended.has(prompt)) give(null);
  };
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {
    executed: ({ detail }) => {
      if (String(detail?.display_node ?? detail?.node) === id) give(detail?.output ?? null);
    },
    execution_error: onEnd,
    execution_interrupted: onEnd,
  };
  const source = /** @type {EventTarget} */ (/** @type {unknown} */ (api));
  for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
  void promise.finally(() => {
    for (const [name, listener] of Object.entries(listeners)) source.removeEventListener(name, listener);
  });
  /** @param {string | null} found null when the prompt has left the queue already */
  function name(found) {
    prompt = found;
    if (found === null ? ended.size > 0 : ended.has(found)) give(null);
  }
  return { promise, give, name };
}

/**
 * The newest prompt in the queue that runs up to a node.
 *
 * @param {string} id of the node
 * @returns {Promise<{ prompt: string, isWaiting: boolean } | null>} null: it is not there any more
 */
async function findInQueue(id) {
  const queue = await (await api.fetchApi("/queue")).json();
  const find = (/** @type {any[]} */ entries) =>
    (entries ?? []).filter((entry) => (entry[4] ?? []).map(String).includes(id)).at(-1)?.[1];
  const pending = find(queue.queue_pending);
  const prompt = pending ?? find(queue.queue_running);
  return prompt === undefined ? null : { prompt, isWaiting: pending !== undefined };
}
