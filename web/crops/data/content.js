// @ts-check
// What one picture gives: as it is stored, and whether two are the same.
import { isSameBox, toShares } from "./geometry.js";

/** @typedef {import("../types.js").Content} Content */
/** @typedef {import("../types.js").PlanPicture} PlanPicture */
/** @typedef {import("../text/stored.js").StoredPicture} StoredPicture */

/**
 * @param {PlanPicture} picture
 * @param {Content} content
 * @returns {StoredPicture}
 */
export function toStored(picture, { crops, view }) {
  const boxes = crops.map(({ box, shot, bucket }) => {
    return /** @type {import("../text/stored.js").StoredBox} */ ([...toShares(box, picture), shot, bucket]);
  });
  return { name: picture.name, view, boxes };
}

/**
 * @param {Content} one
 * @param {Content} other
 */
export function isSameContent(one, other) {
  return (
    one.view === other.view &&
    one.crops.length === other.crops.length &&
    one.crops.every((crop, place) => {
      const twin = other.crops[place];
      return (
        twin !== undefined &&
        crop.shot === twin.shot &&
        crop.bucket === twin.bucket &&
        isSameBox(crop.box, twin.box)
      );
    })
  );
}
