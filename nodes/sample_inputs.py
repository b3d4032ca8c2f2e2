"""The inputs that nodes which sample have in common: size, steps, sampler, slots of prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from comfy_api.latest import io

from ..trainer.data.captions.captioning import CaptionFields
from . import wires
from .host.sampling import SampleSettings, sampler_names, scheduler_names


def size_inputs() -> list[io.Input]:
    """Width, height, frames, steps and guidance."""
    return [
        io.Int.Input("width", default=544, min=64, max=4096, step=16, tooltip="In pixels."),
        io.Int.Input("height", default=960, min=64, max=4096, step=16, tooltip="In pixels."),
        io.Int.Input("frames", default=1, min=1, max=257, step=4,
                     tooltip="1 for a picture, 4n + 1 for a clip."),
        io.Int.Input("steps", default=20, min=1, max=200, tooltip="Sampler steps."),
        io.Float.Input("guidance", default=6.0, min=0.0, max=30.0, step=0.1,
                       tooltip="Embedded guidance; HunyuanVideo samples with 6."),
    ]  # fmt: skip


def sampler_inputs() -> list[io.Input]:
    """Sampler and noise schedule, from ComfyUI's own lists."""
    return [
        io.Combo.Input("sampler", options=sampler_names(), default="euler", tooltip="Sampler."),
        io.Combo.Input("scheduler", options=scheduler_names(), default="simple",
                       tooltip="Noise schedule."),
    ]  # fmt: skip


def sample_settings(options: Mapping[str, object], seed: int | None = None) -> SampleSettings:
    """What these inputs say.

    Args:
        options: The node's inputs by name.
        seed: In place of the input "seed".

    Raises:
        ConfigError: Size or length is none that HunyuanVideo makes.
    """
    return SampleSettings(
        width_px=int(options["width"]),
        height_px=int(options["height"]),
        frames=int(options["frames"]),
        steps=int(options["steps"]),
        guidance=float(options["guidance"]),
        seed=int(options["seed"]) if seed is None else seed,
        sampler=str(options["sampler"]),
        scheduler=str(options["scheduler"]),
    )


def fields_inputs() -> list[io.Input]:
    """What fills the slots of prompts."""
    return [
        wires.CaptionFields.Input("fields", optional=True,
                                  tooltip="From Caption Template: fills the slots of prompts."),
        io.String.Input("trigger", default="", optional=True,
                        tooltip="Fills {trigger} in place of the word from 'fields'."),
    ]  # fmt: skip


def slot_values(fields: CaptionFields | None, trigger: str) -> CaptionFields:
    """What is known for the slots; a word in 'trigger' comes first."""
    known = fields or CaptionFields()
    return replace(known, trigger=trigger.strip()) if trigger.strip() else known
