"""Preview LoRA, and the small demo models."""

from __future__ import annotations

from pathlib import Path

import torch
from comfy_api.latest import io

from ...trainer.data.sheets.side_by_side import draw_side_by_side
from ...trainer.training.results.picking import Pick
from .. import wires
from ..host.demo_models import load_demo_models
from ..host.folders import find_source
from ..host.progress import Progress
from ..host.sampling import (
    apply_lora,
    check_keys,
    decode_frames,
    encode_prompt,
    read_lora,
    sample_latents,
)
from ..sample_inputs import sample_settings, sampler_inputs, size_inputs


class Preview(io.ComfyNode):
    """A sample with the LoRA beside the same seed without it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraPreview",
            display_name="Preview LoRA",
            category=wires.CATEGORY,
            description="Samples a prompt with ComfyUI's own sampler and LoRA loading: left "
            "without the LoRA, right with it, same seed.",
            is_output_node=True,
            inputs=_preview_inputs(),
            outputs=[
                wires.out(
                    io.Image,
                    "comparison",
                    "Without and with, side by side.",
                ),
                wires.out(io.Image, "with_lora", "The frames with the LoRA alone."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        model: object,
        clip: object,
        vae: object,
        checkpoint: Pick | None = None,
        lora_file: str = "",
        **options: object,
    ) -> io.NodeOutput:
        """Sample twice and put the pictures side by side."""
        path = checkpoint.path if checkpoint is not None else find_source(lora_file, "lora_file")
        prompt, strength = str(options.pop("prompt")), float(options.pop("strength"))
        settings = sample_settings(options)
        lora = read_lora(Path(path))
        report = check_keys(model, lora)
        conditioning = encode_prompt(clip, prompt)
        progress = Progress(cls.hidden.unique_id, 2 * settings.steps)
        frames = []
        for turn, patched in enumerate((model, apply_lora(model, lora, strength))):
            latents = sample_latents(
                patched,
                conditioning,
                settings,
                on_step=lambda step, total, turn=turn: progress.show(
                    turn * total + step, 2 * total
                ),
            )
            frames.append(decode_frames(vae, latents))
        comparison = torch.cat(
            [
                wires.to_image_batch(
                    draw_side_by_side(
                        (before.numpy(), after.numpy()),
                        ("without LoRA", f"with {Path(path).stem}"),
                    )
                )
                for before, after in zip(frames[0], frames[1], strict=True)
            ]
        )
        lines = [f"{report.loaded} of {report.total} LoRA modules found their place in the model"]
        lines += [f"no place for {name}" for name in report.missing]
        extra = {"lora_keys": [{"total": report.total, "loaded": report.loaded}]}
        return io.NodeOutput(
            comparison, frames[1], ui=wires.show(lines=lines, image=comparison, extra=extra)
        )


class DemoModels(io.ComfyNode):
    """Small MODEL, CLIP and VAE that let the whole graph be tried on any computer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraDemoModels",
            display_name="Demo HunyuanVideo Models",
            category=wires.CATEGORY,
            description="A tiny HunyuanVideo made of ComfyUI's real parts, to see the graph work "
            "before downloading 40 GB. It draws simple scenes; replace it by the real loaders.",
            inputs=[],
            outputs=[
                wires.out(io.Model, "model", "The small diffusion model."),
                wires.out(io.Clip, "clip", "The small text encoders."),
                wires.out(io.Vae, "vae", "The small VAE."),
            ],
        )

    @classmethod
    def execute(cls) -> io.NodeOutput:
        """Load the three models that come with the pack."""
        models = load_demo_models()
        return io.NodeOutput(models.model, models.clip, models.vae)


def _preview_inputs() -> list[io.Input]:
    return [
        io.Model.Input("model", tooltip="The base model, without the LoRA."),
        io.Clip.Input("clip", tooltip="The text encoders."),
        io.Vae.Input("vae", tooltip="The VAE."),
        io.String.Input("prompt", default="", multiline=True,
                        tooltip="What to draw; use the trigger word."),
        *size_inputs(),
        io.Float.Input("strength", default=1.0, min=-4.0, max=4.0, step=0.05,
                       tooltip="Strength of the LoRA."),
        *sampler_inputs(),
        io.Int.Input("seed", default=0, min=0, max=0xFFFFFFFFFFFF,
                     control_after_generate=False, tooltip="Same seed, same picture."),
        wires.Checkpoint.Input("checkpoint", optional=True, tooltip="From Pick Checkpoint."),
        io.String.Input("lora_file", default="", optional=True,
                        tooltip="Without 'checkpoint': a .safetensors file, full path or below "
                        "the output folder."),
    ]  # fmt: skip
