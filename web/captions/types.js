// @ts-check
// What the server tells about captions, as the caption editor reads it.

/**
 * @typedef {object} SheetCrop
 * @property {string} id stays the same while the picture's content and the crop do
 * @property {string} picture the picture's key
 * @property {string} name the picture's file name
 * @property {number[]} box left, top, width and height as shares of the picture
 * @property {number} width of the picture in pixels
 * @property {number} height of the picture in pixels
 * @property {string} shot
 * @property {string} shot_words
 * @property {string} view "front", "behind", "side" or ""
 * @property {string} bucket "768x1024"
 */

/**
 * @typedef {object} Sheet
 * @property {string} key
 * @property {string} template
 * @property {Record<string, string>} fields the node's own fields
 * @property {string[]} slots names that the template may use
 * @property {{ clip: number, llama: number }} limits in tokens
 * @property {boolean} counts_tokens
 * @property {SheetCrop[]} crops
 */

/**
 * @typedef {object} Conflict
 * @property {"file" | "built"} kind
 * @property {string} mine
 * @property {string} theirs
 * @property {string} where the file's name
 */

/**
 * @typedef {object} Tokens
 * @property {number} clip
 * @property {number} llama
 * @property {number | null} clip_cut where in the caption CLIP-L stops reading
 * @property {number | null} llama_cut
 */

/** @typedef {{ kind: string, text: string, mend: string | null }} Warning */

/**
 * @typedef {object} Filled
 * @property {string} caption
 * @property {string} origin "template", "file", "captioner", "override" or "editor"
 * @property {string} start the caption without the text written by hand
 * @property {string} start_origin
 * @property {Record<string, string>} slots
 * @property {string} file_mark
 * @property {string | null} file text of the .txt beside the picture
 * @property {Conflict | null} conflict
 * @property {Tokens | null} tokens
 * @property {Warning[]} warnings
 */

/** @typedef {{ kind: string, text: string }} Finding */
/** @typedef {{ crops: Record<string, Filled>, general: Finding[] }} FillAnswer */

/**
 * @typedef {object} FillBody
 * @property {string} template
 * @property {Record<string, string>} fields
 * @property {boolean} keep_existing
 * @property {string} overrides
 * @property {string} edits
 */

/**
 * All that can be edited; a value of it is never changed in place.
 *
 * @typedef {object} State
 * @property {import("./data/edits.js").Edits} edits
 * @property {string} template
 * @property {Readonly<Record<string, string>>} fields of the whole set
 */

/**
 * The world outside.
 *
 * @typedef {object} Link
 * @property {(state: State) => Promise<FillAnswer>} fill
 * @property {(id: string, text: string) => Promise<void>} settle writes a caption into the built
 *   dataset, over one that was edited there by hand
 * @property {(state: State) => void} save called after every step
 * @property {(error: unknown) => Promise<Sheet | null>} recover a new sheet when the error says that
 *   the old one is gone, null otherwise
 */

export {};
