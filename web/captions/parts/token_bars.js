// @ts-check
// How full both text encoders are, with the limit of each.
import { make, setText } from "../../ui/dom.js";

/** @typedef {import("../types.js").Tokens} Tokens */

// The limit stands at this share of the bar, so that what goes beyond it can be seen.
const LIMIT_AT = 0.78;

export function makeTokenBars() {
  const clip = makeMeter("CLIP-L");
  const llama = makeMeter("Llama");
  const element = make("div", { part: "cap-tokens" }, clip.element, llama.element);

  /**
   * @param {Tokens | null} tokens null hides the bars
   * @param {{ clip: number, llama: number }} limits
   */
  function update(tokens, limits) {
    element.hidden = tokens === null;
    if (!tokens) return;
    clip.update(tokens.clip, limits.clip);
    llama.update(tokens.llama, limits.llama);
  }
  return { element, update };
}

/** @param {string} name of the encoder */
function makeMeter(name) {
  const fill = make("i");
  const beyond = make("u");
  const mark = make("b");
  mark.style.left = `${LIMIT_AT * 100}%`;
  beyond.style.left = `${LIMIT_AT * 100}%`;
  const words = make("span");
  const element = make(
    "div",
    { part: "cap-meter", attributes: { role: "img" } },
    words,
    make("span", { part: "cap-track" }, fill, mark, beyond),
  );

  /**
   * @param {number} count
   * @param {number} limit
   */
  function update(count, limit) {
    const share = (count / limit) * LIMIT_AT;
    fill.style.width = `${Math.min(share, LIMIT_AT) * 100}%`;
    beyond.style.width = `${Math.max(0, Math.min(share, 1) - LIMIT_AT) * 100}%`;
    const isOver = count > limit;
    element.dataset["over"] = String(isOver);
    setText(words, `${name} ${count}/${limit}`);
    const over = isOver ? `; ${count - limit} are not read` : "";
    element.setAttribute("aria-label", `${name}: ${count} of ${limit} tokens${over}`);
    element.title = `${count} of the ${limit} tokens that ${name} reads${over}`;
  }
  return { element, update };
}
