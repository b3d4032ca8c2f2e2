"""Loss Plot and Pick Checkpoint."""

from __future__ import annotations

from pathlib import Path

from comfy_api.latest import io

from ...trainer.files import write_bytes
from ...trainer.training.results.picking import Pick, pick_checkpoint
from ...trainer.training.results.plot import draw_loss
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
            description="Draws the loss of every step, its running average, epochs and "
            "checkpoints.",
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
        """Draw the run's history."""
        history = read_history(run)
        picture = wires.to_image_batch(draw_loss(history, window=window, pick=checkpoint))
        lines = [f"{len(history.losses)} steps"]
        return io.NodeOutput(picture, ui=wires.show(lines=lines, image=picture))


class PickCheckpoint(io.ComfyNode):
    """Chooses one of the checkpoints that the run saved, and says why."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HunyuanLoraPickCheckpoint",
            display_name="Pick Checkpoint",
            category=wires.CATEGORY,
            description="The guide's rule: on the running average, find where the slope stops "
            "falling, take the lowest point before it and the checkpoint nearest to it. Copies it "
            "to models/loras.",
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
                    tooltip="Without 'run': the folder of an earlier run, such as runs/my_run.",
                ),
                io.Combo.Input(
                    "rule",
                    options=["guide", "validation"],
                    default="guide",
                    optional=True,
                    tooltip="guide: by the running average, as above. validation: the lowest loss "
                    "on the crops that training held out (needs 'hold_out').",
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
    ) -> io.NodeOutput:
        """Pick, copy, explain; where both rules can speak, say what the other one says."""
        folder = run if run is not None else find_source(run_folder, "run_folder")
        history = read_history(folder)
        pick = pick_checkpoint(history, rule, window)
        lines = [*pick.reasons, *_other_opinion(history, rule, window)]
        path = pick.path
        if copy_to_loras:
            name = checked_name(lora_name or f"{folder.name}-step{pick.step:06d}", "lora_name")
            path = loras_folder() / f"{name.removesuffix('.safetensors')}.safetensors"
            write_bytes(path, pick.path.read_bytes())
            lines.append(f"Copied to {path}.")
        extra = {"pick": [{"step": pick.step, "path": str(pick.path), "reasons": lines}]}
        return io.NodeOutput(
            pick, str(path), "\n".join(lines), ui=wires.show(lines=lines, extra=extra)
        )


def _other_opinion(history: History, rule: str, window: int) -> list[str]:
    if not history.validation:
        return []
    other = "validation" if rule == "guide" else "guide"
    step = pick_checkpoint(history, other, window).step
    words = {"guide": "The guide's rule", "validation": "The loss on held-out crops"}
    return [f"{words[other]} would choose step {step}."]
