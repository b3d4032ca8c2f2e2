// Fingers on a page, as Chromium's own touch events.

/** @typedef {{ x: number, y: number }} Point */

const STEPS = 8;

/**
 * @param {import("playwright-core").Page} page
 * @param {(Point[])[]} stations where the fingers are, one after another
 */
async function move(page, stations) {
  const session = await page.context().newCDPSession(page);
  const send = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {Point[]} */ points) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: points.map((point, id) => ({ ...point, id })),
    });
  const [first = [], ...rest] = stations;
  await send("touchStart", first);
  for (const points of rest) await send("touchMove", points);
  await send("touchEnd", []);
  await session.detach();
  await page.waitForTimeout(80);
}

/**
 * @param {import("playwright-core").Page} page
 * @param {Point} at
 */
export function tap(page, at) {
  return move(page, [[at]]);
}

/**
 * @param {import("playwright-core").Page} page
 * @param {Point} from
 * @param {Point} by
 */
export function swipe(page, from, by) {
  const stations = Array.from({ length: STEPS + 1 }, (_, step) => [
    { x: from.x + (by.x * step) / STEPS, y: from.y + (by.y * step) / STEPS },
  ]);
  return move(page, stations);
}

/**
 * Two fingers that part or come together.
 *
 * @param {import("playwright-core").Page} page
 * @param {Point} middle
 * @param {number} from half the distance at first
 * @param {number} to half the distance at last
 */
export function pinch(page, middle, from, to) {
  const stations = Array.from({ length: STEPS + 1 }, (_, step) => {
    const away = from + ((to - from) * step) / STEPS;
    return [
      { x: middle.x - away, y: middle.y },
      { x: middle.x + away, y: middle.y },
    ];
  });
  return move(page, stations);
}
