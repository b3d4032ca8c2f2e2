// @ts-check
// A button on a node: an element of the page in both of ComfyUI's node renderers, so that the
// keyboard reaches it too.
import { addDisplayWidget, growNode } from "../comfy_shim.js";
import { make, makeButton } from "./dom.js";
import { addStyle } from "./style.js";

const HEIGHT_PX = 46;

/**
 * Add a button to a node; it is neither saved nor sent.
 *
 * @param {import("../comfy_shim.js").ComfyNode} node
 * @param {string} label
 * @param {string} title what it does, in a sentence
 * @param {() => void} act
 */
export function addNodeButton(node, label, title, act) {
  addStyle();
  const button = makeButton(label, act, { part: "node-button", title });
  const place = make("div", { part: "root node-button-place" }, button);
  addDisplayWidget(node, label, place, () => HEIGHT_PX);
  growNode(node);
}
