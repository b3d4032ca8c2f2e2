// @ts-check
// The pack's tab in ComfyUI's sidebar.
import { make, makeTabs } from "../ui/dom.js";
import { addStyle } from "../ui/style.js";
import { openLarge } from "./large.js";
import { mountPages } from "./pages.js";

/** @param {import("../studio.js").Studio} studio */
export function makeSidebar(studio) {
  /** @type {ReturnType<typeof mountPages> | null} */
  let pages = null;

  /** @param {HTMLElement} container */
  function render(container) {
    destroy();
    addStyle();
    const place = make("div", { part: "pages" });
    const tabs = makeTabs(
      "Pages",
      [
        { id: "run", label: "Run" },
        { id: "library", label: "All runs" },
      ],
      (id) => pages?.open(id === "library" ? "library" : "run"),
    );
    container.replaceChildren(make("div", { part: "root side" }, tabs.element, place));
    pages = mountPages(place, {
      studio,
      layout: "side",
      openLarge: (runs) => openLarge(studio, runs),
      onPage: tabs.choose,
    });
  }

  function destroy() {
    pages?.destroy();
    pages = null;
  }

  return {
    id: "hunyuan_lora.dashboard",
    icon: "pi pi-chart-line",
    title: "LoRA runs",
    tooltip: "Watch and lead LoRA training, and open earlier runs",
    render,
    destroy,
  };
}
