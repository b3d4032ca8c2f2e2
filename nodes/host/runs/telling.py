"""What a session says: on the node while it trains, and in words and figures at its end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....trainer.planning.memory_plan import MemoryPlan
from ....trainer.training.reports import StepReport, TrainRequest, TrainResult
from ....trainer.training.runs.history import Measurement, read_history
from ..progress import Progress, readable_seconds

_LOSSES_SHOWN = 20


@dataclass(frozen=True)
class SessionResult:
    """What the node passes on: the run, its last LoRA file, sentences and figures."""

    run_folder: Path
    last_checkpoint: Path
    lines: list[str]
    facts: dict[str, Any]


class StepTeller:
    """Turns step reports into ComfyUI's progress bar and a line of live text."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._losses: deque[float] = deque(maxlen=_LOSSES_SHOWN)

    def on_step(self, report: StepReport) -> None:
        """Show a step."""
        self._losses.append(report.loss)
        mean = sum(self._losses) / len(self._losses)
        text = (
            f"step {report.step} of {report.steps_total}, epoch {report.epoch} of "
            f"{report.epochs_total}\nloss {report.loss:.4f}, last {len(self._losses)}: {mean:.4f}"
            f"\n{report.seconds:.2f} s per step, {readable_seconds(report.remaining_seconds)} left"
        )
        self._progress.show(report.step, report.steps_total, text)


def describe(request: TrainRequest, result: TrainResult, plan: MemoryPlan | None) -> SessionResult:
    """Sentences and figures about a run that has ended."""
    losses = result.losses
    tenth = max(1, len(losses) // 10)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    lines = [
        f"{result.steps_done} steps on {len(request.items)} crops",
        f"mean loss of the first tenth {first:.4f}, of the last tenth {last:.4f}",
    ]
    facts: dict[str, Any] = {
        "folder": str(result.run_folder),
        "steps": result.steps_done,
        "loss_first": first,
        "loss_last": last,
        "last_checkpoint": str(result.last_checkpoint),
    }
    measured = read_history(result.run_folder).measurements
    if len(measured) > 1:
        more, said = _measured(measured[0], measured[-1])
        facts |= more
        lines.append(said)
    lines += _plan_words(plan)
    assert result.last_checkpoint is not None  # checked by the caller
    return SessionResult(result.run_folder, result.last_checkpoint, lines, facts)


def _measured(before: Measurement, after: Measurement) -> tuple[dict[str, float], str]:
    """Figures and a sentence on the losses with fixed noise."""
    count = len(before.part)
    start, end = float(before.part.mean()), float(after.part.mean())
    if len(before.held_out):
        figures = {"held_out_without_lora": start, "held_out_with_lora": end}
        return figures, (
            f"loss on {count} held-out crops: {start:.4f} without the LoRA, {end:.4f} with it"
        )
    return {"probe_without_lora": start, "probe_with_lora": end}, (
        f"loss on {count} trained crops with fixed noise: {start:.4f} without the LoRA, "
        f"{end:.4f} with it"
    )


def _plan_words(plan: MemoryPlan | None) -> list[str]:
    """How the run was done, where there was something to choose."""
    if plan is None:
        return []
    return [f"Plan: {line}" for line in plan.lines()[:1] + plan.choice_words()]
