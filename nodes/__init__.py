"""The nodes of Hunyuan LoRA Studio, in the order in which the graph uses them."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .data.caching import CacheLatents, CacheText
from .data.captions import CaptionTemplate
from .data.crop_images import CropImages
from .data.dataset import BuildDataset, LoadDataset
from .data.pictures import CropToBuckets, LoadImages
from .data.report import DatasetReportNode
from .host.web.routes import register_routes
from .results.checkpoints import LossPlot, PickCheckpoint
from .results.compare import XYCompare
from .results.preview import DemoModels, Preview
from .training.planning import PlanTraining
from .training.previews import PreviewOptions
from .training.settings import LoraOptions, OptimizerOptions, ScheduleOptions, TimestepOptions
from .training.trackers import TrackerOptions
from .training.train import Train

NODES: list[type[io.ComfyNode]] = [
    DemoModels,
    LoadImages,
    CropToBuckets,
    CropImages,
    CaptionTemplate,
    BuildDataset,
    DatasetReportNode,
    LoadDataset,
    CacheLatents,
    CacheText,
    LoraOptions,
    OptimizerOptions,
    ScheduleOptions,
    TimestepOptions,
    PlanTraining,
    PreviewOptions,
    TrackerOptions,
    Train,
    LossPlot,
    PickCheckpoint,
    Preview,
    XYCompare,
]


class HunyuanLoraStudio(ComfyExtension):
    """The extension object that ComfyUI asks for the list of nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """Every node of the pack; its HTTP routes are added on the way.

        ComfyUI 0.3.75 has `on_load` for such things and does not call it.
        """
        register_routes()
        return NODES
