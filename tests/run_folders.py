"""Run folders as tests put them into a server's output folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

CONFIG = '[train]\nsteps = 3\nseed = 42\n\n[output]\nname = "made"\n'


def runs_folder(base: Path) -> Path:
    """Where a server with this base folder keeps runs."""
    return base / "output" / "hunyuan_lora" / "runs"


def step_event(step: int, **values: Any) -> dict[str, Any]:
    """An event of one step."""
    known = {"epoch": 1, "loss": 1.0 / step, "lr": 1e-4, "grad_norm": 0.5, "seconds": 0.25}
    return {"type": "step", "time": 1000.0 + step, "step": step, **known, **values}


def start_event(**values: Any) -> dict[str, Any]:
    """An event of a run's start."""
    return {"type": "start", "time": 1000.0, "steps_done": 0, "steps_total": 3, **values}


def lines_of(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Events as a log holds them."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def made_run(base: Path, name: str, events: Iterable[Mapping[str, Any]]) -> Path:
    """A run folder with a log, settings, a checkpoint of step 2 and a sample."""
    folder = runs_folder(base) / name
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "samples").mkdir()
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "checkpoints" / "two.safetensors").write_bytes(name.encode() + b" two")
    Image.new("RGB", (4, 3), (9, 8, 7)).save(folder / "samples" / "step 2.png")
    (folder / "events.jsonl").write_bytes(lines_of(events))
    return folder


def usual_events() -> list[dict[str, Any]]:
    """A finished run of three steps."""
    checkpoint = {"step": 2, "epoch": 1, "path": "checkpoints/two.safetensors"}
    sample = {"step": 2, "path": "samples/step 2.png", "prompt": 0, "seed": 1, "strength": 1.0}
    verdict = {"step": 2, "decided_by": "guide", "stop_now": False, "sentences": ["Go on."]}
    return [
        start_event(),
        step_event(1),
        step_event(2),
        {"type": "checkpoint", "time": 1002.1, **checkpoint},
        {"type": "sample", "time": 1002.2, **sample},
        {"type": "validation", "time": 1002.3, "step": 2, "loss": 0.4, "part": "held_out"},
        {"type": "verdict", "time": 1002.4, "checkpoint": None, **verdict},
        step_event(3),
        {"type": "stop", "time": 1004.0, "reason": "finished", "step": 3},
    ]
