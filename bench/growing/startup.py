"""A fresh process that starts a run: `python -m bench.growing.startup RUN.toml`.

Prints the seconds from the run file to the first loaded batch as one line of JSON; imports come
before. Nothing is trained.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from trainer.cli.run import load_run, make_request
from trainer.data.batches import Batch, TrainingItem, load_batch
from trainer.training.loop import run_training
from trainer.training.reports import Hooks
from trainer.training.steps import forward


def start(run_file: Path) -> dict[str, float]:
    """Begin the run in earnest, and cancel it once its first batch is loaded."""
    torch.set_num_threads(1)
    loaded: list[tuple[float, float]] = []

    def load(items: Sequence[TrainingItem], latent_scale: float) -> Batch:
        batch = load_batch(items, latent_scale)
        loaded.append((time.perf_counter(), time.process_time()))
        return batch

    forward.load_batch = load
    began = time.perf_counter(), time.process_time()
    config, folder = load_run(run_file)
    request = make_request(config, folder)
    run_training(request, Hooks(should_stop=lambda: bool(loaded)))
    return {
        "seconds": loaded[0][0] - began[0],
        "process_seconds": loaded[0][1] - began[1],
        "items": len(request.items),
    }


if __name__ == "__main__":
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    print(json.dumps(start(Path(sys.argv[1]))), file=answer, flush=True)
