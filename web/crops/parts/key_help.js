// @ts-check
// The list of keys behind "?".
import { openDialog } from "../../ui/dialog.js";
import { make, makeButton } from "../../ui/dom.js";
import { KEYS } from "../words.js";

/** Open the list. */
export function openKeyHelp() {
  const { dialog, close } = openDialog("question crops-keys", "Keys of the crop editor", () => undefined);
  const rows = KEYS.flatMap(([keys, what]) => [make("dt", { text: keys }), make("dd", { text: what })]);
  const touch =
    "With fingers: press to choose, drag to move, drag a corner to resize, two fingers to zoom.";
  const done = makeButton("Close", close, { part: "main" });
  dialog.append(
    make("h2", { text: "Keys" }),
    make("dl", {}, ...rows),
    make("p", { part: "faint", text: touch }),
    make("div", { part: "row end" }, done),
  );
  done.focus();
}
