"""The dashboard and the library of runs in ComfyUI's real page, with a real training."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dev.doing.demo import write_pictures
from tests.browser.page import is_tolerated
from tests.conftest import Comfyui
from tests.host.server import HostServer

SCRIPT = Path(__file__).with_name("dashboard.mjs")
NAMES = {"watched_rank16": 16, "watched_rank32": 32, "robot &amp; co": 8}
PROMPTS = ("alva in a field", "alva's face")


def _play(server: HostServer, scene: str, out: Path) -> dict[str, Any]:
    """What a scene of dashboard.mjs saw."""
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed; 'python tasks.py test' says how"
    command = [node, str(SCRIPT), "--port", str(server.client.port)]
    command += ["--scene", scene, "--out", str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    outcome["errors"] = [text for text in outcome["errors"] if not is_tolerated(text)]
    return outcome


@pytest.fixture(scope="module")
def live(
    server: HostServer, comfyui: Comfyui, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """A training that two browsers watched and led."""
    write_pictures(comfyui, server.base)
    return _play(server, "live", tmp_path_factory.mktemp("live"))


def test_values_appear_while_it_trains(live: dict[str, Any]) -> None:
    assert live["early"]["state"] == "Running"
    assert live["early"]["total"] == 3000
    assert live["later"]["step"] > live["early"]["step"]


def test_reload_in_the_middle_restores_the_curve(live: dict[str, Any]) -> None:
    assert live["restored"]["step"] > live["later"]["step"]


def test_no_step_is_missing_after_a_reload_and_a_lost_connection(live: dict[str, Any]) -> None:
    found = re.search(r"([\d,]+) points from step 1 to ([\d,]*\d)", live["table"])
    assert found is not None, live["table"]
    assert found[1] == found[2]


def test_pause_holds_the_run_until_it_is_resumed(live: dict[str, Any]) -> None:
    assert live["paused"]["state"] == "Paused"
    assert live["stillPaused"] == live["paused"]


def test_commands_of_a_second_browser_are_done_and_logged(live: dict[str, Any]) -> None:
    actions = ["pause", "resume", "save", "sample", "set_steps", "rewind", "stop"]
    assert live["history"]["actions"] == actions
    assert live["changed"]["total"] == 2500


def test_sample_now_adds_a_row_below_the_base_model(live: dict[str, Any]) -> None:
    first, second = live["previews"]
    assert first == "without LoRA"
    assert second.startswith("step ")


def test_run_taken_back_goes_on_from_the_checkpoint(live: dict[str, Any]) -> None:
    assert live["target"] <= live["back"]["step"] < live["before"]["step"]
    steps = live["history"]["steps"]
    assert steps == list(range(1, len(steps) + 1))


def test_stop_keeps_the_run_and_locks_its_controls(live: dict[str, Any]) -> None:
    assert live["stopped"]["state"] == "Stopped and kept"
    assert live["history"]["stop"] == "stopped"
    assert live["isLocked"] == "true"


def test_page_complains_about_nothing_while_it_trains(live: dict[str, Any]) -> None:
    assert live["errors"] == []


def _events(rank: int) -> list[dict[str, Any]]:
    """A finished run of 40 steps, with everything that the dashboard shows."""
    events: list[dict[str, Any]] = [
        {"type": "start", "steps_done": 0, "steps_total": 40, "epochs_total": 4, "plan": {}}
    ]
    for step in range(41):
        loss = 1 + math.exp(-step / 10) / rank
        values = {"loss": loss, "lr": 1e-4, "grad_norm": 0.5, "seconds": 2.0}
        if step > 0:
            events.append({"type": "step", "step": step, "epoch": 1, **values})
        if step % 20 == 0:
            events += _marks(step, loss)
    return [*events, {"type": "stop", "reason": "finished", "step": 40}]


def _marks(step: int, loss: float) -> list[dict[str, Any]]:
    sigmas = {"sigmas": [0.2, 0.8], "per_sigma": [loss, loss], "held_out": [[loss, loss]]}
    samples = [
        {"type": "sample", "step": step, "path": f"samples/{step}_{prompt}.png", "prompt": prompt,
         "text": text, "seed": 1, "strength": 1.0, "seconds": 3.0}
        for prompt, text in enumerate(PROMPTS)
    ]  # fmt: skip
    events = [{"type": "validation", "step": step, "loss": loss, "part": "held_out", **sigmas}]
    if step > 0:
        path = f"checkpoints/{step}.safetensors"
        mark = {"step": step, "epoch": 1, "path": path}
        events.append({"type": "checkpoint", **mark})
        words = [f"Best so far: step {step}."]
        events.append(
            {"type": "verdict", "step": step, "decided_by": "validation", "stop_now": False,
             "checkpoint": mark, "sentences": words}
        )  # fmt: skip
    return events + samples


def _write_run(folder: Path, rank: int, number: int) -> None:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "samples").mkdir()
    (folder / "config.toml").write_text(f"[lora]\nrank = {rank}\n", encoding="utf-8")
    events = _events(rank)
    for place, event in enumerate(events):
        event["time"] = 1_700_000_000.0 + place
        path = folder / str(event.get("path", ""))
        if event["type"] == "sample":
            Image.new("RGB", (24, 40), (80 * event["prompt"], 60, 90)).save(path)
        elif event["type"] == "checkpoint":
            path.write_bytes(b"weights")
    log = folder / "events.jsonl"
    log.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    # Older than what the server trains itself, and in a known order.
    os.utime(log, (1_700_000_000 - number, 1_700_000_000 - number))


@pytest.fixture(scope="module")
def library(server: HostServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Runs that are over, looked through in the page; other runs are put aside meanwhile."""
    runs = server.base / "output" / "hunyuan_lora" / "runs"
    aside = runs.with_name("runs_aside")
    if runs.exists():
        runs.rename(aside)
    try:
        for number, (name, rank) in enumerate(NAMES.items()):
            _write_run(runs / name, rank, number)
        return _play(server, "library", tmp_path_factory.mktemp("library"))
    finally:
        shutil.rmtree(runs)
        if aside.exists():
            aside.rename(runs)


def test_library_lists_runs_by_their_very_names(library: dict[str, Any]) -> None:
    assert library["names"] == list(NAMES)
    assert library["markup"] == 0


def test_comparison_lists_the_settings_that_differ(library: dict[str, Any]) -> None:
    assert "rank (lora)\t16\t32\t8" in library["differing"]


def test_verdict_is_told_and_its_checkpoint_copied(
    library: dict[str, Any], server: HostServer
) -> None:
    assert "Best so far: step 40." in library["verdict"]
    copied = list((server.base / "models" / "loras").glob("watched_rank16*.safetensors"))
    assert [path.read_bytes() for path in copied] == [b"weights"]


def test_viewer_follows_the_arrow_keys(library: dict[str, Any]) -> None:
    assert library["seen"] == ["without LoRA", "step 20", "step 20", "without LoRA"]
    assert library["sideBySide"] == 2


def test_deleted_run_is_named_and_comes_back_with_undo(library: dict[str, Any]) -> None:
    assert library["gone"] in library["question"]
    assert library["gone"] not in library["left"]


def test_page_complains_about_nothing_in_the_library(library: dict[str, Any]) -> None:
    assert library["errors"] == []
