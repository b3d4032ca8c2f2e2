// @ts-check
// One preview on the whole screen; the arrow keys move over steps and prompts.
import { openDialog } from "../../ui/dialog.js";
import { make, makeButton, setText } from "../../ui/dom.js";
import { moveInGrid, withoutLora } from "../data/grid_layout.js";
import { durationText } from "../data/words.js";

/** @typedef {import("../data/grid_layout.js").Grid} Grid */
/** @typedef {import("../data/grid_layout.js").Place} Place */

// Stays as the user left it while the page is open.
let isSideBySide = false;

/**
 * @param {import("../../studio.js").Studio} studio
 * @param {string} run
 * @param {Grid} grid
 * @param {Place} first
 */
export function openViewer(studio, run, grid, first) {
  let place = first;
  const { dialog, close } = openDialog("viewer", "Preview", () => undefined);
  const title = make("span", { part: "strong" });
  const detail = make("span", { part: "faint grow cut" });
  const both = makeButton("Side by side with no LoRA", () => {
    isSideBySide = !isSideBySide;
    draw();
  });
  const stage = make("div", { part: "stage" });
  dialog.append(
    make(
      "div",
      { part: "bar row", attributes: { "aria-live": "polite" } },
      title,
      detail,
      make("span", { part: "faint", text: "Up and down: steps. Left and right: prompts." }),
      both,
      makeButton("Close", close),
    ),
    stage,
  );
  dialog.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    place = moveInGrid(grid, place, event.key);
    draw();
  });

  /**
   * @param {import("../../events.js").SampleEvent} sample
   * @param {string} label
   */
  function figure(sample, label) {
    const picture = make("img", {
      attributes: { src: studio.fileAddress(run, sample.path), alt: label },
    });
    return make("figure", {}, picture, make("figcaption", { text: label }));
  }

  function draw() {
    const row = grid.rows[place.row];
    const sample = row?.cells[place.column];
    if (!row || !sample) return;
    const column = grid.columns[place.column];
    setText(title, row.label);
    setText(detail, [column?.label, ...factsOf(sample)].filter(Boolean).join(", "));
    detail.title = detail.textContent ?? "";
    const base = withoutLora(grid, place.column);
    both.hidden = base === null;
    both.setAttribute("aria-pressed", String(isSideBySide));
    setText(both, isSideBySide ? "One picture" : "Side by side with no LoRA");
    const isPaired = isSideBySide && base !== null && row.step !== 0;
    stage.replaceChildren(
      ...(isPaired ? [figure(base, "without LoRA")] : []),
      figure(sample, row.label),
    );
  }
  draw();
}

/**
 * @param {import("../../events.js").SampleEvent} sample
 * @returns {string[]}
 */
function factsOf(sample) {
  const size = sample.width && sample.height ? `${sample.width} x ${sample.height}` : "";
  return [
    sample.seed === undefined ? "" : `seed ${sample.seed}`,
    sample.strength === undefined || sample.step === 0 ? "" : `strength ${sample.strength}`,
    size && sample.frames && sample.frames > 1 ? `${size}, ${sample.frames} frames` : size,
    sample.kind === "latent" ? "fast latent preview" : "",
    sample.seconds ? durationText(sample.seconds) : "",
  ].filter(Boolean);
}
