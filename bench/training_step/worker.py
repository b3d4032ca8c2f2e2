"""The process of one contender: `python -m bench.training_step.worker` with a job on its input."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

from .case import read_case
from .contenders import Place, run_contender
from .turns import Turns


def work() -> None:
    """Read the job, then serve commands."""
    # Whatever a contender prints must not mix with the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    job = json.loads(sys.stdin.readline())
    torch.set_num_threads(job["threads"])
    turns = Turns(sys.stdin, answers)
    place = Place(Path(job["gradients"]), job["limit_bytes"])
    run_contender(job["contender"], read_case(job["case"]), turns, place)


if __name__ == "__main__":
    work()
