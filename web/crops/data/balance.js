// @ts-check
// Repeats that let every bucket come about equally often: as trainer/data/dataset/balance.py.
import { enlargement } from "./buckets.js";

/** @typedef {import("../types.js").Crop} Crop */

const MAX_REPEATS = 50;
const MAX_EPOCH_SAMPLES = 1000;
const GOOD_IMBALANCE = 1.15;
const ROUNDS = [1, 2, 3, 4];

/**
 * Choose repeats so that pictures x repeats is about the same for every bucket.
 *
 * @param {readonly number[]} counts crops in each bucket, each at least 1
 * @returns {number[]} repeats, in the same order
 */
export function balanceRepeats(counts) {
  if (counts.length === 0) return [];
  const choices = ROUNDS.map((rounds) => repeatsFor(counts, rounds));
  const allowed = choices.filter(
    (choice, place) => place === 0 || sum(samplesOf(counts, choice)) <= MAX_EPOCH_SAMPLES,
  );
  const good = allowed.find((choice) => imbalance(counts, choice) <= GOOD_IMBALANCE);
  if (good) return good;
  return allowed.reduce((best, choice) =>
    imbalance(counts, choice) < imbalance(counts, best) ? choice : best,
  );
}

/**
 * Samples per epoch of the largest bucket over those of the smallest: 1 is even.
 *
 * @param {readonly number[]} counts
 * @param {readonly number[]} repeats
 * @returns {number}
 */
export function imbalance(counts, repeats) {
  const samples = samplesOf(counts, repeats);
  return Math.max(...samples) / Math.min(...samples);
}

/**
 * @param {readonly number[]} counts
 * @param {number} rounds
 */
function repeatsFor(counts, rounds) {
  const target = rounds * Math.max(...counts);
  return counts.map((count) =>
    Math.min(MAX_REPEATS, Math.max(1, Math.floor((2 * target + count) / (2 * count)))),
  );
}

/**
 * @param {readonly number[]} counts
 * @param {readonly number[]} repeats
 */
function samplesOf(counts, repeats) {
  return counts.map((count, place) => count * (repeats[place] ?? 1));
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/**
 * @typedef {object} TallyRow
 * @property {string} bucket
 * @property {number} crops
 * @property {number} repeats 0 for an empty bucket
 * @property {number} samples per epoch
 */

/**
 * How full each bucket is; crops that will be left out do not count.
 *
 * @param {Iterable<readonly Crop[]>} pictures the crops of each picture
 * @param {readonly string[]} buckets the chosen ones; others come after them when they hold crops
 * @param {number} maxEnlargement
 * @returns {TallyRow[]}
 */
export function tallyBuckets(pictures, buckets, maxEnlargement) {
  /** @type {Map<string, number>} */
  const counts = new Map(buckets.map((bucket) => [bucket, 0]));
  for (const crops of pictures) {
    /** @type {Set<string>} */
    const seen = new Set();
    for (const { box, bucket, shot } of crops) {
      if (enlargement(box, bucket) > maxEnlargement) continue;
      // Two crops that are equal in everything are made once.
      const mark = `${shot} ${bucket} ${box.left} ${box.top} ${box.width} ${box.height}`;
      if (seen.has(mark)) continue;
      seen.add(mark);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
  }
  const filled = [...counts].filter(([, count]) => count > 0);
  const repeats = balanceRepeats(filled.map(([, count]) => count));
  return [...counts].map(([bucket, crops]) => {
    const place = filled.findIndex(([name]) => name === bucket);
    const times = place < 0 ? 0 : (repeats[place] ?? 0);
    return { bucket, crops, repeats: times, samples: crops * times };
  });
}
