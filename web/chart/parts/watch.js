// @ts-check
// Says when a chart has to be drawn anew: its size, the screen's resolution, or the theme changed.

/**
 * @param {HTMLElement} element
 * @param {{ onSize: () => void, onTheme: () => void }} events
 * @returns {() => void} stops watching
 */
export function watch(element, events) {
  const page = element.ownerDocument;
  const sizes = new ResizeObserver(() => events.onSize());
  sizes.observe(element);
  // ComfyUI changes a theme by classes and variables on these two.
  const changes = new MutationObserver(() => events.onTheme());
  const what = { attributes: true, attributeFilter: ["class", "style", "data-theme"] };
  changes.observe(page.documentElement, what);
  if (page.body) changes.observe(page.body, what);
  const preference = matchMedia("(prefers-color-scheme: dark)");
  preference.addEventListener("change", events.onTheme);
  // A window moved to another screen changes its resolution without changing its size.
  const view = page.defaultView;
  view?.addEventListener("resize", events.onSize);
  return () => {
    sizes.disconnect();
    changes.disconnect();
    preference.removeEventListener("change", events.onTheme);
    view?.removeEventListener("resize", events.onSize);
  };
}
