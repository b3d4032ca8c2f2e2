"""Preview Settings: samples that training makes of its LoRA on the way."""

from __future__ import annotations

from comfy_api.latest import io

from ...trainer.data.captions.captioning import CaptionFields
from ...trainer.data.captions.prompting import read_prompts
from ...trainer.data.pictures.buckets import Bucket
from ...trainer.errors import ConfigError
from ...trainer.training.results.comparison import read_seeds
from .. import wires
from ..host.runs.previews import UNITS, PreviewPlan, PreviewPrompt
from ..host.sampling import encode_prompts
from ..sample_inputs import (
    fields_inputs,
    sample_settings,
    sampler_inputs,
    size_inputs,
    slot_values,
)

_MODES = ["decoded", "latent"]
_MOST_SAMPLES = 32


class PreviewOptions(io.ComfyNode):
    """Prompts, seeds, size and occasions of the previews; encodes the prompts once."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraPreviewSettings",
            display_name="Preview Settings",
            category=wires.CATEGORY,
            description="Samples while training, with the LoRA as saved and ComfyUI's own "
            "sampler. They never change what is trained.",
            inputs=_inputs(),
            outputs=[wires.out(wires.Previews, "previews", "For Train HunyuanVideo LoRA.")],
        )

    @classmethod
    def execute(cls, clip: object, vae: object, prompts: str, seeds: str,
                fields: CaptionFields | None = None, trigger: str = "",
                **options: object) -> io.NodeOutput:  # fmt: skip
        """Check everything and encode the prompts, so that training need not load the CLIP."""
        settings = sample_settings(options, seed=0)
        numbers = read_seeds(seeds)
        known = slot_values(fields, trigger)
        texts = read_prompts(prompts, known, Bucket(settings.width_px, settings.height_px))
        count = len(texts) * len(numbers)
        if count > _MOST_SAMPLES:
            raise ConfigError(
                f"{len(texts)} prompts with {len(numbers)} seeds make {count} previews each time, "
                f"but at most {_MOST_SAMPLES} are made. Use fewer prompts or seeds."
            )
        encoded = zip(texts, encode_prompts(clip, texts), strict=True)
        plan = PreviewPlan(
            prompts=tuple(PreviewPrompt(*pair) for pair in encoded),
            seeds=numbers,
            settings=settings,
            strength=float(options["strength"]),
            vae=vae,
            is_latent=options["mode"] == "latent",
            every=int(options["every"]),
            unit=str(options["unit"]),
            has_baseline=bool(options["baseline"]),
        )
        return io.NodeOutput(plan, ui=wires.show(lines=_lines(plan)))


def _lines(plan: PreviewPlan) -> list[str]:
    unit = plan.unit if plan.every > 1 else plan.unit.removesuffix("s")
    often = f"{plan.every} {unit}" if plan.every > 1 else unit
    count = len(plan.prompts) * len(plan.seeds)
    return [
        f"{count} preview{'' if count == 1 else 's'} every {often}",
        *(prompt.text for prompt in plan.prompts),
    ]


def _inputs() -> list[io.Input]:
    return [
        io.Clip.Input("clip", tooltip="The text encoders; used once, before training."),
        io.Vae.Input("vae", tooltip="The VAE."),
        io.String.Input("prompts", default="{trigger}", multiline=True,
                        tooltip="One prompt a line. The slots of Caption Template, such as "
                        "{trigger}, are filled in."),
        io.String.Input("seeds", default="0", tooltip="One or more seeds: 0, 1, 2."),
        *size_inputs(),
        *sampler_inputs(),
        io.Float.Input("strength", default=1.0, min=-4.0, max=4.0, step=0.05,
                       tooltip="Strength of the LoRA."),
        io.Int.Input("every", default=1, min=1, max=1_000_000,
                     tooltip="Make previews each time so many checkpoints, epochs or steps are "
                     "done."),
        io.Combo.Input("unit", options=list(UNITS), default="checkpoints",
                       tooltip="What 'every' counts."),
        io.Boolean.Input("baseline", default=True,
                         tooltip="Also without the LoRA, before the first step, to compare with."),
        io.Combo.Input("mode", options=_MODES, default="decoded",
                       tooltip="decoded: through the VAE. latent: blurred, straight from the "
                       "latents, where decoding takes too long or too much memory."),
        *fields_inputs(),
    ]  # fmt: skip
