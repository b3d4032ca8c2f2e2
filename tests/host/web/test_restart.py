"""A run whose server was killed is shown by the next one as far as it came, and can go on."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from dev.comfyui.api import Event
from dev.doing.demo import write_pictures
from tests.conftest import Comfyui
from tests.host.graph import inputs, short_prompt
from tests.host.server import HostServer
from tests.host.web.raw_http import post, run_path


def test_a_killed_run_is_interrupted_and_goes_on(comfyui: Comfyui, tmp_path: Path) -> None:
    told: list[int] = []
    with HostServer(comfyui, tmp_path) as first:
        write_pictures(comfyui, first.base)
        prompt = short_prompt(first, "killed", 400)
        inputs(prompt, "HunyuanLoraTrain")["save_every"] = 4

        def kill_at_ten(event: Event) -> None:
            steps = event.data.get("events", [])
            told.extend(e["step"] for e in steps if e["type"] == "step")
            if told and told[-1] >= 10:
                os.kill(first.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

        with contextlib.suppress(OSError):
            first.queue(prompt, kill_at_ten)
    assert told[-1] >= 10
    with HostServer(comfyui, tmp_path) as second:
        (entry,) = second.client.get("/hunyuan_lora/runs")["runs"]
        assert (entry["name"], entry["state"]) == ("killed", "interrupted")
        before = second.client.get(run_path("killed", "history"))
        assert before["step"][: len(told)] == told
        assert (before["state"], before["stop"]) == ("interrupted", None)
        assert post(second, run_path("killed", "control"), {"action": "stop"}).status == 409
        graph = second.client.get(run_path("killed", "graph"))["prompt"]

        def stop(event: Event) -> None:
            if any(e["type"] == "step" for e in event.data.get("events", [])):
                post(second, run_path("killed", "control"), {"action": "stop"})

        assert second.queue(graph, stop).error is None
        after = second.client.get(run_path("killed", "history"))
        assert after["state"] == "stopped"
        assert after["start"]["steps_done"] >= 8
        assert after["step"] == list(range(1, after["step"][-1] + 1))
        saved = after["start"]["steps_done"]
        assert after["loss"][:saved] == before["loss"][:saved]
