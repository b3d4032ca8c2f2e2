// @ts-check
// What belongs to the chosen picture: its crops, its view, the way back to its proposals.
import { allow, isAllowed, make, makeButton } from "../../ui/dom.js";
import { BoxList } from "./box_list.js";
import { makeSection, makeSelect } from "./fields.js";

/** @typedef {import("../actions.js").Actions} Actions */

const VIEWS = ["front", "behind", "side"];

/** The section of the chosen picture. */
export class PicturePanel {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.list = new BoxList(actions);
    this.view = makeSelect("View", (view) => actions.setView(view));
    this.back = makeButton("Back to the proposals", () => isAllowed(this.back) && actions.resetPicture());
    this.element = makeSection(
      "This picture",
      this.list.element,
      make("div", { part: "crops-pair crops-bottom" }, this.view.element, this.back),
    );
  }

  show() {
    const { picture, content, session, key } = this.actions;
    this.list.show();
    const own = picture?.view ? `${picture.view} (found)` : "not known";
    this.view.show(
      [{ value: "", text: own }, ...VIEWS.map((value) => ({ value, text: value }))],
      content.view,
    );
    const reason = session.isEdited(key) ? "" : "These are the proposals";
    allow(this.back, reason, "Undo everything that was done by hand to this picture");
  }
}
