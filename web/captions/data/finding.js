// @ts-check
// Find and replace over all captions.

/**
 * @typedef {object} Search
 * @property {string} text what is looked for
 * @property {string} replacement
 * @property {boolean} isRegex
 * @property {boolean} isCase capital and small letters differ
 * @property {boolean} isWhole only whole words
 */

/** @typedef {{ start: number, end: number }} Span */
/**
 * @typedef {object} Change
 * @property {string} id
 * @property {string} before
 * @property {string} after
 * @property {Span[]} spans places of the hits in `before`
 * @property {string} first what the first hit becomes
 */
/** @typedef {{ changes: Change[], hits: number, fault: string }} Found */

const BEFORE_WORD = "(?<![\\p{L}\\p{N}_])";
const AFTER_WORD = "(?![\\p{L}\\p{N}_])";
const LONGEST_MS = 1_500;

/**
 * Make the pattern of a search.
 *
 * @param {Search} search
 * @returns {{ pattern: RegExp | null, fault: string }} null without text or with a fault
 */
export function patternOf(search) {
  if (search.text === "") return { pattern: null, fault: "" };
  const source = search.isRegex ? `(?:${search.text})` : escapeText(search.text);
  const whole = search.isWhole ? `${BEFORE_WORD}${source}${AFTER_WORD}` : source;
  try {
    // By itself first: "a)(b" would be valid inside the group.
    if (search.isRegex) new RegExp(search.text, "u");
    return { pattern: new RegExp(whole, search.isCase ? "gu" : "giu"), fault: "" };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /s, "") : "";
    return { pattern: null, fault: `This is no regular expression${reason ? `: ${reason}` : ""}.` };
  }
}

/**
 * Look through captions.
 *
 * In regular expressions the replacement may hold $1, $<name> and $&; in plain text nothing in it
 * has a meaning of its own.
 *
 * @param {Iterable<{ id: string, text: string }>} captions
 * @param {Search} search
 * @param {() => number} [clock] milliseconds
 * @returns {Found} changes hold every caption with a hit, in order
 */
export function findAll(captions, search, clock = () => performance.now()) {
  const { pattern, fault } = patternOf(search);
  /** @type {Found} */
  const found = { changes: [], hits: 0, fault };
  if (pattern === null) return found;
  const end = clock() + LONGEST_MS;
  for (const { id, text } of captions) {
    const spans = spansOf(text, pattern);
    if (spans.length > 0) {
      const after = replaceBy(text, pattern, search);
      found.changes.push({ id, before: text, after, spans, first: firstOf(text, pattern, search, spans) });
      found.hits += spans.length;
    }
    if (clock() > end) {
      return { changes: [], hits: 0, fault: "This takes too long. Use a simpler regular expression." };
    }
  }
  return found;
}

/**
 * Where a pattern is found in a text.
 *
 * @param {string} text
 * @param {RegExp} pattern with the flag g
 * @returns {Span[]}
 */
export function spansOf(text, pattern) {
  return [...text.matchAll(pattern)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 * @param {Search} search
 */
function replaceBy(text, pattern, search) {
  return search.isRegex
    ? text.replace(pattern, search.replacement)
    : text.replace(pattern, () => search.replacement);
}

/**
 * What the first hit becomes, in its place, where what stands around it counts too.
 *
 * @param {string} text
 * @param {RegExp} pattern
 * @param {Search} search
 * @param {Span[]} spans
 */
function firstOf(text, pattern, search, spans) {
  const once = new RegExp(pattern.source, pattern.flags.replace("g", ""));
  const replaced = replaceBy(text, once, search);
  const { start, end } = spans[0] ?? { start: 0, end: 0 };
  return replaced.slice(start, replaced.length - (text.length - end));
}

/**
 * The part of a text around a place, for a preview.
 *
 * @param {string} text
 * @param {Span} span
 * @param {number} room letters on each side
 * @returns {{ before: string, hit: string, after: string }}
 */
export function snippetOf(text, span, room) {
  const start = Math.max(0, span.start - room);
  const end = Math.min(text.length, span.end + room);
  return {
    before: (start > 0 ? "…" : "") + text.slice(start, span.start),
    hit: text.slice(span.start, span.end),
    after: text.slice(span.end, end) + (end < text.length ? "…" : ""),
  };
}

/** @param {string} text */
function escapeText(text) {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
