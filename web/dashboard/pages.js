// @ts-check
// Two pages in one place: the run that is watched, and the library of all runs.
import { mountLibrary } from "../library/library.js";
import { make } from "../ui/dom.js";
import { mountDashboard } from "./dashboard.js";

/** @typedef {import("../studio.js").Studio} Studio */
/** @typedef {"run" | "library"} Page */

/**
 * @param {HTMLElement} container
 * @param {object} options
 * @param {Studio} options.studio
 * @param {"side" | "wide"} options.layout
 * @param {string[]} [options.runs] shown at first
 * @param {((runs: string[]) => void) | null} [options.openLarge]
 * @param {(page: Page) => void} options.onPage another page was opened from inside
 * @param {() => void} [options.leave] closes what would cover a graph that is opened
 */
export function mountPages(container, options) {
  const { studio, layout } = options;
  const runPlace = make("div", { attributes: { style: "height: 100%" } });
  const libraryPlace = make("div", { attributes: { style: "height: 100%" } });
  container.append(runPlace, libraryPlace);
  const dashboard = mountDashboard(runPlace, {
    studio,
    layout,
    openLarge: options.openLarge ?? null,
  });
  if (options.runs && options.runs.length > 0) dashboard.show(options.runs);
  const library = mountLibrary(libraryPlace, {
    studio,
    leave: options.leave ?? (() => undefined),
    show: (names) => {
      dashboard.show(names);
      open("run");
      options.onPage("run");
    },
  });

  /** @param {Page} page */
  function open(page) {
    runPlace.hidden = page !== "run";
    libraryPlace.hidden = page !== "library";
    if (page === "library") void studio.runs.refresh();
  }
  open("run");

  function destroy() {
    dashboard.destroy();
    library.destroy();
  }
  return { open, destroy };
}
