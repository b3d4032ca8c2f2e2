// Pictures of single nodes, for the documentation.

/**
 * Take a picture of every node by itself, named after its type.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} folder an existing folder
 */
export async function pictureEachNode(page, folder) {
  const types = await page.evaluate(() =>
    /** @type {any} */ (window).app.graph._nodes.map((/** @type {any} */ node) => node.type),
  );
  for (const [index, type] of types.entries()) {
    const clip = await page.evaluate((place) => {
      const app = /** @type {any} */ (window).app;
      const node = app.graph._nodes[place];
      const [left, top, width, height] = node.boundingRect ?? node.getBounding();
      const view = app.canvas.canvas.getBoundingClientRect();
      const scale = Math.min((view.width - 260) / width, (view.height - 190) / height, 1.6);
      app.canvas.ds.scale = scale;
      app.canvas.ds.offset = [150 / scale - left, 130 / scale - top];
      app.canvas.setDirty(true, true);
      return {
        x: view.left + 150 - 12,
        y: view.top + 130 - 12,
        width: width * scale + 24,
        height: height * scale + 24,
      };
    }, index);
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${folder}/${type}.png`, clip });
  }
}
