// @ts-check
// Where the boxes' labels stand: near a corner of their box, on the stage, not on one another.

/**
 * @typedef {object} Rect on the stage, in screen pixels
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {readonly Rect[]} boxes
 * @param {readonly number[]} widths of the labels
 * @param {number} height of every label
 * @param {{ width: number, height: number }} stage
 * @returns {{ x: number, y: number }[]} the labels' left upper corners
 */
export function placeLabels(boxes, widths, height, stage) {
  /** @type {Rect[]} */
  const taken = [];
  return boxes.map((box, place) => {
    const width = widths[place] ?? 0;
    const wishes = spots(box, width, height).map((spot) => onStage(spot, stage));
    const free = wishes.find((spot) => !taken.some((other) => overlap(spot, other)));
    const spot = free ?? wishes[0] ?? { x: box.x, y: box.y, width, height };
    taken.push(spot);
    return { x: spot.x, y: spot.y };
  });
}

/**
 * Places for a label, the best first.
 *
 * @param {Rect} box
 * @param {number} width
 * @param {number} height
 * @returns {Rect[]}
 */
function spots(box, width, height) {
  const [right, lower] = [box.x + box.width - width, box.y + box.height];
  const places = [
    [box.x, box.y - height],
    [right, box.y - height],
    [box.x, box.y],
    [right, box.y],
    [box.x, lower],
    [right, lower],
    [box.x, lower - height],
    [right, lower - height],
  ];
  for (let row = 1; row < 8; row++) places.push([box.x, box.y + row * height]);
  return places.map(([x = 0, y = 0]) => ({ x, y, width, height }));
}

/**
 * @param {Rect} spot
 * @param {{ width: number, height: number }} stage
 * @returns {Rect}
 */
function onStage(spot, stage) {
  const x = Math.max(0, Math.min(spot.x, stage.width - spot.width));
  const y = Math.max(0, Math.min(spot.y, stage.height - spot.height));
  return { ...spot, x, y };
}

/**
 * @param {Rect} one
 * @param {Rect} other
 */
function overlap(one, other) {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}
