// Opens ComfyUI's real page, loads an example workflow, runs it, and says what happened.
//
//   node shot.mjs --port N (--workflow NAME [--pack NAME] | --file PATH) --out FILE.png
//                 [--no-run] [--nodes2] [--seconds N] [--save FILE.json] [--each FOLDER] [--set NODE.WIDGET=JSON]...
//
// --set changes a widget of every node of a type; --save writes the loaded graph in the form in which the page saves it.
// Prints one JSON object as its last line; see the typedef. Exit code 0 unless the page itself
// could not be driven. Nothing but 127.0.0.1 is ever reached.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  fitView,
  launch,
  openPage,
  readPictures,
  run,
  turnOnVueNodes,
  watch,
} from "./driver.mjs";
import { pictureEachNode } from "./portraits.mjs";

/**
 * @typedef {object} Outcome
 * @property {string} frontend version of ComfyUI's page
 * @property {string[]} nodes node types in the loaded graph
 * @property {string[]} missing node types that the page does not know
 * @property {Record<string, unknown>} prompt what the page would send to the server
 * @property {string} run_by "button", "app" or "" when the workflow was not run
 * @property {string[]} shown types of the nodes that show at least one loaded picture
 * @property {string[]} without_picture types of output nodes that showed "images" but no picture
 * @property {string} status "success", "error", "interrupted" or ""
 * @property {string[]} reports text of the pack's own reports on the nodes
 * @property {string[]} errors console errors, uncaught errors and failed requests of the page
 * @property {string[]} outside hosts that the page tried to reach
 */

const { values: options } = parseArgs({
  options: {
    port: { type: "string" },
    workflow: { type: "string" },
    file: { type: "string" },
    pack: { type: "string", default: "hunyuan-lora-studio" },
    out: { type: "string" },
    save: { type: "string" },
    each: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
    "no-run": { type: "boolean", default: false },
    nodes2: { type: "boolean", default: false },
    seconds: { type: "string", default: "600" },
  },
});
const address = `http://127.0.0.1:${options.port}`;
const patience = Number(options.seconds) * 1000;

/**
 * The workflow to load: a file, or an example as the template browser gets it.
 *
 * @param {import("playwright-core").Page} page
 */
async function readWorkflow(page) {
  if (options.file) return JSON.parse(await readFile(options.file, "utf8"));
  const path = `/api/workflow_templates/${options.pack}/${options.workflow}.json`;
  const answer = await page.request.get(address + path);
  if (!answer.ok()) throw new Error(`${path} answered ${answer.status()}`);
  return answer.json();
}

/**
 * Load the workflow and fit it into the window.
 *
 * @param {import("playwright-core").Page} page
 */
async function loadWorkflow(page) {
  const workflow = await readWorkflow(page);
  await page.evaluate(async ({ workflow, name }) => {
    const app = /** @type {any} */ (window).app;
    await app.loadGraphData(workflow, true, true, name);
  }, { workflow, name: options.workflow ?? "workflow" });
  await page.waitForFunction(
    (count) => /** @type {any} */ (window).app.graph._nodes.length === count,
    workflow.nodes.length,
    { timeout: 60_000 },
  );
  await fitView(page);
}

/**
 * Change widgets as `--set` says.
 *
 * @param {import("playwright-core").Page} page
 */
async function setWidgets(page) {
  const wanted = options.set.map((text) => {
    const [, type, name, value] = /^(\w+)\.(\w+)=(.*)$/s.exec(text) ?? [];
    if (!type || !name || value === undefined) throw new Error(`--set ${text}: NODE.WIDGET=JSON`);
    return { type, name, value: JSON.parse(value) };
  });
  await page.evaluate((changes) => {
    const nodes = /** @type {any} */ (window).app.graph._nodes;
    for (const { type, name, value } of changes) {
      const found = nodes
        .filter((/** @type {any} */ node) => node.type === type)
        .flatMap((/** @type {any} */ node) => node.widgets ?? [])
        .filter((/** @type {any} */ widget) => widget.name === name);
      if (found.length === 0) throw new Error(`no widget ${type}.${name}`);
      for (const widget of found) widget.value = value;
    }
  }, wanted);
}

async function main() {
  const browser = await launch();
  try {
    const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
    const page = await context.newPage();
    const { errors, outside } = await watch(page);
    await openPage(page, address);
    if (options.nodes2) await turnOnVueNodes(page);
    await loadWorkflow(page);
    await setWidgets(page);
    const loaded = await page.evaluate(async () => {
      const app = /** @type {any} */ (window).app;
      const registered = /** @type {any} */ (window).LiteGraph.registered_node_types;
      const types = app.graph._nodes.map((/** @type {any} */ node) => node.type);
      return {
        frontend: String(/** @type {any} */ (window).__COMFYUI_FRONTEND_VERSION__ ?? ""),
        nodes: types,
        missing: types.filter((/** @type {string} */ type) => !registered[type]),
        prompt: (await app.graphToPrompt()).output,
      };
    });
    /** @type {Outcome} */
    const outcome = {
      ...loaded,
      run_by: "",
      shown: [],
      without_picture: [],
      status: "",
      reports: [],
      errors,
      outside: [],
    };
    if (!options["no-run"]) {
      outcome.run_by = await run(page, patience);
      const pictures = await readPictures(page);
      outcome.shown = pictures.shown;
      outcome.without_picture = pictures.without;
      outcome.status = await page.evaluate(() => /** @type {any} */ (window).__status);
      await fitView(page);
    }
    outcome.reports = await page.locator(".hunyuan-lora-report").allInnerTexts();
    outcome.outside = [...outside];
    if (options.save) {
      const saved = await page.evaluate(() => /** @type {any} */ (window).app.graph.serialize());
      await writeFile(options.save, `${JSON.stringify(saved, null, 1)}\n`);
    }
    if (options.out) await page.screenshot({ path: options.out });
    if (options.each) await pictureEachNode(page, options.each);
    process.stdout.write(`${JSON.stringify(outcome)}\n`);
  } finally {
    await browser.close();
  }
}

await main();
