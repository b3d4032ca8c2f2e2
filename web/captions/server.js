// @ts-check
// The caption routes of the server.
import { request, RequestError, routeAddress } from "../api.js";
import { formatEdits } from "./data/edits.js";

/** @typedef {import("./types.js").Sheet} Sheet */
/** @typedef {import("./types.js").State} State */

const SIDE_PX = 256;

/**
 * @param {string} key
 * @param {string} [route] below the sheet
 */
function sheetPath(key, route = "") {
  return `/caption_sheets/${encodeURIComponent(key)}${route}`;
}

/**
 * @param {string} key
 * @returns {Promise<Sheet>}
 */
export function readSheet(key) {
  return request(sheetPath(key));
}

/**
 * Captions, tokens and findings for what is edited.
 *
 * @param {string} key of the sheet
 * @param {State} state
 * @param {{ keep_existing: boolean, overrides: string }} settings of the node
 * @returns {Promise<import("./types.js").FillAnswer>}
 */
export function fillSheet(key, state, settings) {
  return request(sheetPath(key, "/fill"), bodyOf(state, settings));
}

/**
 * Let the editor's caption win over one that was edited by hand in the built dataset's folder.
 *
 * @param {string} key of the sheet
 * @param {string} id of the crop
 * @param {string} text the editor's caption
 */
export async function settleCaption(key, id, text) {
  await request(sheetPath(key, "/settle"), { id, text });
}

/** Whether the server does not know the sheet any more. @param {unknown} error */
export function isLost(error) {
  return error instanceof RequestError && error.status === 404;
}

/**
 * Address of a crop's picture.
 *
 * @param {import("./types.js").SheetCrop} crop
 */
export function cropAddress(crop) {
  const box = encodeURIComponent(crop.box.join(","));
  return routeAddress(
    `/hunyuan_lora/pictures/${encodeURIComponent(crop.picture)}?side=${SIDE_PX}&box=${box}`,
  );
}

/**
 * @param {State} state
 * @param {{ keep_existing: boolean, overrides: string }} settings
 * @returns {import("./types.js").FillBody}
 */
function bodyOf(state, settings) {
  const { template, fields, edits } = state;
  return { template, fields, ...settings, edits: formatEdits(edits) };
}
