// @ts-check
// Makes elements. Text only ever goes in as text, because names of runs are typed by people.

/**
 * @typedef {object} Parts
 * @property {string} [part] the element's class, without the pack's prefix; several by spaces
 * @property {string} [text]
 * @property {string} [title]
 * @property {Record<string, string>} [attributes]
 * @property {Record<string, (event: any) => void>} [on] listeners by the event's name
 */

const PREFIX = "hunyuan-lora-";

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Parts} [parts]
 * @param {...(Node | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, parts = {}, ...children) {
  const element = document.createElement(tag);
  const classes = parts.part?.split(" ").map((name) => PREFIX + name);
  if (classes) element.className = classes.join(" ");
  if (parts.text !== undefined) element.textContent = parts.text;
  if (parts.title) element.title = parts.title;
  for (const [name, value] of Object.entries(parts.attributes ?? {})) {
    element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(parts.on ?? {})) {
    element.addEventListener(name, listener);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * @param {string} text
 * @param {() => void} onClick
 * @param {Parts} [parts]
 * @returns {HTMLButtonElement}
 */
export function makeButton(text, onClick, parts = {}) {
  const button = make("button", {
    ...parts,
    part: `button ${parts.part ?? ""}`.trim(),
    text,
    on: { click: onClick, ...parts.on },
  });
  button.type = "button";
  return button;
}

/**
 * Set the text only where it differs, so that a screen reader does not read it again.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Allow a button or say why not; a disabled one keeps the focus and its reason can be read.
 *
 * @param {HTMLButtonElement} button
 * @param {string} reason why it cannot be used now; "" when it can
 * @param {string} [title] what it does
 */
export function allow(button, reason, title = "") {
  button.setAttribute("aria-disabled", String(reason !== ""));
  button.title = reason || title;
}

/**
 * @param {HTMLButtonElement} button
 * @returns {boolean}
 */
export function isAllowed(button) {
  return button.getAttribute("aria-disabled") !== "true";
}

/**
 * Tabs that the arrow keys move between.
 *
 * @param {string} label what the tabs choose, for the screen reader
 * @param {{ id: string, label: string }[]} tabs
 * @param {(id: string) => void} onChoose
 * @returns {{ element: HTMLElement, choose: (id: string) => void,
 *   setShown: (id: string, shown: boolean) => void }} choose does not call onChoose
 */
export function makeTabs(label, tabs, onChoose) {
  const buttons = new Map(
    tabs.map((tab) => [
      tab.id,
      makeButton(tab.label, () => pick(tab.id), { part: "tab", attributes: { role: "tab" } }),
    ]),
  );
  const element = make(
    "div",
    { part: "tabs", attributes: { role: "tablist", "aria-label": label }, on: { keydown: onKey } },
    ...buttons.values(),
  );
  /** @param {string} id */
  function choose(id) {
    for (const [own, button] of buttons) {
      button.setAttribute("aria-selected", String(own === id));
      button.tabIndex = own === id ? 0 : -1;
    }
  }
  /** @param {string} id */
  function pick(id) {
    choose(id);
    onChoose(id);
  }
  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const shown = [...buttons.values()].filter((button) => !button.hidden);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const now = shown.findIndex((button) => button === document.activeElement);
    const next = shown[(now + step + shown.length) % shown.length];
    if (step === 0 || now < 0 || !next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }
  /**
   * @param {string} id
   * @param {boolean} shown
   */
  function setShown(id, shown) {
    const button = buttons.get(id);
    if (button) button.hidden = !shown;
  }
  const first = tabs[0];
  if (first) choose(first.id);
  return { element, choose, setShown };
}
