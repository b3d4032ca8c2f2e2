"""Dataset Report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from comfy_api.latest import io
from PIL import Image

from ...trainer.data.captions.captioning import Captioned
from ...trainer.data.crops.rendering import render_crops
from ...trainer.data.dataset.reading import Dataset
from ...trainer.data.report.length import RunWish
from ...trainer.data.report.reporting import (
    DatasetReport,
    ReportWish,
    choose_for_full_size,
    make_report,
)
from ...trainer.data.report.traits import parse_traits
from ...trainer.data.report.wording import brief_lines, report_lines
from ...trainer.data.sheets.report_sheet import draw_report
from .. import wires
from ..host.progress import Progress, raise_if_cancelled
from ..host.runs.planning import Limits


class DatasetReportNode(io.ComfyNode):
    """What a dataset is like, before any time is spent on training it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraDatasetReport",
            display_name="Dataset Report",
            category=wires.CATEGORY,
            description="Looks at every crop as the model will see it: blur, enlargement, "
            "compression damage, repeated pictures, samples by bucket and by trait, steps and "
            "time. Nothing is changed or left out.",
            is_output_node=True,
            inputs=_inputs(),
            outputs=[
                wires.out(io.Image, "sheet", "The report as a picture; more pages from 120 crops."),
                io.Image.Output(
                    "at_full_size",
                    display_name="at_full_size",
                    is_output_list=True,
                    tooltip="Crops exactly as the model sees them, the worst first.",
                ),
                wires.out(io.String, "report", "The same in words, with every crop and caption."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(
        cls,
        captioned: Sequence[Captioned],
        traits: str,
        full_size_count: int,
        dataset: Dataset | None = None,
        plan: Limits | None = None,
        **run: Any,
    ) -> io.NodeOutput:
        """Look at every crop once, and say what was found."""
        progress = Progress(cls.hidden.unique_id, len(captioned))

        def show(done: int, total: int, text: str) -> None:
            raise_if_cancelled()
            progress.show(done, total, text)

        wish = ReportWish(
            RunWish(run["length"], run["length_unit"], run["batch_size"], run["accumulation"]),
            None if plan is None else plan.step,
            parse_traits(traits),
        )
        report = make_report(captioned, dataset, wish, show)
        sheet = _to_batch(draw_report(report))
        chosen = choose_for_full_size(report, full_size_count)
        crops = [captioned[number].crop for number in chosen]
        at_full_size = [wires.to_image_batch(image) for image in render_crops(crops)]
        return io.NodeOutput(
            sheet,
            at_full_size,
            "\n".join(report_lines(report)),
            ui=wires.show(
                lines=brief_lines(report), image=sheet, extra={"report": [_facts(report)]}
            ),
        )


def _facts(report: DatasetReport) -> dict[str, object]:
    """The numbers, for scripts."""
    length = report.length
    return {
        "crops": len(report.captioned),
        "pictures": report.pictures,
        "samples_per_epoch": report.epoch.samples,
        "steps_per_epoch": length.steps_per_epoch,
        "steps": length.steps,
        "seconds": length.seconds,
        "findings": [
            {"kind": one.kind, "severity": round(one.severity, 3), "text": one.text,
             "crops": list(one.crops)}
            for one in report.findings
        ],
    }  # fmt: skip


def _to_batch(pages: Sequence[Image.Image]) -> torch.Tensor:
    """Pages of one size as ComfyUI's IMAGE: float32 [N, H, W, 3] in 0..1."""
    pixels = np.stack([np.asarray(page, dtype=np.float32) for page in pages])
    pixels /= 255.0
    return torch.from_numpy(pixels)


def _inputs() -> list[io.Input]:
    return [
        wires.Captioned.Input("captioned", tooltip="From Caption Template."),
        io.Int.Input("length", default=200, min=1, max=1_000_000,
                     tooltip="How long you mean to train, in epochs or steps, as on Train "
                     "HunyuanVideo LoRA."),
        io.Combo.Input("length_unit", options=["epochs", "steps"], default="epochs",
                       tooltip="What 'length' counts."),
        io.Int.Input("batch_size", default=1, min=1, max=256,
                     tooltip="Samples of a step; a connected plan brings its own."),
        io.Int.Input("accumulation", default=1, min=1, max=256,
                     tooltip="Batches added up for a step; a connected plan brings its own."),
        io.String.Input("traits", default="", multiline=True,
                        tooltip="What to count in the captions, separated by commas: teal hair, "
                        "horns. Empty: what the captions share."),
        io.Int.Input("full_size_count", default=8, min=1, max=64,
                     tooltip="How many crops to give at full size, the worst first, then some of "
                     "each bucket."),
        wires.Dataset.Input("dataset", optional=True,
                            tooltip="From Build Dataset: its real repeats. Without it the repeats "
                            "that Build Dataset would choose."),
        wires.Plan.Input("plan", optional=True,
                         tooltip="From Plan Training: how long a step takes."),
    ]  # fmt: skip
