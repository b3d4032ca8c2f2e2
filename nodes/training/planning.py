"""Plan Training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from comfy_api.latest import io

from ...trainer.config import LoraSettings, OptimizerSettings, RunConfig, TrainSettings
from ...trainer.data.batches import collect_items
from ...trainer.data.report.length import PlannedStep
from ...trainer.settings import field_docs
from ...trainer.training.results.plan_picture import draw_plan
from .. import wires
from ..host.runs.planning import Limits, plan_run
from ..host.runs.session import with_precision


class PlanTraining(io.ComfyNode):
    """Says what training will take and how it will be done, before anything is loaded."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraPlan",
            display_name="Plan Training",
            category=wires.CATEGORY,
            description="Memory and work of a training step, from shapes alone: what stays on the "
            "graphics card, what is streamed, what is computed twice, and what would not fit. "
            "Connect it to training to hold it to these limits.",
            is_output_node=True,
            inputs=_inputs(),
            outputs=[
                wires.out(wires.Plan, "plan", "For Train HunyuanVideo LoRA and Dataset Report."),
                wires.out(io.String, "report", "The plan in words."),
            ],
        )

    @classmethod
    def execute(cls, model: object, dataset: object, latents: object, text: object,
                **options: Any) -> io.NodeOutput:  # fmt: skip
        """Plan; the model is only looked at."""
        train = TrainSettings(
            batch_size=options["batch_size"],
            accumulation=options["accumulation"],
            accumulate_together=options["accumulate_together"],
        )
        config = RunConfig(
            lora=options.get("lora_settings") or LoraSettings(),
            optimizer=options.get("optimizer_settings") or OptimizerSettings(),
            train=train,
        )
        config = with_precision(config, options["precision"], model)
        limits = Limits(
            device_gib=options["device_memory_gib"],
            host_gib=options["main_memory_gib"],
            link_gb_per_second=options["link_gb_per_second"],
            tflops=options["tflops"],
        )
        plan = plan_run(model, config, collect_items(dataset, latents, text), limits)
        step = PlannedStep(plan.known_seconds, train.batch_size, train.accumulation)
        limits = replace(limits, step=step)
        lines = plan.lines()
        facts = {"fits": plan.fits, "peak_bytes": plan.peak_bytes, "host_bytes": plan.host_bytes}
        picture = wires.to_image_batch(draw_plan(plan))
        return io.NodeOutput(
            limits, "\n".join(lines), ui=wires.show(lines=lines, image=picture,
                                                  extra={"plan": [facts]})
        )  # fmt: skip


def _inputs() -> list[io.Input]:
    docs = {name: " ".join(text.split()) for name, text in field_docs(TrainSettings).items()}
    return [
        io.Model.Input("model", tooltip="HunyuanVideo text-to-video; it is not loaded for this."),
        wires.Dataset.Input("dataset", tooltip="From Build Dataset or Load Dataset."),
        wires.LatentCache.Input("latents", tooltip="From Cache Latents."),
        wires.TextCache.Input("text", tooltip="From Cache Text."),
        io.Int.Input("batch_size", default=1, min=1, max=256, tooltip=docs["batch_size"]),
        io.Int.Input("accumulation", default=1, min=1, max=256, tooltip=docs["accumulation"]),
        io.Boolean.Input("accumulate_together", default=False,
                         tooltip=docs["accumulate_together"]),
        io.Combo.Input("precision", options=["auto", "bf16", "fp32"], default="auto",
                       tooltip="As on the training node."),
        io.Float.Input("device_memory_gib", default=0.0, min=0.0, max=1024.0, step=0.5,
                       tooltip="Memory of the graphics card that training may take, in GiB; "
                       "0 means all that is free. On a CPU: of main memory, without a limit."),
        io.Float.Input("main_memory_gib", default=0.0, min=0.0, max=4096.0, step=1.0,
                       tooltip="Main memory for weights that do not fit on the card, in GiB; "
                       "0 means all there is."),
        io.Float.Input("link_gb_per_second", default=12.0, min=0.1, max=1000.0, step=1.0,
                       tooltip="From main memory to the card: about 25 for PCIe 4 with 16 lanes, "
                       "12 with 8, 6 with 4. Only weighs one way of saving against another."),
        io.Float.Input("tflops", default=40.0, min=0.1, max=10_000.0, step=5.0,
                       tooltip="What the card sustains in bf16, in TFLOP/s. Only weighs one way "
                       "of saving against another."),
        wires.LoraSettings.Input("lora_settings", optional=True,
                                 tooltip="From LoRA Settings; else rank 32, alpha 32."),
        wires.OptimizerSettings.Input("optimizer_settings", optional=True,
                                      tooltip="From Optimizer Settings; else the guide's Prodigy."),
    ]  # fmt: skip
