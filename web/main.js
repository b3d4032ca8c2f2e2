// @ts-check
// The only file that acts when ComfyUI imports it; every other file only exports.
import { app } from "../../scripts/app.js";
import { asComfyNode } from "./comfy_shim.js";
import { attachReport } from "./report/report.js";

const PREFIX = "HunyuanLora";

app.registerExtension({
  name: "hunyuan_lora.studio",
  nodeCreated(created) {
    const node = asComfyNode(created);
    if (node.comfyClass?.startsWith(PREFIX)) attachReport(node);
  },
});
