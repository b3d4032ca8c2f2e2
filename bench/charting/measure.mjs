// @ts-check
// Measures web/chart in headless Chromium; the job is the only argument, JSON; prints JSON.
import { launch } from "../../tests/browser/driver.mjs";
import { openPackPage } from "../../tests/browser/pack_page.mjs";

const HTML =
  "<!doctype html><body style='margin:0;background:#171718;color:#ddd;font-family:sans-serif'>";
const job = JSON.parse(process.argv[2] ?? "{}");

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: job.width + 40, height: job.height + 40 } });
  const errors = await openPackPage(page, HTML);
  const found = await page.evaluate(async (given) => {
    // The address is one of the page, which the type check does not know.
    const path = "/bench/charting/page.mjs";
    return (await import(path)).measure(given);
  }, job);
  if (errors.length > 0) throw new Error(errors.join("\n"));
  process.stdout.write(`${JSON.stringify(found)}\n`);
} finally {
  await browser.close();
}
