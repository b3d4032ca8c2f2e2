// @ts-check
// How full each bucket is, and the proposals that were left out.
import { tallyBuckets } from "../data/balance.js";
import { bucketWords, colourOf } from "../data/buckets.js";
import { allow, isAllowed, make, makeButton } from "../../ui/dom.js";
import { shotWords } from "../words.js";
import { makeSection } from "./fields.js";

/** @typedef {import("../actions.js").Actions} Actions */

/** Crops, repeats and samples per epoch of each bucket, over all pictures. */
export class TallyTable {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    const head = ["Bucket", "Crops", "Repeats", "Per epoch"].map((text) =>
      make("th", { text, attributes: { scope: "col" } }),
    );
    this.body = make("tbody");
    const table = make("table", { part: "crops-tally" }, make("thead", {}, make("tr", {}, ...head)), this.body);
    this.element = makeSection("All pictures", table);
  }

  show() {
    const { session, plan } = this.actions;
    const rows = tallyBuckets(session.allCrops(), plan.buckets, plan.max_enlargement);
    const total = (/** @type {"crops" | "samples"} */ name) =>
      rows.reduce((sum, row) => sum + row[name], 0);
    this.body.replaceChildren(
      ...rows.map(({ bucket, crops, repeats, samples }) => {
        const swatch = make("span", { part: "crops-swatch" });
        swatch.style.background = colourOf(bucket, plan.buckets);
        const head = make("th", { attributes: { scope: "row" } }, swatch, make("span", { text: bucketWords(bucket) }));
        const times = repeats > 0 ? `× ${repeats}` : "-";
        const row = make("tr", {}, head, ...cells([String(crops), times, String(samples)]));
        if (crops === 0) row.classList.add("empty");
        return row;
      }),
      make("tr", { part: "crops-total" }, make("th", { text: "Together", attributes: { scope: "row" } }),
        ...cells([String(total("crops")), "", String(total("samples"))])), // prettier-ignore
    );
  }
}

/** @param {string[]} texts */
function cells(texts) {
  return texts.map((text) => make("td", { text }));
}

/** Proposals that were left out of this picture, each with its reason. */
export class SkippedList {
  #shown = "";

  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.list = make("ul", { part: "crops-skipped" });
    this.title = make("summary");
    this.element = make("details", { part: "crops-section fold" }, this.title, this.list);
  }

  show() {
    const { picture } = this.actions;
    if (!picture || picture.key === this.#shown) return;
    this.#shown = picture.key;
    this.element.hidden = picture.skipped.length === 0;
    this.title.textContent = `Left out (${picture.skipped.length})`;
    this.list.replaceChildren(
      ...picture.skipped.map((entry, place) => {
        const words = `${shotWords(entry.shot)}, ${bucketWords(entry.bucket)}`;
        const add = makeButton("Add", () => isAllowed(add) && this.actions.addSkipped(place), {
          attributes: { "aria-label": `Add ${words}` },
        });
        allow(add, this.actions.whyNotAdd(entry), "Add it all the same");
        return make(
          "li",
          {},
          make("div", { part: "grow" }, make("strong", { text: words }), make("p", { part: "faint", text: entry.reason })),
          add,
        );
      }),
    );
  }
}
