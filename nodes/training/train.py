"""Train HunyuanVideo LoRA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from comfy_api.latest import io

from ...trainer.config import (
    LoraSettings,
    OptimizerSettings,
    OutputSettings,
    RunConfig,
    ScheduleSettings,
    TimestepSettings,
    TrackerSettings,
    TrainSettings,
)
from ...trainer.settings import field_docs
from ...trainer.training.runs.history import read_history
from .. import wires
from ..host.folders import run_folder
from ..host.progress import raise_if_cancelled
from ..host.runs.planning import Limits
from ..host.runs.queueing import times_asked
from ..host.runs.session import Graph, TrainingJob, train_on_model
from ..host.sampling import apply_lora, read_lora

_UNITS = ["epochs", "steps"]


class Train(io.ComfyNode):
    """Trains a LoRA on the MODEL that ComfyUI has loaded."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraTrain",
            display_name="Train HunyuanVideo LoRA",
            category=wires.CATEGORY,
            description="Trains on the model as ComfyUI has loaded it and leaves it as it was. "
            "Cancel keeps a checkpoint and the state; queue again to go on.",
            is_output_node=True,
            inputs=_inputs(),
            outputs=[
                wires.out(wires.Run, "run", "The run's folder, for plot and pick."),
                wires.out(
                    wires.LoraModel,
                    "lora_model",
                    "The last LoRA, for core's nodes.",
                ),
                wires.out(wires.LossMap, "loss_map", "All losses, for core's nodes."),
                wires.out(
                    io.Model,
                    "trained_model",
                    "The model with the last LoRA applied.",
                ),
            ],
            hidden=[io.Hidden.unique_id, io.Hidden.prompt, io.Hidden.extra_pnginfo],
        )

    @classmethod
    def fingerprint_inputs(cls, run_name: str = "", **_: object) -> int:
        """Changes when a run of the same inputs is to be worked on again."""
        return times_asked(run_name)

    @classmethod
    def execute(cls, model: object, dataset: object, latents: object, text: object,
                run_name: str, **options: Any) -> io.NodeOutput:  # fmt: skip
        """Train, or go on with an earlier run of the same name."""
        job = TrainingJob(
            folder=run_folder(run_name),
            config=_config(run_name, options),
            dataset=dataset,
            latents=latents,
            text=text,
            hold_out=options["hold_out"],
            precision=options["precision"],
            keep_old_run=options["if_run_exists"] == "start over",
            limits=options.get("plan") or Limits(),
            previews=options.get("previews"),
            node_id=cls.hidden.unique_id,
            graph=Graph(cls.hidden.prompt, cls.hidden.extra_pnginfo),
        )
        result = train_on_model(model, job)
        raise_if_cancelled()
        history = read_history(result.run_folder)
        lora = read_lora(result.last_checkpoint)
        return io.NodeOutput(
            result.run_folder,
            lora,
            {"loss": list(history.losses)},
            apply_lora(model, lora, 1.0),
            ui=wires.show(lines=result.lines, extra={"run": [result.facts]}),
        )


def _config(run_name: str, options: dict[str, Any]) -> RunConfig:
    in_epochs = options["length_unit"] == "epochs"
    saves_by_epoch = options["save_unit"] == "epochs"
    length, save_every = options["length"], options["save_every"]
    train = TrainSettings(
        epochs=length if in_epochs else 1,
        steps=0 if in_epochs else length,
        batch_size=options["batch_size"],
        accumulation=options["accumulation"],
        save_every_epochs=save_every if saves_by_epoch else 0,
        save_every_steps=0 if saves_by_epoch else save_every,
        seed=options["seed"],
        guidance=options["guidance"],
        guidance_units=options["guidance_units"],
        caption_dropout=options["caption_dropout"],
        accumulate_together=options.get("accumulate_together", False),
        compile=options.get("compile", False),
        validate_every_steps=options.get("validate_every", 0),
        patience=options.get("patience", 0),
    )
    config = RunConfig(
        lora=options.get("lora_settings") or LoraSettings(),
        optimizer=options.get("optimizer_settings") or OptimizerSettings(),
        schedule=options.get("schedule_settings") or ScheduleSettings(),
        timestep=options.get("timestep_settings") or TimestepSettings(),
        train=train,
        trackers=options.get("trackers") or TrackerSettings(),
    )
    return replace(config, output=OutputSettings(name=run_name, trigger=options["trigger"]))


def _inputs() -> list[io.Input]:
    docs = {name: " ".join(text.split()) for name, text in field_docs(TrainSettings).items()}
    return [
        io.Model.Input("model", tooltip="HunyuanVideo text-to-video, as any loader gives it."),
        wires.Dataset.Input("dataset", tooltip="From Build Dataset or Load Dataset."),
        wires.LatentCache.Input("latents", tooltip="From Cache Latents."),
        wires.TextCache.Input("text", tooltip="From Cache Text."),
        io.String.Input("run_name", default="my_character",
                        tooltip="Name of the run and of its LoRA files."),
        io.Int.Input("length", default=200, min=1, max=1_000_000,
                     tooltip="How long to train, in epochs or steps."),
        io.Combo.Input("length_unit", options=_UNITS, default="epochs",
                       tooltip="epochs: passes over the dataset. steps: updates of the LoRA."),
        io.Int.Input("save_every", default=5, min=1, max=1_000_000,
                     tooltip="Keep a checkpoint each time so many epochs or steps are done."),
        io.Combo.Input("save_unit", options=_UNITS, default="epochs",
                       tooltip="What save_every counts."),
        io.Int.Input("batch_size", default=1, min=1, max=256, tooltip=docs["batch_size"]),
        io.Int.Input("accumulation", default=1, min=1, max=256, tooltip=docs["accumulation"]),
        io.Int.Input("hold_out", default=0, min=-1, max=1000,
                     tooltip="So many crops are kept out of training to measure the loss on, "
                     "always with the same noise; all crops of a picture together. -1: a tenth of "
                     "the pictures, none where there are fewer than 8."),
        io.Float.Input("guidance", default=1.0, min=0.0, max=100.0, step=0.1,
                       tooltip=docs["guidance"]),
        io.Combo.Input("guidance_units", options=["sampling", "raw"], default="sampling",
                       tooltip=docs["guidance_units"]),
        io.Float.Input("caption_dropout", default=0.0, min=0.0, max=1.0, step=0.01,
                       tooltip=docs["caption_dropout"]),
        io.Combo.Input("precision", options=["auto", "bf16", "fp32"], default="auto",
                       tooltip="Number format of the base model's calculations; auto takes bf16 "
                       "on a graphics card and fp32 on a CPU."),
        io.Int.Input("seed", default=42, min=0, max=2**53 - 1, control_after_generate=False,
                     tooltip=docs["seed"]),
        io.Combo.Input("if_run_exists", options=["continue", "start over"], default="continue",
                       tooltip="continue: go on where a run of this name stopped. start over: "
                       "keep the old run beside it and begin anew."),
        io.String.Input("trigger", default="",
                        tooltip="Trigger word, written into the LoRA file for LoRA managers."),
        wires.LoraSettings.Input("lora_settings", optional=True,
                                 tooltip="From LoRA Settings; else rank 32, alpha 32."),
        wires.OptimizerSettings.Input("optimizer_settings", optional=True,
                                      tooltip="From Optimizer Settings; else the guide's Prodigy."),
        wires.ScheduleSettings.Input("schedule_settings", optional=True,
                                     tooltip="From Schedule Settings; else cosine."),
        wires.TimestepSettings.Input("timestep_settings", optional=True,
                                     tooltip="From Timestep Settings; else sigmoid."),
        wires.Plan.Input("plan", optional=True,
                         tooltip="From Plan Training: the memory that this run may take."),
        io.Boolean.Input("accumulate_together", default=False, optional=True,
                         tooltip=docs["accumulate_together"]),
        io.Boolean.Input("compile", default=False, optional=True, tooltip=docs["compile"]),
        io.Int.Input("validate_every", default=0, min=0, max=1_000_000, optional=True,
                     tooltip="Measure the loss with fixed noise each time so many steps are done; "
                     "0: at every checkpoint."),
        io.Int.Input("patience", default=0, min=0, max=1000, optional=True,
                     tooltip=docs["patience"]),
        wires.Previews.Input("previews", optional=True,
                             tooltip="From Preview Settings: samples while it trains."),
        wires.Trackers.Input("trackers", optional=True,
                             tooltip="From Trackers: TensorBoard files, wandb or others."),
    ]  # fmt: skip
