// Numbers that look random and are the same every time.

/** @param {number} seed */
export function makeRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  return {
    /** From 0 to below 1. */
    share: next,
    /** @param {number} below */
    whole: (below) => Math.floor(next() * below),
    normal: () => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next()),
  };
}

/**
 * A noisy curve with some values missing.
 *
 * @param {number} length
 * @param {number} seed
 * @param {number} [missing] share of the values that are NaN
 */
export function makeCurve(length, seed, missing = 0.02) {
  const random = makeRandom(seed);
  const x = new Float64Array(length);
  const y = new Float64Array(length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    // Some steps have the same x, some lie far apart.
    at += random.whole(4) === 0 ? random.whole(9) : 1;
    x[i] = at;
    y[i] = random.share() < missing ? NaN : Math.exp(random.normal());
  }
  return { x, y };
}
