"""Loss Plot and Pick Checkpoint."""

from __future__ import annotations

from pathlib import Path

from comfy_api.latest import io

from ...trainer.training.library.publishing import default_lora_name, publish_beside_others
from ...trainer.training.results.choosing import choose
from ...trainer.training.results.exported_curves import read_any_history
from ...trainer.training.results.picking import Pick, has_held_out, pick_checkpoint
from ...trainer.training.results.plot import draw_loss
from ...trainer.training.results.verdict import judge
from ...trainer.training.runs.history import History, read_history
from .. import wires
from ..host.folders import checked_name, find_source, loras_folder


class LossPlot(io.ComfyNode):
    """The loss over the run, raw and smoothed."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraLossPlot",
            display_name="Loss Plot",
            category=wires.CATEGORY,
            description="Draws the loss of every step, its running average, epochs, checkpoints, "
            "what was measured on held-out and trained items, and the verdict's step.",
            is_output_node=True,
            inputs=[
                wires.Run.Input("run", tooltip="From Train HunyuanVideo LoRA."),
                io.Int.Input(
                    "window",
                    default=70,
                    min=1,
                    max=10_000,
                    tooltip="Steps in the running average. 70 is what the guide reads.",
                ),
                wires.Checkpoint.Input(
                    "checkpoint", optional=True, tooltip="A picked checkpoint, to mark it."
                ),
            ],
            outputs=[wires.out(io.Image, "plot", "The picture.")],
        )

    @classmethod
    def execute(cls, run: Path, window: int, checkpoint: Pick | None = None) -> io.NodeOutput:
        """Draw the run's history, and where the verdict stands."""
        history = read_history(run)
        verdict = judge(history, window)
        picture = wires.to_image_batch(
            draw_loss(history, window=window, pick=checkpoint, verdict=verdict)
        )
        lines = [f"{len(history.losses)} steps", *verdict.sentences]
        return io.NodeOutput(picture, ui=wires.show(lines=lines, image=picture))


class PickCheckpoint(io.ComfyNode):
    """Chooses one of the checkpoints that the run saved, and says why."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraPickCheckpoint",
            display_name="Pick Checkpoint",
            category=wires.CATEGORY,
            description="Chooses a checkpoint by the guide's rule (on the running average, find "
            "where the slope stops falling, take the lowest point before it and the checkpoint "
            "nearest to it) or by the verdict on all that was measured. Copies it to models/loras.",
            is_output_node=True,
            inputs=[
                io.Int.Input(
                    "window",
                    default=70,
                    min=1,
                    max=10_000,
                    tooltip="Steps in the running average.",
                ),
                io.String.Input(
                    "lora_name",
                    default="",
                    tooltip="Name of the copy in models/loras; empty: the run's name and the step.",
                ),
                io.Boolean.Input(
                    "copy_to_loras",
                    default=True,
                    tooltip="Copy the chosen file to models/loras, where every LoRA loader "
                    "finds it.",
                ),
                wires.Run.Input("run", optional=True, tooltip="From Train HunyuanVideo LoRA."),
                io.String.Input(
                    "run_folder",
                    default="",
                    optional=True,
                    tooltip="Without 'run': the folder of an earlier run, such as runs/my_run; or "
                    "a loss curve of another trainer: a CSV file exported from wandb or "
                    "TensorBoard, or TensorBoard's event file or folder.",
                ),
                io.Combo.Input(
                    "rule",
                    options=["guide", "validation", "verdict"],
                    default="guide",
                    optional=True,
                    tooltip="guide: by the running average, as above. validation: the lowest loss "
                    "on the crops that training held out (needs 'hold_out'). verdict: weighs both, "
                    "says which of them decides and why, and whether more steps would help.",
                ),
                io.String.Input(
                    "checkpoints_folder",
                    default="",
                    optional=True,
                    tooltip="For a loss curve of another trainer: the folder with that run's "
                    "LoRA files (.safetensors), which tell their step or epoch in the name or in "
                    "the metadata.",
                ),
            ],
            outputs=[
                wires.out(
                    wires.Checkpoint,
                    "picked",
                    "The choice, for Preview and Loss Plot.",
                ),
                wires.out(io.String, "path", "The chosen file."),
                wires.out(io.String, "reasons", "Why this one, in words."),
            ],
        )

    @classmethod
    def execute(
        cls,
        window: int,
        lora_name: str,
        copy_to_loras: bool,
        run: Path | None = None,
        run_folder: str = "",
        rule: str = "guide",
        checkpoints_folder: str = "",
    ) -> io.NodeOutput:
        """Pick, copy, explain; where several rules can speak, say what the others say."""
        source = run if run is not None else find_source(run_folder, "run_folder")
        loras = checkpoints_folder.strip()
        history = read_any_history(
            source, find_source(loras, "checkpoints_folder") if loras else None
        )
        choice = choose(history, rule, window)
        lines = [*choice.sentences, *_other_opinions(history, rule, window)]
        pick = choice.pick
        path = "" if pick is None else str(pick.path)
        if pick is not None and copy_to_loras:
            name = source.stem if source.is_file() else source.name
            path = _copy(pick, lora_name or default_lora_name(name, pick.step))
            lines.append(f"Copied to {path}.")
        shown = "" if pick is None else str(pick.path)
        extra = {"pick": [{"step": choice.step, "path": shown, "reasons": lines}]}
        return io.NodeOutput(pick, path, "\n".join(lines), ui=wires.show(lines=lines, extra=extra))


def _copy(pick: Pick, name: str) -> str:
    """Copy the choice to where every LoRA loader finds it; another LoRA of that name stays."""
    return str(publish_beside_others(pick.path, loras_folder(), checked_name(name, "lora_name")))


def _other_opinions(history: History, rule: str, window: int) -> list[str]:
    if rule == "verdict" or not has_held_out(history) or not history.checkpoints:
        return []
    other = "validation" if rule == "guide" else "guide"
    step = pick_checkpoint(history, other, window).step
    words = {"guide": "The guide's rule", "validation": "The loss on held-out crops"}
    lines = [f"{words[other]} would choose step {step}."]
    verdict = judge(history, window)
    if verdict.checkpoint is not None:
        lines.append(f"The verdict would choose step {verdict.checkpoint.step}.")
    return lines
