import assert from "node:assert/strict";
import { test } from "node:test";

import { findAll, patternOf, snippetOf } from "../../web/captions/data/finding.js";
import { diffWords } from "../../web/captions/data/word_diff.js";
import { marksOf } from "../../web/captions/view.js";
import { makeRandom } from "./chart_random.js";

const PLAIN = { text: "", replacement: "", isRegex: false, isCase: false, isWhole: false };
const WORDS = ["a", "woman", "red", "coat", ",", ".", " ", "  ", "\n", "Größe", "髪", "(x)", "$1"];

/**
 * @param {string[]} texts
 * @param {Partial<typeof PLAIN>} search
 */
function find(texts, search) {
  const captions = texts.map((text, index) => ({ id: String(index), text }));
  return findAll(captions, { ...PLAIN, ...search });
}

/** @param {ReturnType<typeof makeRandom>} random @param {number} most */
function randomText(random, most) {
  return Array.from({ length: random.whole(most + 1) }, () => WORDS[random.whole(WORDS.length)]).join("");
}

test("plain text is found and replaced as split and join do it", () => {
  const random = makeRandom(3);
  for (let round = 0; round < 300; round += 1) {
    const text = randomText(random, 20);
    const wanted = WORDS[random.whole(WORDS.length)] ?? "";
    const found = find([text], { text: wanted, replacement: "$& $1", isCase: true });
    assert.equal(found.hits, text.split(wanted).length - 1);
    assert.equal(found.changes[0]?.after ?? text, text.split(wanted).join("$& $1"));
  }
});

test("hits are counted over all captions, and only those with one are changed", () => {
  const found = find(["red coat, red hat", "blue", "Red"], { text: "red", replacement: "green" });
  assert.equal(found.hits, 3);
  assert.deepEqual(
    found.changes.map(({ id, after }) => [id, after]),
    [
      ["0", "green coat, green hat"],
      ["2", "green"],
    ],
  );
});

test("case counts when it is asked for", () => {
  assert.equal(find(["Red red RED"], { text: "red" }).hits, 3);
  assert.equal(find(["Red red RED"], { text: "red", isCase: true }).hits, 1);
});

test("whole words have no letter beside them in any script", () => {
  assert.equal(find(["art, party, art_1, arté, Art."], { text: "art", isWhole: true }).hits, 2);
  assert.equal(find(["hair/髪 髪型"], { text: "髪", isWhole: true }).hits, 1);
});

test("a regular expression may use groups in its replacement", () => {
  const found = find(["9:16 front view"], {
    text: "(\\w+) view",
    replacement: "seen from the $1",
    isRegex: true,
  });
  assert.equal(found.changes[0]?.after, "9:16 seen from the front");
  assert.equal(found.changes[0]?.first, "seen from the front");
});

test("alternatives stay inside whole words", () => {
  const found = find(["cat catalogue dog dogma"], {
    text: "cat|dog",
    replacement: "x",
    isRegex: true,
    isWhole: true,
  });
  assert.equal(found.changes[0]?.after, "x catalogue x dogma");
});

test("what the first hit becomes stands where the hit was", () => {
  const found = find(["one two two"], { text: "(?<=one )two", replacement: "[$&]", isRegex: true });
  assert.equal(found.changes[0]?.first, "[two]");
  assert.equal(
    find(["x"], { text: "^", replacement: "photo of ", isRegex: true }).changes[0]?.after,
    "photo of x",
  );
});

test("a regular expression that is none is said to be none, and changes nothing", () => {
  for (const text of ["(", "a)(b", "[z-a]", "*"]) {
    const found = find(["("], { text, isRegex: true });
    assert.match(found.fault, /^This is no regular expression/);
    assert.equal(found.hits, 0);
  }
  assert.equal(patternOf({ ...PLAIN, text: "" }).pattern, null);
});

test("a search that takes too long ends and says so", () => {
  let time = 0;
  const captions = [
    { id: "a", text: "x" },
    { id: "b", text: "x" },
  ];
  const found = findAll(captions, { ...PLAIN, text: "x" }, () => (time += 1000));
  assert.match(found.fault, /too long/);
  assert.deepEqual(found.changes, []);
});

test("a snippet is the text around a place, with marks where it is cut", () => {
  assert.deepEqual(snippetOf("abcdefgh", { start: 3, end: 5 }, 2), {
    before: "…bc",
    hit: "de",
    after: "fg…",
  });
  assert.deepEqual(snippetOf("ab", { start: 0, end: 2 }, 5), { before: "", hit: "ab", after: "" });
});

/**
 * Length of the longest common subsequence, by the textbook recursion over prefixes.
 *
 * @param {string[]} one @param {string[]} two
 */
function commonLength(one, two) {
  const table = Array.from({ length: one.length + 1 }, () => new Array(two.length + 1).fill(0));
  for (let i = 1; i <= one.length; i += 1) {
    for (let k = 1; k <= two.length; k += 1) {
      const row = /** @type {number[]} */ (table[i]);
      const above = /** @type {number[]} */ (table[i - 1]);
      row[k] = one[i - 1] === two[k - 1] ? (above[k - 1] ?? 0) + 1 : Math.max(above[k] ?? 0, row[k - 1] ?? 0);
    }
  }
  return table[one.length]?.[two.length] ?? 0;
}

test("a difference gives back both texts and is as small as can be", () => {
  const random = makeRandom(11);
  const pieces = (/** @type {string} */ text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
  for (let round = 0; round < 300; round += 1) {
    const mine = randomText(random, 25);
    const theirs = random.share() < 0.3 ? mine.replace("red", "blue") : randomText(random, 25);
    const parts = diffWords(mine, theirs);
    const joined = (/** @type {string} */ side) =>
      parts
        .filter(({ kind }) => kind === "same" || kind === side)
        .map(({ text }) => text)
        .join("");
    assert.equal(joined("mine"), mine);
    assert.equal(joined("theirs"), theirs);
    const same = parts
      .filter(({ kind }) => kind === "same")
      .reduce((sum, { text }) => sum + pieces(text).length, 0);
    assert.equal(same, commonLength(pieces(mine), pieces(theirs)));
    for (const [index, part] of parts.entries()) {
      assert.notEqual(part.text, "");
      assert.notEqual(part.kind, parts[index + 1]?.kind);
    }
  }
});

test("equal texts have no difference, and very long ones are shown whole", () => {
  assert.deepEqual(diffWords("a b", "a b"), [{ kind: "same", text: "a b" }]);
  assert.deepEqual(diffWords("", ""), []);
  const long = Array.from({ length: 3000 }, (_, index) => `w${index}`).join(" ");
  const other = Array.from({ length: 3000 }, (_, index) => `v${index}`).join(" ");
  assert.deepEqual(
    diffWords(long, other).map(({ kind }) => kind),
    ["mine", "theirs"],
  );
});

test("marks cover every hit, and all beyond the limit, and never each other", () => {
  const random = makeRandom(5);
  for (let round = 0; round < 300; round += 1) {
    const length = random.whole(40);
    const cut = random.share() < 0.2 ? null : random.whole(45);
    /** @type {{ start: number, end: number }[]} */
    const spans = [];
    for (let at = random.whole(6); at < length; at += random.whole(8) + 1) {
      const end = Math.min(length, at + random.whole(4));
      spans.push({ start: at, end });
      at = end;
    }
    /** @type {string[]} */
    const painted = new Array(length).fill("");
    for (const { start, end, kind } of marksOf(length, cut, spans)) {
      assert.ok(start < end && end <= length);
      for (let place = start; place < end; place += 1) {
        assert.equal(painted[place], "");
        painted[place] = kind;
      }
    }
    for (let place = 0; place < length; place += 1) {
      const isHit = spans.some(({ start, end }) => start <= place && place < end);
      assert.equal(painted[place], isHit ? "hit" : cut !== null && place >= cut ? "beyond" : "");
    }
  }
});
