// A bare page with the pack's own modules, for what needs a browser but no ComfyUI.
import { readFile } from "node:fs/promises";

const ROOT = new URL("../../", import.meta.url);

/**
 * Open a page at an address that nobody serves; files of the pack come from the disk, nothing else.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} html
 * @returns {Promise<string[]>} uncaught errors of the page; grows
 */
export async function openPackPage(page, html) {
  /** @type {string[]} */
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.route("**/*", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/") return route.fulfill({ contentType: "text/html", body: html });
    if (!/^\/(web|bench)\/[\w/]+\.m?js$/.test(pathname)) return route.abort();
    const body = await readFile(new URL(`.${pathname}`, ROOT), "utf8");
    return route.fulfill({ contentType: "text/javascript", body });
  });
  await page.goto("http://127.0.0.1/");
  return errors;
}
