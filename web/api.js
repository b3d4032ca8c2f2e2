// @ts-check
// The pack's HTTP routes; what fails is shown in a toast, in the server's own sentence.
import { api } from "../../scripts/api.js";
import { showToast } from "./comfy_page.js";

const ROOT = "/hunyuan_lora";

/** The server said no, in a sentence for the user. */
export class RequestError extends Error {
  /**
   * @param {string} sentence
   * @param {number} status HTTP status; 0 when the server could not be reached
   */
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/**
 * Ask one of the pack's routes.
 *
 * @param {string} path below /hunyuan_lora
 * @param {object} [body] sent as JSON by POST; left out: GET
 * @returns {Promise<any>}
 * @throws {RequestError}
 */
export async function request(path, body) {
  const options =
    body === undefined
      ? {}
      : {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        };
  /** @type {Response} */
  let answer;
  try {
    answer = await api.fetchApi(`${ROOT}${path}`, options);
  } catch {
    throw new RequestError("ComfyUI does not answer. Check that it is running.", 0);
  }
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  const sentence = content?.error ?? `ComfyUI answered ${answer.status} ${answer.statusText}.`;
  throw new RequestError(String(sentence), answer.status);
}

/**
 * Like `request`; a failure is shown to the user and gives null.
 *
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function requestOrToast(path, body) {
  try {
    return await request(path, body);
  } catch (error) {
    showToast("error", error instanceof Error ? error.message : String(error));
    return null;
  }
}

/**
 * Address of a run's route.
 *
 * @param {string} run
 * @param {string} route "history", "control" ...
 * @returns {string}
 */
export function runPath(run, route) {
  return `/runs/${encodeURIComponent(run)}/${route}`;
}

/**
 * Address of a file in a run's folder, for an image element.
 *
 * @param {string} run
 * @param {string} path from the run's folder
 * @returns {string}
 */
export function fileAddress(run, path) {
  return api.apiURL(`${ROOT}${runPath(run, "file")}?path=${encodeURIComponent(path)}`);
}

/**
 * Address of a route as the server names it, for an image element.
 *
 * @param {string} route "/hunyuan_lora/..."
 * @returns {string}
 */
export function routeAddress(route) {
  return api.apiURL(route);
}
