// @ts-check
// The look of the caption editor, under the pack's own classes and in ComfyUI's colours.
import { addStyle } from "../ui/style.js";

const CSS = `
.hunyuan-lora-captions { width: 97vw; height: 95vh; overflow: hidden; --hl-amber: #d9962b; --hl-paper: color-mix(in srgb, var(--hl-field) 45%, var(--hl-ground)); }
.hunyuan-lora-captions[open] { display: flex; flex-direction: column; }
.hunyuan-lora-cap-wait { margin: auto; padding: 24px; display: flex; flex-direction: column; gap: 14px; align-items: center; max-width: 520px; text-align: center; }
.hunyuan-lora-cap-bar { display: flex; gap: 8px; align-items: center; padding: 8px 12px; border-bottom: 1px solid var(--hl-line); }
.hunyuan-lora-cap-bar h2 { white-space: nowrap; }
.hunyuan-lora-cap-status { flex: 1 1 0; min-width: 60px; text-align: right; color: var(--hl-faint); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.hunyuan-lora-cap-filters { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; padding: 7px 12px; border-bottom: 1px solid var(--hl-line); }
.hunyuan-lora-cap-filters select { max-width: 190px; }
.hunyuan-lora-cap-search { flex: 1 1 150px; max-width: 260px; }
.hunyuan-lora-cap-gap { flex: 1 1 0; }
.hunyuan-lora-cap-notices { flex: 0 0 auto; display: flex; flex-direction: column; max-height: 32vh; overflow: auto; }
.hunyuan-lora-cap-notice { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; padding: 5px 12px; border-bottom: 1px solid var(--hl-line); background: color-mix(in srgb, var(--hl-accent) 9%, transparent); }
.hunyuan-lora-cap-notice[data-kind="problem"] { background: color-mix(in srgb, var(--hl-error) 13%, transparent); }
.hunyuan-lora-cap-notice[data-kind="conflict"], .hunyuan-lora-cap-notice[data-kind="warning"] { background: color-mix(in srgb, var(--hl-amber) 12%, transparent); }
.hunyuan-lora-cap-notice ul { margin: 2px 0; padding-left: 18px; flex: 1 1 100%; }
.hunyuan-lora-cap-pair { display: inline-flex; }
.hunyuan-lora-cap-pair > :first-child:not(:last-child) { border-radius: 4px 0 0 4px; border-right: none; }
.hunyuan-lora-cap-pair > :last-child:not(:first-child) { border-radius: 0 4px 4px 0; }
.hunyuan-lora-cap-body { display: flex; flex: 1 1 auto; min-height: 0; }
.hunyuan-lora-cap-grid { flex: 1 1 auto; min-width: 0; overflow: auto; padding: 10px 12px; position: relative; overflow-anchor: none; scrollbar-gutter: stable; background: color-mix(in srgb, var(--hl-ground) 80%, var(--hl-field)); }
.hunyuan-lora-cap-grid > div { position: relative; }
.hunyuan-lora-cap-empty { padding: 40px; text-align: center; color: var(--hl-faint); }
.hunyuan-lora-cap-side { flex: 0 0 372px; display: flex; flex-direction: column; border-left: 1px solid var(--hl-line); min-height: 0; }
.hunyuan-lora-cap-side > .hunyuan-lora-tabs { padding: 4px 8px 0; flex: 0 0 auto; }
.hunyuan-lora-cap-panel { flex: 1 1 auto; min-height: 0; overflow: auto; padding: 12px; display: flex; flex-direction: column; gap: 10px; scrollbar-gutter: stable; }
.hunyuan-lora-cap-card { position: absolute; left: 0; top: 0; display: flex; flex-direction: column; gap: 6px; padding: 8px 10px; border: 1px solid var(--hl-line); border-radius: 8px; background: var(--hl-ground); cursor: default; contain: layout paint; user-select: none; }
.hunyuan-lora-cap-card:hover { border-color: color-mix(in srgb, var(--hl-accent) 55%, var(--hl-line)); }
.hunyuan-lora-cap-card[data-selected="true"] { border-color: var(--hl-accent); background: color-mix(in srgb, var(--hl-accent) 10%, var(--hl-ground)); }
.hunyuan-lora-cap-card[data-active="true"] { box-shadow: 0 0 0 1px var(--hl-accent); border-color: var(--hl-accent); }
.hunyuan-lora-cap-card:focus-visible { outline: 2px solid var(--hl-accent); outline-offset: 2px; }
.hunyuan-lora-cap-head { display: flex; gap: 7px; align-items: center; min-height: 24px; flex: 0 0 auto; }
.hunyuan-lora-cap-head input { margin: 0; accent-color: var(--hl-accent); width: 15px; height: 15px; flex: 0 0 auto; }
.hunyuan-lora-cap-name { min-width: 0; flex: 1 1 auto; font-weight: 600; }
.hunyuan-lora-cap-mini { padding: 0 7px; min-height: 22px; font-size: 12px; }
.hunyuan-lora-cap-chip { border: 1px solid var(--hl-line); border-radius: 9px; padding: 0 7px; font-size: 11px; line-height: 17px; color: var(--hl-faint); white-space: nowrap; flex: 0 0 auto; }
.hunyuan-lora-cap-chip[data-origin="editor"], .hunyuan-lora-cap-chip[data-origin="fields"], .hunyuan-lora-cap-chip[data-source="crop"], .hunyuan-lora-cap-chip[data-source="picture"] { color: var(--hl-text); border-color: var(--hl-accent); }
.hunyuan-lora-cap-middle { display: flex; gap: 10px; flex: 1 1 auto; min-height: 0; }
.hunyuan-lora-cap-left { flex: 0 0 108px; display: flex; flex-direction: column; gap: 3px; min-height: 0; }
.hunyuan-lora-cap-picture { flex: 0 0 auto; width: 108px; height: 116px; border-radius: 5px; overflow: hidden; background: var(--hl-paper); display: flex; align-items: center; justify-content: center; }
.hunyuan-lora-cap-picture img { max-width: 100%; max-height: 100%; width: 100%; height: 100%; object-fit: contain; display: block; }
.hunyuan-lora-cap-facts { display: flex; flex-direction: column; font-size: 11px; line-height: 15px; color: var(--hl-faint); overflow: hidden; text-align: center; }
.hunyuan-lora-cap-text { position: relative; flex: 1 1 auto; min-width: 0; border: 1px solid transparent; border-radius: 5px; background: var(--hl-paper); }
.hunyuan-lora-cap-text:hover { border-color: var(--hl-line); }
.hunyuan-lora-cap-text:focus-within { border-color: var(--hl-accent); }
.hunyuan-lora-cap-text > textarea, .hunyuan-lora-cap-back { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; padding: 5px 4px 5px 7px; border: 0; resize: none; font: 13px/18px var(--p-font-family, Arial, sans-serif); letter-spacing: normal; white-space: pre-wrap; overflow-wrap: break-word; word-break: normal; scrollbar-gutter: stable; scrollbar-width: thin; background: transparent; tab-size: 4; text-align: left; }
.hunyuan-lora-cap-text > textarea { color: var(--hl-text) !important; overflow: hidden auto; outline: none !important; cursor: text; }
.hunyuan-lora-cap-back { overflow: hidden; color: transparent; pointer-events: none; }
.hunyuan-lora-cap-back mark { color: transparent; background: none; border-radius: 2px; }
.hunyuan-lora-cap-back mark[data-kind="beyond"] { background: color-mix(in srgb, var(--hl-amber) 30%, transparent); box-shadow: -2px 0 0 var(--hl-amber); }
.hunyuan-lora-cap-back mark[data-kind="hit"] { background: color-mix(in srgb, var(--hl-accent) 45%, transparent); }
.hunyuan-lora-cap-tokens { display: grid; grid-template-columns: 1fr 1fr; gap: 14px; flex: 0 0 auto; }
.hunyuan-lora-cap-meter { display: flex; align-items: center; gap: 6px; font-size: 11px; color: var(--hl-faint); white-space: nowrap; font-variant-numeric: tabular-nums; }
.hunyuan-lora-cap-track { position: relative; flex: 1 1 auto; height: 4px; border-radius: 2px; background: color-mix(in srgb, var(--hl-text) 14%, transparent); }
.hunyuan-lora-cap-track > i { position: absolute; left: 0; top: 0; bottom: 0; border-radius: 2px; background: var(--hl-accent); }
.hunyuan-lora-cap-track > b { position: absolute; top: -3px; bottom: -3px; width: 2px; margin-left: -1px; background: var(--hl-text); opacity: 0.55; }
.hunyuan-lora-cap-track > u { position: absolute; top: 0; bottom: 0; border-radius: 0 2px 2px 0; background: var(--hl-amber); }
.hunyuan-lora-cap-meter[data-over="true"] { color: color-mix(in srgb, var(--hl-amber) 65%, var(--hl-text)); }
.hunyuan-lora-cap-warnings { display: flex; flex-direction: column; gap: 4px; flex: 0 0 auto; max-height: 150px; overflow: auto; scrollbar-width: thin; }
.hunyuan-lora-cap-warning { display: flex; gap: 7px; align-items: flex-start; font-size: 12px; line-height: 16px; border-left: 2px solid var(--hl-amber); padding-left: 7px; user-select: text; }
.hunyuan-lora-cap-warning > span { flex: 1 1 auto; min-width: 0; overflow-wrap: anywhere; }
.hunyuan-lora-cap-warning > div { display: flex; gap: 4px; flex: 0 0 auto; }
.hunyuan-lora-cap-set { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 3px 6px; align-items: center; }
.hunyuan-lora-cap-set > label { font-size: 12px; }
.hunyuan-lora-cap-set > .hunyuan-lora-cap-chip { justify-self: end; }
.hunyuan-lora-cap-set > div { grid-column: 1 / -1; display: flex; gap: 4px; }
.hunyuan-lora-cap-set textarea, .hunyuan-lora-cap-panel textarea { flex: 1 1 auto; width: 100%; resize: vertical; font: inherit; color: inherit; padding: 3px 7px; min-height: 28px; }
.hunyuan-lora-cap-set textarea::placeholder, .hunyuan-lora-cap-panel input::placeholder, .hunyuan-lora-cap-panel textarea::placeholder { color: var(--hl-faint); opacity: 0.8; }
.hunyuan-lora-cap-panel input[type="text"] { width: 100%; padding: 3px 7px; min-height: 28px; }
.hunyuan-lora-cap-lead { display: flex; gap: 10px; align-items: flex-start; }
.hunyuan-lora-cap-lead .hunyuan-lora-cap-picture { width: 96px; height: 124px; }
.hunyuan-lora-cap-slots { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 10px; margin: 0; font-size: 12px; }
.hunyuan-lora-cap-slots dt { color: var(--hl-faint); }
.hunyuan-lora-cap-slots dd { margin: 0; overflow-wrap: anywhere; }
.hunyuan-lora-cap-block { display: flex; flex-direction: column; gap: 6px; padding-bottom: 10px; border-bottom: 1px solid var(--hl-line); }
.hunyuan-lora-cap-block:last-child { border-bottom: none; }
.hunyuan-lora-cap-tick { display: inline-flex; gap: 5px; align-items: center; cursor: pointer; }
.hunyuan-lora-cap-tick input { margin: 0; accent-color: var(--hl-accent); }
.hunyuan-lora-cap-hits { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 4px; }
.hunyuan-lora-cap-hits button { display: block; width: 100%; text-align: left; padding: 4px 8px; font-size: 12px; line-height: 17px; overflow-wrap: anywhere; }
.hunyuan-lora-cap-hits del { background: color-mix(in srgb, var(--hl-error) 28%, transparent); border-radius: 2px; }
.hunyuan-lora-cap-hits ins { background: color-mix(in srgb, #2fa866 38%, transparent); text-decoration: none; border-radius: 2px; }
.hunyuan-lora-cap-compare { width: min(980px, 94vw); max-height: 90vh; height: fit-content; padding: 16px; overflow: auto; --hl-amber: #d9962b; }
.hunyuan-lora-cap-compare[open] { display: flex; flex-direction: column; gap: 12px; }
.hunyuan-lora-cap-sides { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
.hunyuan-lora-cap-sides section { border: 1px solid var(--hl-line); border-radius: 6px; padding: 10px 12px; background: var(--hl-field); display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.hunyuan-lora-cap-sides p { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 20px; min-height: 60px; user-select: text; }
.hunyuan-lora-cap-sides mark { color: inherit; border-radius: 2px; text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 3px; }
.hunyuan-lora-cap-sides mark[data-kind="mine"] { background: color-mix(in srgb, var(--hl-accent) 30%, transparent); text-decoration-color: var(--hl-accent); }
.hunyuan-lora-cap-sides mark[data-kind="theirs"] { background: color-mix(in srgb, var(--hl-amber) 30%, transparent); text-decoration-color: var(--hl-amber); }
.hunyuan-lora-cap-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 1000px) {
  .hunyuan-lora-cap-side { flex-basis: 300px; }
}
@media (max-width: 760px) {
  .hunyuan-lora-cap-body { flex-direction: column; }
  .hunyuan-lora-cap-side { flex: 0 0 42%; border-left: none; border-top: 1px solid var(--hl-line); }
  .hunyuan-lora-cap-sides { grid-template-columns: 1fr; }
}
@media (pointer: coarse) {
  .hunyuan-lora-captions .hunyuan-lora-button { min-height: 34px; }
  .hunyuan-lora-cap-head input { width: 22px; height: 22px; }
}
`;

/** Put the style into the page, once. */
export function addCaptionStyle() {
  const id = "hunyuan-lora-captions-style";
  if (document.getElementById(id)) return;
  // After the pack's own, which it refines.
  addStyle();
  const style = document.createElement("style");
  style.id = id;
  style.textContent = CSS;
  document.head.append(style);
}
