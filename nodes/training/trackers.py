"""Trackers beside a run: TensorBoard, wandb and others."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.config import TrackerSettings
from .. import wires
from .settings import setting_inputs


class TrackerOptions(io.ComfyNode):
    """Which trackers follow a run, and how they name it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraTrackers",
            display_name="Trackers",
            category=wires.CATEGORY,
            description="TensorBoard files, wandb or another tracker beside the run. There is no "
            "input for keys: they come from the environment or the tracker's own login.",
            inputs=setting_inputs(TrackerSettings),
            outputs=[wires.out(wires.Trackers, "trackers", "For training.")],
        )

    @classmethod
    def execute(cls, **values: object) -> io.NodeOutput:
        """Check the settings and pass them on."""
        return io.NodeOutput(TrackerSettings(**values))
