"""A run that goes on by turns: `python -m bench.growing.worker` with a job on its input.

It is the loop of every run, from the same files as on the command line. Where a turn is over it
waits for the next in the hook that is called after each step.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import IO, Any

import torch

from trainer.cli.run import load_run, make_request
from trainer.data.batches import BatchSampler
from trainer.training.loop import run_training
from trainer.training.reports import Hooks, StepReport, TrainRequest


class Turns:
    """Counts and times the steps between one command and the answer to it."""

    def __init__(self, commands: IO[str], answers: IO[str], steps: int, about: Any) -> None:
        """Nothing is timed before the first turn, whose steps are for warming up."""
        self._commands = commands
        self._answers = answers
        self._steps = steps
        self._done = 0
        self._answer: dict[str, Any] = {"about": about}
        self.is_over = False
        self._began = time.perf_counter()

    def on_step(self, report: StepReport) -> None:
        """End the turn after its last step."""
        del report
        self._done += 1
        if self._done < self._steps:
            return
        seconds = (time.perf_counter() - self._began) / self._done
        answer = self._answer | {"seconds": seconds}
        print(json.dumps(answer), file=self._answers, flush=True)
        self.is_over = not self._commands.readline()
        self._done, self._began = 0, time.perf_counter()


def turnover_seconds(request: TrainRequest) -> float:
    """Seconds for dealing an epoch's batches: the least of three epochs."""
    train = request.config.train
    sampler = BatchSampler(request.items, train.batch_size, train.seed)
    found = []
    for epoch in range(3):
        began = time.perf_counter()
        sampler.epoch_batches(epoch)
        found.append(time.perf_counter() - began)
    return min(found)


def work() -> None:
    """Read the job and train until nobody asks any more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    torch.set_num_threads(job["threads"])
    config, folder = load_run(Path(job["run"]))
    request = make_request(config, folder)
    about = {"items": len(request.items), "turnover_seconds": turnover_seconds(request)}
    turns = Turns(sys.stdin, answers, job["steps"], about)
    run_training(request, Hooks(on_step=turns.on_step, should_stop=lambda: turns.is_over))


if __name__ == "__main__":
    work()
