// @ts-check
// What differs between two texts, word by word.

/** @typedef {{ kind: "same" | "mine" | "theirs", text: string }} DiffPart */

const PIECE = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;
// Beyond this the table of the comparison would take more memory than it is worth.
const MOST_CELLS = 4_000_000;

/**
 * Compare two texts.
 *
 * The parts that are "same" or "mine" give `mine` when joined, those that are "same" or "theirs"
 * give `theirs`; the same parts are a longest common subsequence of words, marks and spaces.
 *
 * @param {string} mine
 * @param {string} theirs
 * @returns {DiffPart[]}
 */
export function diffWords(mine, theirs) {
  const own = mine.match(PIECE) ?? [];
  const other = theirs.match(PIECE) ?? [];
  let start = 0;
  while (start < own.length && start < other.length && own[start] === other[start]) start += 1;
  let end = 0;
  const most = Math.min(own.length, other.length) - start;
  while (end < most && own[own.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  const middle = diffPieces(own.slice(start, own.length - end), other.slice(start, other.length - end));
  return joinParts([
    { kind: "same", text: own.slice(0, start).join("") },
    ...middle,
    { kind: "same", text: own.slice(own.length - end).join("") },
  ]);
}

/**
 * @param {string[]} own
 * @param {string[]} other
 * @returns {DiffPart[]}
 */
function diffPieces(own, other) {
  if ((own.length + 1) * (other.length + 1) > MOST_CELLS) {
    return [
      { kind: "mine", text: own.join("") },
      { kind: "theirs", text: other.join("") },
    ];
  }
  const lengths = commonLengths(own, other);
  const width = other.length + 1;
  const at = (/** @type {number} */ row, /** @type {number} */ column) => lengths[row * width + column] ?? 0;
  /** @type {DiffPart[]} */
  const parts = [];
  let row = 0;
  let column = 0;
  while (row < own.length || column < other.length) {
    if (row < own.length && column < other.length && own[row] === other[column]) {
      parts.push({ kind: "same", text: own[row] ?? "" });
      row += 1;
      column += 1;
    } else if (column >= other.length || (row < own.length && at(row + 1, column) >= at(row, column + 1))) {
      parts.push({ kind: "mine", text: own[row] ?? "" });
      row += 1;
    } else {
      parts.push({ kind: "theirs", text: other[column] ?? "" });
      column += 1;
    }
  }
  return parts;
}

/**
 * Length of the longest common subsequence of what is left from each pair of places on.
 *
 * @param {string[]} own
 * @param {string[]} other
 * @returns {Uint32Array} row by row, (own + 1) x (other + 1)
 */
function commonLengths(own, other) {
  const width = other.length + 1;
  const lengths = new Uint32Array((own.length + 1) * width);
  for (let row = own.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      const below = (row + 1) * width + column;
      lengths[row * width + column] =
        own[row] === other[column]
          ? (lengths[below + 1] ?? 0) + 1
          : Math.max(lengths[below] ?? 0, lengths[row * width + column + 1] ?? 0);
    }
  }
  return lengths;
}

/**
 * Join neighbours of one kind; between two sames what is mine comes before what is theirs.
 *
 * @param {DiffPart[]} parts
 * @returns {DiffPart[]}
 */
function joinParts(parts) {
  /** @type {DiffPart[]} */
  const joined = [];
  let mine = "";
  let theirs = "";
  const flush = () => {
    if (mine) joined.push({ kind: "mine", text: mine });
    if (theirs) joined.push({ kind: "theirs", text: theirs });
    mine = theirs = "";
  };
  for (const part of parts) {
    if (part.kind === "mine") mine += part.text;
    else if (part.kind === "theirs") theirs += part.text;
    else if (part.text) {
      flush();
      const last = joined.at(-1);
      if (last?.kind === "same") joined[joined.length - 1] = { kind: "same", text: last.text + part.text };
      else joined.push(part);
    }
  }
  flush();
  return joined;
}
