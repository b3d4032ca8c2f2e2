// @ts-check
// What the pack uses of ComfyUI's node objects, in one place: the published types lack some of it.

/**
 * @typedef {object} DomWidget
 * @property {boolean} [serialize] false keeps the widget out of saved workflows
 * @property {HTMLElement} [element]
 * @property {string} [name]
 * @property {unknown} [value]
 * @property {(value: unknown) => void} [callback]
 */

/**
 * @typedef {object} ComfyNode
 * @property {string | number} id
 * @property {string} [comfyClass] id of the node's class
 * @property {DomWidget[]} [widgets]
 * @property {[number, number]} size width and height on the canvas
 * @property {(output: Record<string, unknown>) => void} [onExecuted]
 * @property {() => void} [onRemoved]
 * @property {(size: [number, number]) => void} [setSize]
 * @property {() => [number, number]} [computeSize]
 * @property {(name: string, type: string, element: HTMLElement, options: object) => DomWidget} addDOMWidget
 * @property {{ change?: () => void }} [graph] the graph that holds the node
 * @property {{ name: string, link?: number | null }[]} [inputs]
 */

/**
 * A node as ComfyUI hands it over, with what the published types lack.
 *
 * @param {unknown} node
 * @returns {ComfyNode}
 */
export function asComfyNode(node) {
  return /** @type {ComfyNode} */ (node);
}

/**
 * Add an element to a node as a widget that is neither saved nor sent.
 *
 * @param {ComfyNode} node
 * @param {string} name
 * @param {HTMLElement} element
 * @param {() => number} minHeight least height in canvas units
 * @returns {DomWidget}
 */
export function addDisplayWidget(node, name, element, minHeight) {
  const widget = node.addDOMWidget(name, `hunyuan_${name}`, element, {
    serialize: false,
    hideOnZoom: false,
    getMinHeight: minHeight,
    getMaxHeight: minHeight,
  });
  widget.serialize = false;
  return widget;
}

/**
 * Call `then` after a node ran, beside whatever else listens.
 *
 * @param {ComfyNode} node
 * @param {(output: Record<string, unknown>) => void} then
 */
export function afterExecuted(node, then) {
  const before = node.onExecuted;
  node.onExecuted = function (output) {
    before?.call(this, output);
    then(output);
  };
}

/**
 * The value of a node's widget.
 *
 * @param {ComfyNode} node
 * @param {string} name
 * @returns {unknown}
 */
export function widgetValue(node, name) {
  return node.widgets?.find((widget) => widget.name === name)?.value;
}

/**
 * Call `then` when a node is taken out of the graph, beside whatever else listens.
 *
 * @param {ComfyNode} node
 * @param {() => void} then
 */
export function afterRemoved(node, then) {
  const before = node.onRemoved;
  node.onRemoved = function () {
    before?.call(this);
    then();
  };
}

/**
 * Make a node high enough for its widgets.
 *
 * @param {ComfyNode} node
 */
export function growNode(node) {
  const needed = node.computeSize?.();
  if (!needed || !node.setSize) return;
  node.setSize([node.size[0], Math.max(node.size[1], needed[1])]);
}

/**
 * Set a widget's value as if the user had typed it: what listens hears of it, and ComfyUI knows
 * that the workflow changed.
 *
 * @param {ComfyNode} node
 * @param {string} name
 * @param {unknown} value
 */
export function setWidgetValue(node, name, value) {
  const widget = node.widgets?.find((one) => one.name === name);
  if (!widget || widget.value === value) return;
  widget.value = value;
  widget.callback?.(value);
  node.graph?.change?.();
}

/**
 * Whether another node gives an input's value, so that the widget's own does not count.
 *
 * @param {ComfyNode} node
 * @param {string} name
 */
export function isLinked(node, name) {
  return node.inputs?.some((input) => input.name === name && (input.link ?? null) !== null) ?? false;
}
