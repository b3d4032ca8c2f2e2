// @ts-check
// What a card shows of a crop, from the session and what is searched for.

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./types.js").SheetCrop} SheetCrop */
/** @typedef {import("./parts/caption_box.js").Mark} Mark */
/** @typedef {import("./data/finding.js").Span} Span */

/**
 * Marks of one caption: what CLIP-L does not read any more, and where something was found.
 *
 * @param {number} length of the caption
 * @param {number | null} cut where CLIP-L stops
 * @param {readonly Span[]} spans found, in order
 * @returns {Mark[]} in order, not over each other; a hit comes before the other kind
 */
export function marksOf(length, cut, spans) {
  const hits = spans.filter(({ start, end }) => end > start && start < length);
  /** @type {Mark[]} */
  const marks = hits.map(({ start, end }) => ({ start, end: Math.min(end, length), kind: "hit" }));
  if (cut === null || cut >= length) return marks;
  let from = cut;
  for (const { start, end } of hits) {
    if (start > from) marks.push({ start: from, end: start, kind: "beyond" });
    from = Math.max(from, end);
  }
  if (from < length) marks.push({ start: from, end: length, kind: "beyond" });
  return marks.sort((a, b) => a.start - b.start);
}

/**
 * What one drawing of all cards has in common.
 *
 * @param {Session} session
 * @param {readonly { id: string, spans: Span[] }[]} found
 */
export function contextOf(session, found) {
  /** @type {Map<string, number>} */
  const mendable = new Map();
  for (const { warnings } of session.filled.values()) {
    const kinds = new Set(warnings.filter(({ mend }) => mend !== null).map(({ kind }) => kind));
    for (const kind of kinds) mendable.set(kind, (mendable.get(kind) ?? 0) + 1);
  }
  return { mendable, spans: new Map(found.map(({ id, spans }) => [id, spans])) };
}

/**
 * @param {Session} session
 * @param {SheetCrop} crop
 * @param {ReturnType<typeof contextOf>} context
 * @returns {Omit<import("./parts/card.js").CardView, "place" | "count">}
 */
export function viewOf(session, crop, context) {
  const { id } = crop;
  const filled = session.filled.get(id);
  const caption = session.captionOf(id);
  // A place in another text would be wrong in this one; the server strips spaces at both ends.
  const isCounted = filled?.caption.trim() === caption.trim();
  const place = isCounted ? (filled?.tokens?.clip_cut ?? null) : null;
  const cut = place === null ? null : place + caption.length - caption.trimStart().length;
  return {
    caption,
    marks: marksOf(caption.length, cut, context.spans.get(id) ?? []),
    origin: session.originOf(id),
    isEdited: session.isEdited(id),
    isSelected: session.selection.ids.has(id),
    isActive: session.selection.active === id,
    tokens: filled?.tokens ?? null,
    limits: session.sheet.limits,
    warnings: filled?.warnings ?? [],
    mendable: context.mendable,
    conflict: filled?.conflict ?? null,
  };
}
