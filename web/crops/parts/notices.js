// @ts-check
// Boxes of pictures that are not here now: kept, or carried over to a picture that was changed.
import { make, makeButton } from "../../ui/dom.js";

/** @typedef {import("../actions.js").Actions} Actions */

/** Offers and notes above the panel. */
export class Notices {
  #shown = "";
  /** @type {Set<string>} */
  #left = new Set();

  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.element = make("div", { part: "crops-notices", attributes: { role: "status" } });
  }

  show() {
    const { session } = this.actions;
    const offers = session.carryOffers().filter(({ from }) => !this.#left.has(from));
    const away = session.state.strangers.size - offers.length;
    const mark = `${offers.map(({ from }) => from)} ${away}`;
    if (mark === this.#shown) return;
    this.#shown = mark;
    this.element.replaceChildren(...offers.map((offer) => this.#offer(offer)));
    if (away <= 0) return;
    const many = away === 1 ? "1 edited picture is" : `${away} edited pictures are`;
    const text = `${many} not here now; the boxes are kept in the workflow.`;
    this.element.append(make("p", { part: "faint", text }));
  }

  /** @param {{ from: string, to: string, name: string, count: number }} offer */
  #offer({ from, to, name, count }) {
    const boxes = count === 1 ? "1 box" : `${count} boxes`;
    const carry = () => {
      this.actions.choosePicture(to);
      this.actions.session.carryOver(from, to);
      this.actions.listener.say(`${boxes} carried over to ${name}`);
    };
    const leave = () => {
      this.#left.add(from);
      this.show();
    };
    return make(
      "div",
      { part: "notice box" },
      make("p", { text: `${name} was changed since its crops were drawn. Carry ${boxes} over?` }),
      make(
        "div",
        { part: "row end" },
        makeButton("Not now", leave),
        makeButton("Carry over", carry, { part: "main" }),
      ),
    );
  }
}
