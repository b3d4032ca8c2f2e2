// @ts-check
// The only file that acts when ComfyUI imports it; every other file only exports.
import { app } from "../../scripts/app.js";
import { attachReport } from "./report/report.js";

const PREFIX = "HunyuanLora";

app.registerExtension({
  name: "hunyuan_lora.studio",
  /** @param {import("./comfy_shim.js").ComfyNode} node */
  nodeCreated(node) {
    if (node.comfyClass?.startsWith(PREFIX)) attachReport(node);
  },
});
