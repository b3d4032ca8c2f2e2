// Drives ComfyUI's page: opens it, watches it, fits the view, presses Run, reads what nodes show.
import { chromium } from "playwright-core";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-domain-reliability",
  "--metrics-recording-only",
  "--no-pings",
  "--disable-dev-shm-usage",
  "--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/**
 * Watch a page: everything it complains about, and every host it wants to reach.
 *
 * @param {import("playwright-core").Page} page
 */
export async function watch(page) {
  /** @type {string[]} */
  const errors = [];
  /** @type {Set<string>} */
  const outside = new Set();
  page.on("pageerror", (error) => errors.push(`pageerror: ${error.message}`));
  page.on("console", (message) => {
    // A failed request is reported below, with its address.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      errors.push(`console: ${message.text().slice(0, 400)}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      errors.push(`request: ${response.status()} ${new URL(response.url()).pathname}`);
    }
  });
  await page.route("**/*", (route) => {
    const url = new URL(route.request().url());
    if (["data:", "blob:"].includes(url.protocol) || url.hostname === "127.0.0.1") {
      return route.continue();
    }
    outside.add(url.hostname);
    return route.abort();
  });
  return { errors, outside };
}

/**
 * Wait until the page has loaded its own first graph; loading ours earlier would be undone.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} address
 */
export async function openPage(page, address) {
  await page.goto(address, { waitUntil: "domcontentloaded", timeout: 120_000 });
  await page.waitForFunction(
    () => {
      const state = /** @type {any} */ (window);
      const graph = state.app?.graph;
      if (!graph || !state.app.canvas || !state.app.extensionManager) return false;
      const count = graph._nodes.length;
      if (state.__seenNodes !== count || count === 0) {
        state.__seenNodes = count;
        state.__seenAt = performance.now();
      }
      const quietFor = performance.now() - state.__seenAt;
      return quietFor > (count > 0 ? 1500 : 5000);
    },
    null,
    { timeout: 180_000, polling: 250 },
  );
  await page.keyboard.press("Escape");
  await tidyView(page);
}

/**
 * Make the picture readable: text at any zoom, no map over the graph, no announcement above it.
 *
 * @param {import("playwright-core").Page} page
 */
async function tidyView(page) {
  await page.evaluate(async () => {
    const app = /** @type {any} */ (window).app;
    app.canvas.min_font_size_for_lod = 0;
    await app.extensionManager.setting.set("Comfy.Minimap.Visible", false).catch(() => undefined);
  });
  await page.evaluate(() => {
    const banner = [...document.querySelectorAll("div")]
      .filter((box) => box.textContent?.includes("Introducing Nodes 2.0"))
      .filter((box) => box.querySelectorAll("button").length === 2)
      .at(-1);
    [...(banner?.querySelectorAll("button") ?? [])].at(-1)?.click();
  });
  await page.waitForTimeout(400);
}

/** @param {import("playwright-core").Page} page */
export async function fitView(page) {
  await page.evaluate(() => {
    const app = /** @type {any} */ (window).app;
    const boxes = app.graph._nodes.map((/** @type {any} */ node) => node.boundingRect ?? node.getBounding());
    const left = Math.min(...boxes.map((/** @type {number[]} */ b) => b[0]));
    const top = Math.min(...boxes.map((/** @type {number[]} */ b) => b[1]));
    const right = Math.max(...boxes.map((/** @type {any} */ b) => b[0] + b[2]));
    const bottom = Math.max(...boxes.map((/** @type {any} */ b) => b[1] + b[3]));
    const view = app.canvas.canvas.getBoundingClientRect();
    const margin = 60;
    const above = 60; // the Run button's bar
    const scale = Math.min(
      (view.width - 2 * margin) / (right - left),
      (view.height - 2 * margin - above) / (bottom - top),
      1,
    );
    app.canvas.ds.scale = scale;
    app.canvas.ds.offset = [
      (view.width / scale - (right - left)) / 2 - left,
      ((view.height + above) / scale - (bottom - top)) / 2 - top,
    ];
    app.canvas.setDirty(true, true);
  });
  await page.waitForTimeout(800);
}

/**
 * Press the Run button; where this version has none that we know, ask the page itself.
 *
 * @param {import("playwright-core").Page} page
 * @param {number} patience longest wait for the end, in milliseconds
 */
export async function run(page, patience) {
  await page.evaluate(() => {
    const state = /** @type {any} */ (window);
    state.__status = "";
    for (const ending of ["success", "error", "interrupted"]) {
      state.app.api.addEventListener(`execution_${ending}`, () => (state.__status = ending));
    }
  });
  const button = page.getByRole("button", { name: "Run", exact: true }).first();
  const isThere = await button.isVisible().catch(() => false);
  if (isThere) await button.click();
  else await page.evaluate(() => /** @type {any} */ (window).app.queuePrompt(0, 1));
  await page.waitForFunction(() => /** @type {any} */ (window).__status !== "", null, {
    timeout: patience,
    polling: 250,
  });
  return isThere ? "button" : "app";
}

/**
 * Wait until every picture that a node's output names is on the node.
 *
 * @param {import("playwright-core").Page} page
 */
export async function readPictures(page) {
  await page
    .waitForFunction(
      () => {
        const app = /** @type {any} */ (window).app;
        return app.graph._nodes.every((/** @type {any} */ node) => {
          const output = app.nodeOutputs?.[String(node.id)];
          const expects = (output?.images ?? []).length > 0;
          return !expects || (node.imgs ?? []).some((/** @type {any} */ i) => i.naturalWidth > 0);
        });
      },
      null,
      { timeout: 20_000, polling: 250 },
    )
    .catch(() => undefined);
  return page.evaluate(() => {
    const app = /** @type {any} */ (window).app;
    /** @type {string[]} */
    const shown = [];
    /** @type {string[]} */
    const without = [];
    for (const node of app.graph._nodes) {
      const expects = (app.nodeOutputs?.[String(node.id)]?.images ?? []).length > 0;
      const has = (node.imgs ?? []).some((/** @type {any} */ image) => image.naturalWidth > 0);
      if (has) shown.push(node.type);
      else if (expects) without.push(node.type);
    }
    return { shown, without };
  });
}

/**
 * Switch to the page's newer way of drawing nodes, or back; the server keeps it for later pages.
 *
 * @param {import("playwright-core").Page} page
 * @param {boolean} [isOn]
 */
export async function turnOnVueNodes(page, isOn = true) {
  await page.evaluate(async (value) => {
    const settings = /** @type {any} */ (window).app.ui.settings;
    const name = "Comfy.VueNodes.Enabled";
    if (settings.setSettingValueAsync) await settings.setSettingValueAsync(name, value);
    else settings.setSettingValue(name, value);
  }, isOn);
}

/** A headless browser that keeps to this machine. */
export function launch() {
  return chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    // Chromium's sandbox does not start for root, as which continuous integration often runs.
    args: process.getuid?.() === 0 ? [...FLAGS, "--no-sandbox"] : FLAGS,
  });
}
