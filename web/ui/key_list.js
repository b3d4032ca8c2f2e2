// @ts-check
// The list of keys behind "?".
import { openDialog } from "./dialog.js";
import { make, makeButton } from "./dom.js";

/**
 * Open a list of keys.
 *
 * @param {string} title "Keys of the crop editor"
 * @param {readonly (readonly [string, string])[]} keys each with what it does
 * @param {string} remark a line below the list
 */
export function openKeyList(title, keys, remark) {
  const { dialog, close } = openDialog("question key-list", title, () => undefined);
  const rows = keys.map(([names, what]) =>
    make(
      "tr",
      {},
      make("th", { attributes: { scope: "row" } }, make("kbd", { text: names })),
      make("td", { text: what }),
    ),
  );
  const done = makeButton("Close", close, { part: "main" });
  dialog.append(
    make("h2", { text: "Keys" }),
    make("table", {}, make("tbody", {}, ...rows)),
    make("p", { part: "faint", text: remark }),
    make("div", { part: "row end" }, done),
  );
  done.focus();
}
