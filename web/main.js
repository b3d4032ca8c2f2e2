// @ts-check
// The only file that acts when ComfyUI imports it; every other file only exports.
import { app } from "../../scripts/app.js";
import { fileAddress, request, RequestError, requestOrToast, routeAddress, runPath } from "./api.js";
import { attachCaptionEditor } from "./captions/open.js";
import { addSidebarTab, hasWorkflowFile, holdUndo, openGraph, runUpTo, showToast } from "./comfy_page.js";
import { asComfyNode } from "./comfy_shim.js";
import { attachCropEditor } from "./crops/attach.js";
import { FeedStore } from "./dashboard/data/feed.js";
import { attachPanel, showOnNode } from "./dashboard/node_panel.js";
import { makeSidebar } from "./dashboard/sidebar.js";
import { onLiveMessage, onReconnected, onRunsChanged } from "./events.js";
import { RunList } from "./library/run_list.js";
import { attachReport } from "./report/report.js";

const PREFIX = "HunyuanLora";
const TRAIN = "HunyuanLoraTrain";
const CAPTIONS = "HunyuanLoraCaptionTemplate";
const CROPS = "HunyuanLoraCropToBuckets";

/** @type {import("./studio.js").Studio} */
const studio = {
  feeds: new FeedStore({ history: readHistory, events: readEvents }),
  runs: new RunList(async () => (await requestOrToast("/runs"))?.runs ?? null),
  request: requestOrToast,
  fileAddress,
  address: routeAddress,
  toast: showToast,
  openGraph: (graph, name, widgets) => openGraph(graph, name, TRAIN, widgets),
};

/** @param {string} run */
function readHistory(run) {
  // The node may name a run that is not there yet.
  return requestIfThere(runPath(run, "history"));
}

/**
 * @param {string} path
 * @returns {Promise<any>} null when there is no such thing
 */
async function requestIfThere(path) {
  try {
    return await request(path);
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return null;
    throw error;
  }
}

/** @type {import("./crops/attach.js").CropPage} */
const cropPage = {
  readPlan: (key) => requestIfThere(`/crop_plans/${encodeURIComponent(key)}`),
  pictureAddress: (key, side) => routeAddress(`/hunyuan_lora/pictures/${key}?side=${side}`),
  run: runUpTo,
  canSave: hasWorkflowFile,
  holdUndo,
};

/**
 * @param {string} run
 * @param {number} after
 * @param {string} id
 */
function readEvents(run, after, id) {
  return request(runPath(run, `events?after=${after}&id=${encodeURIComponent(id)}`));
}

app.registerExtension({
  name: "hunyuan_lora.studio",
  setup() {
    onLiveMessage(({ run, node, events }) => {
      studio.feeds.deliver(run, events);
      showOnNode(node, run);
    });
    onRunsChanged(() => void studio.runs.refresh());
    onReconnected(() => {
      studio.feeds.catchUp();
      void studio.runs.refresh();
    });
    studio.runs.subscribe(() => studio.feeds.setStates(studio.runs.entries));
    addSidebarTab(makeSidebar(studio));
  },
  nodeCreated(created) {
    const node = asComfyNode(created);
    if (node.comfyClass?.startsWith(PREFIX)) attachReport(node);
    if (node.comfyClass === CAPTIONS) attachCaptionEditor(node);
    if (node.comfyClass === CROPS) attachCropEditor(node, cropPage);
    if (node.comfyClass !== TRAIN) return;
    attachPanel(node, studio);
    void studio.runs.refresh();
  },
});
