"""The types on the wires between the nodes, and what every node needs to show its results."""

from __future__ import annotations

import numpy as np
import torch
from comfy_api.latest import io, ui
from PIL import Image

CATEGORY = "Hunyuan LoRA"

Media = io.Custom("HUNYUAN_LORA_MEDIA")
Crops = io.Custom("HUNYUAN_LORA_CROPS")
Captioned = io.Custom("HUNYUAN_LORA_CAPTIONED")
CaptionFields = io.Custom("HUNYUAN_LORA_CAPTION_FIELDS")
Dataset = io.Custom("HUNYUAN_LORA_DATASET")
LatentCache = io.Custom("HUNYUAN_LORA_LATENTS")
TextCache = io.Custom("HUNYUAN_LORA_TEXT")
LoraSettings = io.Custom("HUNYUAN_LORA_SETTINGS")
OptimizerSettings = io.Custom("HUNYUAN_LORA_OPTIMIZER")
ScheduleSettings = io.Custom("HUNYUAN_LORA_SCHEDULE")
TimestepSettings = io.Custom("HUNYUAN_LORA_TIMESTEPS")
Plan = io.Custom("HUNYUAN_LORA_PLAN")
Trackers = io.Custom("HUNYUAN_LORA_TRACKERS")
Run = io.Custom("HUNYUAN_LORA_RUN")
Checkpoint = io.Custom("HUNYUAN_LORA_CHECKPOINT")
Previews = io.Custom("HUNYUAN_LORA_PREVIEWS")
LoraModel = io.Custom("LORA_MODEL")
LossMap = io.Custom("LOSS_MAP")


def out(kind: object, name: str, tooltip: str) -> io.Output:
    """An output that shows its name on the node instead of its type."""
    return kind.Output(name, display_name=name, tooltip=tooltip)


def to_image_batch(picture: Image.Image) -> torch.Tensor:
    """A Pillow picture as ComfyUI's IMAGE: float32 [1, H, W, 3] in 0..1."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) / 255.0
    return torch.from_numpy(pixels)[None]


def show(
    *, lines: list[str], image: torch.Tensor | None = None, extra: dict[str, object] | None = None
) -> dict[str, object]:
    """The `ui` part of a node's result: a picture, a report in lines, and data for scripts.

    Args:
        lines: Plain sentences; the pack's page shows them on the node.
        image: float32 [N, H, W, 3] to show on the node, or None.
        extra: More entries; each value must be a list, as ComfyUI joins them over batches.
    """
    shown: dict[str, object] = {"hunyuan_report": list(lines)}
    if image is not None:
        shown.update(ui.PreviewImage(image).as_dict())
    shown.update(extra or {})
    return shown
