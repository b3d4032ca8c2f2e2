"""Crops as Images."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.data.crops.planning import CropPlan
from ...trainer.data.crops.rendering import render_crops
from .. import wires


class CropImages(io.ComfyNode):
    """The crops as pictures for other nodes, such as a captioner."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraCropImages",
            display_name="Crops as Images",
            category=wires.CATEGORY,
            description="Gives every crop as an IMAGE, each in its own size, for a captioner or "
            "any other node. All of them are in main memory at once (12 MB for a megapixel).",
            inputs=[wires.Crops.Input("crops", tooltip="From Crop to Buckets.")],
            outputs=[
                io.Image.Output(
                    "images",
                    display_name="images",
                    is_output_list=True,
                    tooltip="One picture for each crop, in order. A captioner's texts go to "
                    "'starting_captions' on Caption Template.",
                )
            ],
        )

    @classmethod
    def execute(cls, crops: CropPlan) -> io.NodeOutput:
        """Cut all crops out."""
        return io.NodeOutput([wires.to_image_batch(image) for image in render_crops(crops.crops)])
