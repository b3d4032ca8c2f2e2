"""Small runs beside trackers, for tests."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from tests.unit.training.training_runs import (
    make_config,
    make_items,
    make_one_layer,
    stop_after_polls,
)
from trainer.config import TrackerSettings
from trainer.training.loop import run_training
from trainer.training.reports import Hooks, TrainRequest
from trainer.training.tracking.trackers import Trackers

SECRET = "0123456789abcdef0123456789abcdef01234567"


def short_run(folder: Path) -> TrainRequest:
    """A run of 2 epochs on 3 items, quick enough to be done many times."""
    return make_one_layer(folder / "run", make_config(), make_items(folder / "cache"))


def train(
    request: TrainRequest,
    settings: TrackerSettings,
    extra: list[dict[str, Any]] | None = None,
    *,
    resume: bool = False,
    polls: int = 10**9,
) -> list[str]:
    """Train beside trackers; what they had to say."""
    words: list[str] = []
    config = dataclasses.replace(request.config, trackers=settings)
    with Trackers(settings, request.run_folder, config.to_dict(), words.append) as trackers:
        hooks = Hooks(on_event=trackers.on_event, should_stop=stop_after_polls(polls))
        run_training(request, hooks, resume=resume)
        for record in extra or ():
            trackers.on_event(record)
    return words


def logged_losses(folder: Path) -> dict[int, float]:
    """The losses in the run's own event log."""
    lines = (folder / "events.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    return {row["step"]: row["loss"] for row in records if row["type"] == "step"}
