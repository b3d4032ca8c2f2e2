// @ts-check
// What the crop editor's parts hand to one another.

/**
 * @typedef {object} Box a rectangle in whole pixels of the upright picture
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} Size
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} Crop
 * @property {number} id stays the same through every change, and through undo
 * @property {Box} box
 * @property {string} shot
 * @property {string} bucket "768x1024"
 */

/**
 * @typedef {object} Content what a picture gives
 * @property {readonly Crop[]} crops
 * @property {string} view "front", "behind", "side", or "" for the picture's own label
 */

/**
 * @typedef {object} Shot
 * @property {string} name
 * @property {string} words
 * @property {string[]} buckets those that it is made for, the best first
 */

/**
 * @typedef {object} PlanPicture
 * @property {string} key
 * @property {string} name
 * @property {number} width in pixels, upright
 * @property {number} height
 * @property {string} view
 * @property {boolean} has_alpha
 * @property {{ box: number[], source: string } | null} subject shares of the picture's sides
 * @property {{ box: number[], shot: string, bucket: string }[]} proposals
 * @property {{ shot: string, bucket: string, reason: string }[]} skipped
 */

/**
 * @typedef {object} Plan
 * @property {string} key
 * @property {string[]} buckets
 * @property {number} max_enlargement
 * @property {Shot[]} shots
 * @property {PlanPicture[]} pictures
 */

export {};
