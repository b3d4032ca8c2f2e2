// @ts-check
// Where the editor's plan comes from: the server still knows it, or the node is run again.

/** @typedef {import("./types.js").Plan} Plan */

/**
 * @typedef {object} PlanPage
 * @property {(key: string) => Promise<Plan | null>} readPlan null when the server does not know it
 * @property {(onWaiting: () => void) => Promise<Record<string, unknown> | null>} run the node;
 *   null after an error, which ComfyUI has shown
 * @property {() => string} settings what the plan follows from, apart from the boxes
 */

/** The plan cannot be had; the sentence says why. */
export class NoPlanError extends Error {}

/** The plan of one node. */
export class PlanSource {
  #key = "";
  #settings = "";

  /** @param {PlanPage} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * The node ran.
   *
   * @param {Record<string, unknown> | null} output what it shows
   */
  take(output) {
    const [key] = /** @type {unknown[]} */ (output?.["hunyuan_crop_plan"] ?? []);
    if (typeof key !== "string") return;
    this.#key = key;
    this.#settings = this.page.settings();
  }

  /**
   * @param {boolean} isAnew run the node whatever is known
   * @param {(sentence: string) => void} say what is being done
   * @returns {Promise<Plan>}
   * @throws {NoPlanError}
   */
  async load(isAnew, say) {
    const isCurrent = this.#key !== "" && this.#settings === this.page.settings();
    if (isCurrent && !isAnew) {
      const plan = await this.page.readPlan(this.#key);
      if (plan) return plan;
    }
    say("Running the node to find the crops.");
    const output = await this.page.run(() =>
      say("ComfyUI is busy with other work. The crops come as soon as it is done."),
    );
    if (!output) {
      throw new NoPlanError("The node could not be run, so there are no crops to edit. Mend what ComfyUI reports, then try again.");
    }
    this.take(output);
    const plan = this.#key === "" ? null : await this.page.readPlan(this.#key);
    if (!plan) throw new NoPlanError("The node ran, but the server does not know its crops. Try again.");
    return plan;
  }
}
