// Edits captions in ComfyUI's page, with a real server behind it.
//
//   node captions.mjs --port N --scene NAME[,NAME...] --out FOLDER [--input FOLDER] [--folder NAME]
//
// Scenes: edit, keys, files, many, picture. Prints one JSON object as its last line: what was seen in
// each. "picture" only writes captions.png, the picture of the README, into --out; the demo pictures
// must be in the server's input folder. --input is that folder, for "files", which writes and moves
// files in captions_files/ below it. --folder: the pictures of the other scenes, by default the demo's.
import { parseArgs } from "node:util";
import { edit } from "./captions/editing.mjs";
import { files } from "./captions/files.mjs";
import { keys } from "./captions/keyboard.mjs";
import { many, picture } from "./captions/showing.mjs";
import { launch } from "./driver.mjs";

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    scene: { type: "string", default: "edit" },
    out: { type: "string", default: "." },
    input: { type: "string", default: "" },
    folder: { type: "string", default: "hunyuan_lora_demo/character" },
  },
});
const scenes = { edit, keys, files, many, picture };
const browser = await launch();
try {
  const address = `http://127.0.0.1:${options.port}`;
  const place = { browser, address, out: options.out, input: options.input, folder: options.folder };
  /** @type {Record<string, unknown>} */
  const seen = {};
  for (const name of options.scene.split(",")) {
    seen[name] = await scenes[/** @type {keyof typeof scenes} */ (name)](place);
  }
  process.stdout.write(`${JSON.stringify(seen)}\n`);
} finally {
  await browser.close();
}
