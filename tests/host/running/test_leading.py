"""Leading a run in the real server: commands over HTTP while it trains."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from dev.comfyui.api import Result
from tests.host.graph import Prompt, events, last_checkpoint, node_id, run_folder, short_prompt
from tests.host.server import HostServer

STEPS = 24


def post(studio: HostServer, run: str, what: str, **fields: Any) -> dict[str, Any]:
    """Post to a run's route; the answer, with its status."""
    address = f"http://127.0.0.1:{studio.client.port}/hunyuan_lora/runs/{run}/{what}"
    request = urllib.request.Request(
        address,
        json.dumps(fields).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return {"status": answer.status, **json.load(answer)}
    except urllib.error.HTTPError as error:
        return {"status": error.code, **json.load(error)}


class Running:
    """A queued run, and its log while it is written."""

    def __init__(self, studio: HostServer, name: str, **train: Any) -> None:
        self.studio, self.name = studio, name
        self.prompt: Prompt = short_prompt(studio, name, STEPS, **{"save_every": 6, **train})
        self.folder = studio.base / "output" / "hunyuan_lora" / "runs" / name
        self.results: list[Result] = []
        self._thread = threading.Thread(target=self._queue)

    def _queue(self) -> None:
        self.results.append(self.studio.queue(self.prompt))

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.join(timeout=120)

    def lead(self, action: str, **fields: Any) -> None:
        answer = post(self.studio, self.name, "control", action=action, **fields)
        assert answer == {"status": 200, "ok": True}

    def wait(self, kind: str, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait until the log has so many events of a kind with these fields; the last of them."""
        end = time.monotonic() + 90
        while time.monotonic() < end:
            found = [e for e in self.log(kind) if fields.items() <= e.items()]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.02)
        raise AssertionError(f"no {kind} event in the log of {self.name}")

    def log(self, kind: str) -> list[dict[str, Any]]:
        return events(self.folder, kind) if (self.folder / "events.jsonl").exists() else []


@pytest.fixture(scope="module")
def unbroken(studio: HostServer) -> Path:
    """The same run without anybody leading it."""
    prompt = short_prompt(studio, "not_led", STEPS, save_every=6)
    return run_folder(studio.queue(prompt), prompt)


def assert_same_lora(first: Path, second: Path) -> None:
    one, other = load_file(last_checkpoint(first)), load_file(last_checkpoint(second))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_stopped_run_keeps_what_it_has_and_goes_on_when_resumed(
    studio: HostServer, unbroken: Path
) -> None:
    with Running(studio, "led_stop") as run:
        run.wait("step", 5)
        run.lead("stop", by="test")
        run.wait("stop")
    assert run.results[0].error is None  # the graph goes on with what was trained
    assert run.log("stop")[-1]["reason"] == "stopped"
    done = len(run.log("step"))
    assert 5 <= done <= 12
    assert last_checkpoint(run.folder).is_file()
    assert run.log("verdict")[-1]["after"] == done
    # Queued again as it is, ComfyUI skips it; told to go on, it does.
    studio.queue(run.prompt)
    assert len(run.log("step")) == done
    assert post(studio, "led_stop", "resume")["status"] == 200
    studio.queue(run.prompt)
    assert len(run.log("step")) == STEPS
    assert_same_lora(run.folder, unbroken)


def test_paused_run_waits_and_ends_the_same(studio: HostServer, unbroken: Path) -> None:
    with Running(studio, "led_pause") as run:
        run.wait("step", 4)
        run.lead("pause")
        run.wait("control", action="pause")
        done = len(run.log("step"))
        time.sleep(1.0)
        assert len(run.log("step")) == done
        assert post(studio, "led_pause", "control", action="sample")["status"] == 200
        run.lead("resume")
        run.wait("stop")
    assert run.results[0].error is None
    assert [event["action"] for event in run.log("control")] == ["pause", "resume"]
    assert_same_lora(run.folder, unbroken)


def test_save_now_longer_and_back_to_a_checkpoint(studio: HostServer) -> None:
    with Running(studio, "led_more") as run:
        run.wait("step", 3)
        run.lead("save")
        run.wait("checkpoint")
        run.lead("set_steps", value=STEPS + 6)
        run.wait("control", action="set_steps")
        run.wait("checkpoint", step=6)
        run.wait("step", step=8)
        run.lead("rewind", value=6)
        run.wait("control", action="rewind")
        run.wait("stop")
    assert [event["step"] for event in run.log("step")] == list(range(1, STEPS + 7))
    assert run.log("stop")[-1]["step"] == STEPS + 6


def test_cancelled_while_paused_ends_at_once(studio: HostServer) -> None:
    with Running(studio, "led_cancel") as run:
        run.wait("step", 2)
        run.lead("pause")
        run.wait("control", action="pause")
        studio.interrupt()
        run.wait("stop", reason="cancelled")
    assert run.results[0].is_interrupted


def test_leading_what_does_not_run_is_refused_with_a_sentence(
    studio: HostServer, unbroken: Path
) -> None:
    answer = post(studio, unbroken.name, "control", action="stop")
    assert answer["status"] == 409
    assert "not running" in answer["error"]
    assert post(studio, "never_begun", "resume")["status"] == 404


def test_deleted_run_is_trained_anew_when_queued(studio: HostServer) -> None:
    prompt = short_prompt(studio, "led_deleted", 3)
    folder = run_folder(studio.queue(prompt), prompt)
    assert post(studio, "led_deleted", "delete", confirm="led_deleted")["status"] == 200
    assert not folder.exists()
    assert run_folder(studio.queue(prompt), prompt) == folder
    assert len(events(folder, "step")) == 3


def test_log_tells_bucket_memory_and_parts(unbroken: Path) -> None:
    step = events(unbroken, "step")[0]
    assert step["bucket"] in ("96x160", "128x128")
    assert step["host_mb"] > 100
    assert set(step["parts"]) == {"load", "model", "optimizer"}
    assert sum(step["parts"].values()) == pytest.approx(step["seconds"], abs=0.002)


def test_graph_is_kept_with_the_run(studio: HostServer, unbroken: Path) -> None:
    saved = json.loads((unbroken / "graph.json").read_text(encoding="utf-8"))
    train = saved["prompt"][node_id(saved["prompt"], "HunyuanLoraTrain")]
    assert train["inputs"]["run_name"] == "not_led"
