// @ts-check
// Which crops are selected, and which one the keyboard stands on.

/** Selected ids, with one that is active. */
export class Selection {
  /** @type {Set<string>} */
  ids = new Set();
  /** @type {string | null} */
  active = null;
  /** @type {string | null} */
  #anchor = null;

  get size() {
    return this.ids.size;
  }

  /**
   * Choose as a click does: alone, with ctrl one more or less, with shift all up to there.
   *
   * @param {string} id
   * @param {readonly string[]} order what is shown, in order
   * @param {{ extend?: boolean, toggle?: boolean }} [how]
   */
  choose(id, order, how = {}) {
    this.active = id;
    if (how.extend) {
      const from = Math.max(0, order.indexOf(this.#anchor ?? id));
      const to = order.indexOf(id);
      const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
      this.ids = new Set(how.toggle ? [...this.ids, ...range] : range);
      return;
    }
    this.#anchor = id;
    if (!how.toggle) this.ids = new Set([id]);
    else if (!this.ids.delete(id)) this.ids.add(id);
  }

  /**
   * Select exactly these.
   *
   * @param {readonly string[]} ids
   */
  set(ids) {
    this.ids = new Set(ids);
    const first = ids[0] ?? null;
    if (this.active === null || (ids.length > 0 && !this.ids.has(this.active))) this.active = first;
    this.#anchor = this.active;
  }

  /**
   * Forget what is not there any more.
   *
   * @param {readonly string[]} order what there is
   */
  keep(order) {
    const there = new Set(order);
    for (const id of this.ids) if (!there.has(id)) this.ids.delete(id);
    if (this.active !== null && !there.has(this.active)) this.active = order[0] ?? null;
  }

  /**
   * Those selected, in the order of the sheet.
   *
   * @param {readonly string[]} order
   */
  inOrder(order) {
    return order.filter((id) => this.ids.has(id));
  }
}
