// @ts-check
// The crop editor's look: one style element, only under the pack's classes, only ComfyUI's colours.

const CSS = `
.hunyuan-lora-crops { overflow: hidden; }
.hunyuan-lora-crops-place { flex: 1 1 auto; min-height: 0; display: grid; }
.hunyuan-lora-crops-message {
  position: absolute; inset: 0; z-index: 5; display: flex; flex-direction: column; gap: 12px;
  align-items: center; justify-content: center; padding: 24px; text-align: center; background: var(--hl-ground);
}
.hunyuan-lora-crops-message.above {
  inset: auto 0 0 0; flex-direction: row; padding: 8px; border-top: 1px solid var(--hl-line);
}
.hunyuan-lora-crops-editor {
  display: grid; min-height: 0; min-width: 0;
  grid-template: auto minmax(0, 1fr) / 148px minmax(0, 1fr) 344px;
  grid-template-areas: "bar bar bar" "strip stage panel";
}
.hunyuan-lora-crops-bar {
  grid-area: bar; display: flex; flex-wrap: wrap; gap: 6px 18px; align-items: center;
}
.hunyuan-lora-crops-title { display: flex; flex-direction: column; min-width: 120px; max-width: 260px; line-height: 1.25; }
.hunyuan-lora-crops-title .hunyuan-lora-faint { font-size: 12px; }
.hunyuan-lora-crops-adding { gap: 8px; }
.hunyuan-lora-crops-adding .hunyuan-lora-crops-field { flex-direction: row; align-items: center; gap: 7px; }
.hunyuan-lora-crops-bar .hunyuan-lora-field { max-width: 150px; }
.hunyuan-lora-crops-bar .hunyuan-lora-main { min-width: 148px; }
.hunyuan-lora-button[aria-pressed="true"] { background: var(--hl-accent); border-color: var(--hl-accent); color: #fff; }
.hunyuan-lora-crops-small { min-width: 28px; padding: 3px 6px; }
.hunyuan-lora-crops-scale { min-width: 46px; text-align: center; font-variant-numeric: tabular-nums; }
.hunyuan-lora-crops-gap { width: 1px; height: 18px; background: var(--hl-line); margin: 0 4px; }
.hunyuan-lora-crops-strip {
  grid-area: strip; overflow: auto; position: relative; border-right: 1px solid var(--hl-line);
  overscroll-behavior: contain; scrollbar-width: thin; outline-offset: -2px !important;
}
.hunyuan-lora-crops-strip-inner { position: relative; contain: layout style; }
.hunyuan-lora-crops-thumb {
  position: absolute; top: 0; left: 0; width: 100%; height: 128px; padding: 6px 8px 2px;
  display: flex; flex-direction: column; gap: 3px; cursor: pointer; contain: strict;
}
.hunyuan-lora-crops-thumb-frame {
  flex: 1 1 auto; min-height: 0; border-radius: 5px; border: 2px solid transparent; background: var(--hl-field);
  overflow: hidden; display: flex;
}
.hunyuan-lora-crops-thumb-frame img { width: 100%; height: 100%; object-fit: contain; display: block; }
.hunyuan-lora-crops-thumb-frame img:not([src]) { visibility: hidden; }
.hunyuan-lora-crops-thumb:hover .hunyuan-lora-crops-thumb-frame { border-color: var(--hl-line); }
.hunyuan-lora-crops-thumb[aria-selected="true"] .hunyuan-lora-crops-thumb-frame { border-color: var(--hl-accent); }
.hunyuan-lora-crops-thumb.missing .hunyuan-lora-crops-thumb-frame { border: 2px dashed var(--hl-error); }
.hunyuan-lora-crops-thumb-foot { display: flex; gap: 4px; font-size: 11px; line-height: 16px; color: var(--hl-faint); }
.hunyuan-lora-crops-thumb[aria-selected="true"] .hunyuan-lora-crops-thumb-foot { color: var(--hl-text); }
.hunyuan-lora-crops-name { flex: 1 1 auto; min-width: 0; }
.hunyuan-lora-crops-count { min-width: 16px; text-align: center; padding: 0 4px; border-radius: 8px; background: var(--hl-field); }
.hunyuan-lora-crops-thumb.edited .hunyuan-lora-crops-count { background: var(--hl-accent); color: #fff; }
.hunyuan-lora-crops-stage {
  grid-area: stage; position: relative; overflow: hidden; touch-action: none; user-select: none; cursor: grab;
  background: var(--hl-field); outline-offset: -2px !important;
}
.hunyuan-lora-crops-stage.panning { cursor: grabbing !important; }
.hunyuan-lora-crops-stage.placing { cursor: crosshair; }
.hunyuan-lora-crops-picture {
  position: absolute; left: 0; top: 0; transform-origin: 0 0; max-width: none; height: auto; pointer-events: none;
}
.hunyuan-lora-crops-stage.see-through .hunyuan-lora-crops-picture {
  background: repeating-conic-gradient(#cdcdcd 0% 25%, #f5f5f5 0% 50%) 0 0 / 24px 24px;
}
.hunyuan-lora-crops-overlay { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.hunyuan-lora-crops-overlay .shade { fill: rgba(0, 0, 0, 0.42); }
.hunyuan-lora-crops-overlay .line {
  fill: none; stroke: var(--colour); stroke-width: 1.75; paint-order: stroke;
  filter: drop-shadow(0 0 1px rgba(0, 0, 0, 0.85));
}
.hunyuan-lora-crops-overlay .selected .line { stroke-width: 2.5; }
.hunyuan-lora-crops-overlay .out .line { stroke-dasharray: 6 5; }
.hunyuan-lora-crops-overlay .ground { fill: var(--colour); }
.hunyuan-lora-crops-overlay text { font-size: 11.5px; font-weight: 600; fill: #10151b; }
.hunyuan-lora-crops-overlay .out text { text-decoration: line-through; }
.hunyuan-lora-crops-overlay .thirds { fill: none; stroke: rgba(255, 255, 255, 0.55); stroke-width: 1; }
.hunyuan-lora-crops-overlay .handles rect { fill: #fff; stroke: #10151b; stroke-width: 1.25; }
.hunyuan-lora-crops-note {
  position: absolute; inset: 0; margin: auto !important; width: fit-content; height: fit-content; max-width: 80%;
  padding: 10px 14px; border-radius: 6px; background: var(--hl-ground); border: 1px solid var(--hl-error);
}
.hunyuan-lora-crops-panel {
  grid-area: panel; overflow: auto; border-left: 1px solid var(--hl-line); scrollbar-width: thin;
}
.hunyuan-lora-crops-section {
  display: flex; flex-direction: column; gap: 8px; padding: 12px 14px; border-bottom: 1px solid var(--hl-line);
}
details.hunyuan-lora-crops-section { display: block; }
.hunyuan-lora-crops-notices:not(:empty) { display: flex; flex-direction: column; gap: 8px; padding: 12px 14px 0; }
.hunyuan-lora-crops-field { display: flex; flex-direction: column; gap: 2px; min-width: 0; }
.hunyuan-lora-crops-field .hunyuan-lora-faint { font-size: 12px; }
.hunyuan-lora-crops-field select { width: 100%; }
.hunyuan-lora-crops-pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 8px; }
.hunyuan-lora-crops-bottom { align-items: end; grid-template-columns: minmax(0, 1fr) auto; }
.hunyuan-lora-crops .hunyuan-lora-button { white-space: nowrap; }
.hunyuan-lora-crops-bottom .hunyuan-lora-row { flex-wrap: nowrap; justify-content: flex-end; }
.hunyuan-lora-crops-size { font-variant-numeric: tabular-nums; }
.hunyuan-lora-crops-warning { color: var(--hl-faint); min-height: 2.9em; }
.hunyuan-lora-crops-warning[data-level="soft"], .hunyuan-lora-crops-soft { color: var(--hl-soft); }
.hunyuan-lora-crops-warning[data-level="out"], .hunyuan-lora-crops-out { color: var(--hl-error); }
.hunyuan-lora-crops { --hl-soft: color-mix(in srgb, #f09a1a 60%, var(--hl-text)); }
.hunyuan-lora-crops-list {
  position: relative; border: 1px solid var(--hl-line); border-radius: 4px; background: var(--hl-field); overflow: auto;
  max-height: 352px; min-height: 34px; padding: 2px; scrollbar-width: thin;
}
.hunyuan-lora-crops-item {
  display: flex; gap: 7px; align-items: center; padding: 4px 7px; border-radius: 3px; cursor: pointer; white-space: nowrap;
}
.hunyuan-lora-crops-item:hover { box-shadow: inset 0 0 0 1px var(--hl-line); }
.hunyuan-lora-crops-item[aria-selected="true"] { box-shadow: inset 0 0 0 1.5px var(--hl-accent); }
.hunyuan-lora-crops-number { min-width: 14px; color: var(--hl-faint); font-variant-numeric: tabular-nums; }
.hunyuan-lora-crops-mark { font-size: 11.5px; }
.hunyuan-lora-crops-none { padding: 6px 8px; }
.hunyuan-lora-crops-swatch {
  display: inline-block; width: 11px; height: 11px; border-radius: 3px; flex: none; box-shadow: 0 0 0 1px rgba(0, 0, 0, 0.35);
}
.hunyuan-lora-crops-tally { width: 100%; }
.hunyuan-lora-crops-tally td, .hunyuan-lora-crops-tally thead th:not(:first-child) { text-align: right !important; }
.hunyuan-lora-crops-tally .hunyuan-lora-crops-swatch { margin-right: 7px; }
.hunyuan-lora-crops-tally tr.empty { color: var(--hl-soft); }
.hunyuan-lora-crops-total > * { border-top: 1px solid var(--hl-line); }
.hunyuan-lora-crops-skipped { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 8px; }
.hunyuan-lora-crops-skipped li { display: flex; gap: 8px; align-items: flex-start; }
.hunyuan-lora-crops-skipped strong { font-weight: 600; }
.hunyuan-lora-crops-skipped p { font-size: 12px; }
.hunyuan-lora-crops-live { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 900px) {
  .hunyuan-lora-crops-editor {
    grid-template: auto minmax(0, 1fr) 128px minmax(0, 36%) / minmax(0, 1fr);
    grid-template-areas: "bar" "stage" "strip" "panel";
  }
  .hunyuan-lora-crops-strip { border-right: none; border-top: 1px solid var(--hl-line); }
  .hunyuan-lora-crops-thumb { width: 128px; }
  .hunyuan-lora-crops-panel { border-left: none; border-top: 1px solid var(--hl-line); }
  .hunyuan-lora-crops-list { max-height: 176px; }
}
@media (pointer: coarse) {
  .hunyuan-lora-crops .hunyuan-lora-button, .hunyuan-lora-crops .hunyuan-lora-field { min-height: 36px; }
  .hunyuan-lora-crops-item { padding: 9px 7px; }
}
`;

/** Put the style into the page, once. */
export function addCropStyle() {
  const id = "hunyuan-lora-crops-style";
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = CSS;
  document.head.append(style);
}
