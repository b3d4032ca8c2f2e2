// @ts-check
// The large window: a dashboard beside the library, one click apart.
import { openDialog } from "../ui/dialog.js";
import { make, makeButton, makeTabs } from "../ui/dom.js";
import { mountPages } from "./pages.js";

/** @typedef {import("../studio.js").Studio} Studio */

/**
 * @param {Studio} studio
 * @param {string[]} runs shown at first; empty: the one that runs now
 */
export function openLarge(studio, runs) {
  /** @type {ReturnType<typeof mountPages> | null} */
  let pages = null;
  const { dialog, close } = openDialog("large", "Hunyuan LoRA", () => pages?.destroy());
  const place = make("div", { part: "pages" });
  const tabs = makeTabs(
    "Pages",
    [
      { id: "run", label: "Run" },
      { id: "library", label: "All runs" },
    ],
    (id) => pages?.open(id === "library" ? "library" : "run"),
  );
  dialog.append(
    make(
      "div",
      { part: "bar row apart" },
      make("h2", { text: "Hunyuan LoRA" }),
      tabs.element,
      makeButton("Close", close),
    ),
    place,
  );
  pages = mountPages(place, { studio, layout: "wide", runs, onPage: tabs.choose, leave: close });
}
