// @ts-check
// The pack's look: one style element, only under its own classes, only ComfyUI's colours.

const CSS = `
.hunyuan-lora-root {
  --hl-text: var(--input-text, var(--fg-color, #ddd));
  --hl-faint: var(--descrip-text, #999);
  --hl-line: var(--border-color, #4e4e4e);
  --hl-field: var(--comfy-input-bg, #222);
  --hl-ground: var(--comfy-menu-bg, #353535);
  --hl-accent: var(--p-primary-color, #3b82f6);
  --hl-error: var(--error-text, #ff4444);
  color: var(--hl-text);
  font: 13px/1.45 var(--p-font-family, Arial, sans-serif);
  box-sizing: border-box;
  text-align: left;
}
.hunyuan-lora-root *, .hunyuan-lora-root { box-sizing: border-box; }
.hunyuan-lora-root [hidden] { display: none !important; }
.hunyuan-lora-root h2 { font-size: 15px; margin: 0; font-weight: 600; }
.hunyuan-lora-root h3 { font-size: 13px; margin: 0; font-weight: 600; }
.hunyuan-lora-root p { margin: 0; }
.hunyuan-lora-root button, .hunyuan-lora-root input, .hunyuan-lora-root select {
  font: inherit; color: inherit;
}
.hunyuan-lora-root :focus-visible { outline: 2px solid var(--hl-accent); outline-offset: 1px; }
.hunyuan-lora-board {
  display: flex; flex-direction: column; gap: 8px; padding: 8px; height: 100%; overflow: auto;
  user-select: text;
}
.hunyuan-lora-side { display: flex; flex-direction: column; height: 100%; padding-top: 4px; }
.hunyuan-lora-panel {
  display: flex; flex-direction: column; width: 100%; height: 100%; max-height: 640px; min-height: 0;
  contain: inline-size; overflow: hidden;
}
.hunyuan-lora-panel > .hunyuan-lora-board { flex: 1 1 auto; min-height: 0; height: auto; }
.hunyuan-lora-panel .hunyuan-lora-chart { height: 210px; }
.hunyuan-lora-panel .hunyuan-lora-facts > :nth-child(n + 7) { display: none; }
.hunyuan-lora-in-node { background: var(--hl-field); border-radius: 4px; }
.hunyuan-lora-row { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.hunyuan-lora-end { justify-content: flex-end; }
.hunyuan-lora-apart { justify-content: space-between; }
.hunyuan-lora-grow { flex: 1 1 auto; min-width: 0; }
.hunyuan-lora-faint { color: var(--hl-faint); }
.hunyuan-lora-error { color: var(--hl-error); }
.hunyuan-lora-strong { font-weight: 600; }
.hunyuan-lora-cut { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.hunyuan-lora-button {
  background: transparent; border: 1px solid var(--hl-line); border-radius: 4px;
  padding: 3px 9px; cursor: pointer; min-height: 26px;
}
.hunyuan-lora-button:hover { border-color: var(--hl-accent); }
.hunyuan-lora-button[aria-disabled="true"] { opacity: 0.45; cursor: not-allowed; border-color: var(--hl-line); }
.hunyuan-lora-main { border-color: var(--hl-accent); box-shadow: inset 0 0 0 1px var(--hl-accent); }
.hunyuan-lora-danger { border-color: var(--hl-error); color: var(--hl-error) !important; }
.hunyuan-lora-field {
  background: var(--hl-field); border: 1px solid var(--hl-line); border-radius: 4px;
  padding: 2px 6px; min-height: 26px; min-width: 0; max-width: 100%;
}
.hunyuan-lora-board > .hunyuan-lora-row > select { max-width: 460px; }
.hunyuan-lora-board input[type="number"] { width: 7.5em; }
.hunyuan-lora-board input[type="range"] { accent-color: var(--hl-accent); width: 110px; }
.hunyuan-lora-board input[type="checkbox"] { accent-color: var(--hl-accent); }
.hunyuan-lora-tabs { display: flex; flex-wrap: wrap; gap: 2px; border-bottom: 1px solid var(--hl-line); }
.hunyuan-lora-tab {
  border: none; border-bottom: 2px solid transparent; border-radius: 0; color: var(--hl-faint) !important;
}
.hunyuan-lora-tab[aria-selected="true"] { color: var(--hl-text) !important; border-bottom-color: var(--hl-accent); }
.hunyuan-lora-progress {
  height: 6px; border-radius: 3px; background: var(--hl-line); overflow: hidden;
}
.hunyuan-lora-progress > div { height: 100%; width: 0; background: var(--hl-accent); }
.hunyuan-lora-facts {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(96px, 1fr)); gap: 4px 10px; margin: 0;
}
.hunyuan-lora-facts dt { color: var(--hl-faint); font-size: 11px; }
.hunyuan-lora-facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.hunyuan-lora-chart { position: relative; height: 240px; min-height: 160px; }
.hunyuan-lora-verdict {
  display: flex; flex-direction: column; gap: 5px;
  border-left: 3px solid var(--hl-accent); padding: 2px 0 2px 9px;
}
.hunyuan-lora-box { display: flex; flex-direction: column; gap: 6px; }
.hunyuan-lora-fold > summary { cursor: pointer; font-weight: 600; }
.hunyuan-lora-fold[open] > summary { margin-bottom: 6px; }
.hunyuan-lora-scroll { background: var(--hl-ground); overflow: auto; max-height: 420px; border: 1px solid var(--hl-line); border-radius: 4px; }
.hunyuan-lora-root table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.hunyuan-lora-root th, .hunyuan-lora-root td { padding: 3px 7px; text-align: left; font-weight: 400; }
.hunyuan-lora-root thead th { color: var(--hl-faint); }
.hunyuan-lora-grid thead th, .hunyuan-lora-grid tbody th {
  position: sticky; background: var(--hl-ground); z-index: 1; vertical-align: middle;
}
.hunyuan-lora-grid thead th { top: 0; max-width: 132px; z-index: 2; }
.hunyuan-lora-grid tbody th { left: 0; }
.hunyuan-lora-thumb {
  display: block; padding: 0; border: 1px solid var(--hl-line); border-radius: 4px; cursor: zoom-in;
  background: var(--hl-field); width: 116px; height: 116px; overflow: hidden;
}
.hunyuan-lora-thumb img { width: 100%; height: 100%; object-fit: contain; display: block; }
.hunyuan-lora-thumb:hover { border-color: var(--hl-accent); }
.hunyuan-lora-small { width: 52px; height: 52px; cursor: default; }
.hunyuan-lora-dialog {
  background: var(--hl-ground); border: 1px solid var(--hl-line); border-radius: 8px; padding: 0;
  max-width: none; max-height: none; margin: auto; position: fixed; inset: 0;
}
.hunyuan-lora-dialog::backdrop { background: rgba(0, 0, 0, 0.6); }
.hunyuan-lora-question { width: min(460px, 92vw); padding: 16px; height: fit-content; }
.hunyuan-lora-question[open] { display: flex; flex-direction: column; gap: 12px; }
.hunyuan-lora-question p { overflow-wrap: anywhere; white-space: pre-line; }
.hunyuan-lora-large { width: 96vw; height: 94vh; overflow: hidden; }
.hunyuan-lora-large[open] { display: flex; flex-direction: column; }
.hunyuan-lora-bar { padding: 8px 12px; border-bottom: 1px solid var(--hl-line); }
.hunyuan-lora-pages { flex: 1 1 auto; min-height: 0; }
.hunyuan-lora-wide {
  display: grid; grid-template-columns: minmax(0, 1.7fr) minmax(320px, 1fr); gap: 8px 20px;
  align-content: start; padding: 12px;
}
.hunyuan-lora-wide > .hunyuan-lora-span { grid-column: 1 / -1; }
.hunyuan-lora-wide .hunyuan-lora-chart { height: max(300px, 48vh); }
.hunyuan-lora-wide .hunyuan-lora-scroll { max-height: 60vh; }
@media (max-width: 900px) { .hunyuan-lora-wide { grid-template-columns: minmax(0, 1fr); } }
.hunyuan-lora-viewer { width: 100vw; height: 100vh; border: none; border-radius: 0; }
.hunyuan-lora-viewer[open] { display: flex; flex-direction: column; }
.hunyuan-lora-stage { flex: 1 1 auto; min-height: 0; display: flex; gap: 8px; padding: 8px; }
.hunyuan-lora-stage figure {
  flex: 1 1 0; min-width: 0; margin: 0; display: flex; flex-direction: column; gap: 4px; align-items: center;
}
.hunyuan-lora-stage img { flex: 1 1 auto; min-height: 0; width: 100%; object-fit: contain; }
.hunyuan-lora-card {
  border: 1px solid var(--hl-line); border-radius: 6px; padding: 8px; display: flex; flex-direction: column; gap: 6px;
}
.hunyuan-lora-cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 8px; }
.hunyuan-lora-state { border: 1px solid var(--hl-line); border-radius: 10px; padding: 0 8px; font-size: 12px; }
.hunyuan-lora-state[data-state="running"] { border-color: var(--hl-accent); }
.hunyuan-lora-state[data-state="failed"] { border-color: var(--hl-error); color: var(--hl-error); }
.hunyuan-lora-node-button-place { padding: 4px 6px; width: 100%; }
.hunyuan-lora-node-button { width: 100%; background: var(--hl-field); }
.hunyuan-lora-key-list { width: min(580px, 94vw); max-height: 88vh; overflow: auto; }
.hunyuan-lora-key-list th { white-space: nowrap; padding-left: 0; }
.hunyuan-lora-key-list kbd {
  border: 1px solid var(--hl-line); border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; font: inherit;
  font-size: 12px;
}
.hunyuan-lora-notice { border: 1px solid var(--hl-accent); border-radius: 4px; padding: 4px 8px; }
`;

/** Put the style into the page, once. */
export function addStyle() {
  const id = "hunyuan-lora-style";
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = CSS;
  document.head.append(style);
}
