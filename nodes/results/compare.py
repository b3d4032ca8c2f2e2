"""XY Compare: checkpoints by strengths by prompts as one labelled picture or clip."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from comfy_api.latest import io
from PIL import Image

from ...trainer.data.captions.captioning import CaptionFields
from ...trainer.data.captions.prompting import read_prompts
from ...trainer.data.pictures.buckets import Bucket
from ...trainer.data.sheets.labelled_grid import GridTable, LabelledGrid, fitting_cell
from ...trainer.training.results.comparison import (
    AXES,
    Comparison,
    LoraChoice,
    choose_loras,
    read_numbers,
)
from .. import wires
from ..host.comparing import ComparedFrames, ComparedModels, make_samples
from ..host.lora_files import LoraFiles, find_lora_files
from ..host.sampling import SampleSettings
from ..sample_inputs import (
    fields_inputs,
    sample_settings,
    sampler_inputs,
    size_inputs,
    slot_values,
)

# Of all frames together: 3 GB as ComfyUI's IMAGE.
_MOST_PIXELS = 250_000_000


class XYCompare(io.ComfyNode):
    """One labelled table of samples; the third axis is stacked below each other."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraXYCompare",
            display_name="XY Compare",
            category=wires.CATEGORY,
            description="Checkpoints by strengths by prompts, same seed, as one labelled picture "
            "or clip, by ComfyUI's own sampler and LoRA loading.",
            is_output_node=True,
            inputs=_inputs(),
            outputs=[wires.out(io.Image, "grid", "The labelled table; a clip has many frames.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, model: object, clip: object, vae: object,
                **options: object) -> io.NodeOutput:  # fmt: skip
        """Choose, sample, and draw the table."""
        settings = sample_settings(options)
        comparison, lines = _comparison(options, settings)
        models = ComparedModels(model, clip, vae)
        made = make_samples(models, comparison, settings, cls.hidden.unique_id)
        grid = _draw(comparison, made, settings, int(options["largest_side"]))
        lines += [
            f"{len(made.frames)} samples, {grid.shape[2]}x{grid.shape[1]} pixels",
            *_key_words(made),
        ]
        return io.NodeOutput(grid, ui=wires.show(lines=lines, image=grid))


def _comparison(
    options: dict[str, object], settings: SampleSettings
) -> tuple[Comparison, list[str]]:
    found = find_lora_files(options.get("run"), str(options.get("lora_files") or ""))
    words = str(options["checkpoints"])
    known = slot_values(_fields(options), str(options.get("trigger") or "") or found.trigger)
    comparison = Comparison(
        loras=choose_loras(words, found.files, _best_step(found, words)),
        strengths=read_numbers(str(options["strengths"]), "strengths", -4.0, 4.0),
        prompts=read_prompts(
            str(options["prompts"]), known, Bucket(settings.width_px, settings.height_px)
        ),
        x=str(options["x"]),
        y=str(options["y"]),
    )
    names = [one.label if isinstance(one, LoraChoice) else "without" for one in comparison.loras]
    return comparison, [f"checkpoints: {', '.join(names)}"]


def _fields(options: dict[str, object]) -> CaptionFields | None:
    fields = options.get("fields")
    return fields if isinstance(fields, CaptionFields) else None


def _best_step(found: LoraFiles, words: str) -> int | None:
    return found.best_step() if "best" in words.lower() else None


def _draw(
    comparison: Comparison, made: ComparedFrames, settings: SampleSettings, largest_side: int
) -> torch.Tensor:
    """The table as IMAGE float32 [F, H, W, 3] in 0..1."""
    blocks = comparison.blocks()
    tables = [GridTable(block.title, block.columns, block.rows) for block in blocks]
    frames = max(len(value) for value in made.frames.values())
    cell = fitting_cell(
        tables,
        (settings.width_px, settings.height_px),
        _MOST_PIXELS // frames,
        largest_side or 10**6,
    )
    grid = LabelledGrid(tables, cell, _heading(settings))
    pictures = {sample: _pictures(value) for sample, value in made.frames.items()}
    sheets = [
        grid.draw(
            [[[pictures[cell][frame] for cell in row] for row in block.cells] for block in blocks]
        )
        for frame in range(frames)
    ]
    return torch.cat([wires.to_image_batch(sheet) for sheet in sheets])


def _pictures(frames: torch.Tensor) -> list[Image.Image]:
    return [Image.fromarray(frame) for frame in (frames * 255.0).round().byte().numpy()]


def _heading(settings: SampleSettings) -> str:
    size = f"{settings.width_px}x{settings.height_px}"
    length = f", {settings.frames} frames" if settings.frames > 1 else ""
    return (
        f"{size}{length}, seed {settings.seed}, {settings.steps} steps, {settings.sampler}, "
        f"{settings.scheduler}, guidance {settings.guidance:g}"
    )


def _key_words(made: ComparedFrames) -> Sequence[str]:
    return [
        f"{label}: only {report.loaded} of {report.total} LoRA modules found their place"
        for label, report in made.keys.items()
        if report.loaded < report.total
    ]


def _inputs() -> list[io.Input]:
    return [
        io.Model.Input("model", tooltip="The base model, without the LoRA."),
        io.Clip.Input("clip", tooltip="The text encoders."),
        io.Vae.Input("vae", tooltip="The VAE."),
        io.String.Input("checkpoints", default="none, last 4",
                        tooltip="all, last 4, every 2, best, steps such as 20, 40, or file names; "
                        "none or 0 is without the LoRA."),
        io.String.Input("strengths", default="1.0", tooltip="Strengths: 0.6, 0.8, 1.0."),
        io.String.Input("prompts", default="{trigger}", multiline=True,
                        tooltip="One prompt a line. The slots of Caption Template, such as "
                        "{trigger}, are filled in."),
        io.Combo.Input("x", options=list(AXES), default="checkpoints",
                       tooltip="What changes from column to column."),
        io.Combo.Input("y", options=list(AXES), default="prompts",
                       tooltip="What changes from row to row; the third is stacked below."),
        *size_inputs(),
        *sampler_inputs(),
        io.Int.Input("seed", default=0, min=0, max=0xFFFFFFFFFFFF,
                     control_after_generate=False, tooltip="The same for every sample."),
        io.Int.Input("largest_side", default=4096, min=0, max=32768, step=64,
                     tooltip="The table is made smaller to fit into so many pixels; 0 keeps full "
                     "size."),
        wires.Run.Input("run", optional=True, tooltip="From Train HunyuanVideo LoRA."),
        io.String.Input("lora_files", default="", multiline=True, optional=True,
                        tooltip="Without 'run': a run folder such as runs/my_run, a folder of "
                        "LoRA files, or files, one a line."),
        *fields_inputs(),
    ]  # fmt: skip
