"""The pack's routes and messages while a real run trains."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from dev.comfyui.api import Event, Result
from dev.comfyui.websocket import WebSocket
from tests.host.graph import inputs, node_id, short_prompt
from tests.host.server import HostServer
from tests.host.web.raw_http import Answer, post, run_path


def state_of(server: HostServer, name: str) -> str:
    """What the list says of a run."""
    runs = server.client.get("/hunyuan_lora/runs")["runs"]
    return str({run["name"]: run["state"] for run in runs}[name])


def steer(server: HostServer, name: str, action: str, **fields: Any) -> Answer:
    """Give a run a command."""
    return post(server, run_path(name, "control"), {"action": action, **fields})


def sent_events(result: Result) -> list[dict[str, Any]]:
    """All events that the websocket brought."""
    messages = [event for event in result.events if event.type == "hunyuan_lora.event"]
    return [event for message in messages for event in message.data["events"]]


def once_at(step: int, work: Callable[[], None]) -> Callable[[Event], None]:
    """Do something once when the websocket tells of a step."""
    is_done = False

    def watch(event: Event) -> None:
        nonlocal is_done
        steps = [e["step"] for e in event.data.get("events", []) if e["type"] == "step"]
        if not is_done and steps and max(steps) >= step:
            is_done = True
            work()

    return watch


def test_a_run_is_live_while_it_trains(studio: HostServer) -> None:
    prompt = short_prompt(studio, "live 字", 30)
    answers: dict[str, object] = {}

    def watch(event: Event) -> None:
        is_step = any(e["type"] == "step" for e in event.data.get("events", []))
        if event.type != "hunyuan_lora.event" or not is_step or answers:
            return
        (entry,) = [run for run in studio.client.get("/hunyuan_lora/runs")["runs"]
                    if run["name"] == "live 字"]  # fmt: skip
        answers["state"] = entry["state"]
        answers["delete"] = post(studio, run_path("live 字", "delete"), {"confirm": "live 字"})
        wrong = {"action": "dance"}
        answers["wrong"] = post(studio, run_path("live 字", "control"), wrong)
        answers["no value"] = post(studio, run_path("live 字", "control"), {"action": "rewind"})

    result = studio.queue(prompt, watch)
    assert result.error is None
    assert answers["state"] == "running"
    assert (answers["delete"].status, answers["wrong"].status) == (409, 400)  # type: ignore[attr-defined]
    assert "is running. Stop it" in answers["delete"].error  # type: ignore[attr-defined]
    assert "'value' must be" in answers["no value"].error  # type: ignore[attr-defined]
    messages = [event for event in result.events if event.type == "hunyuan_lora.event"]
    sent = [event for message in messages for event in message.data["events"]]
    assert {message.data["run"] for message in messages} == {"live 字"}
    assert {message.data["node"] for message in messages} == {node_id(prompt, "HunyuanLoraTrain")}
    assert [event["step"] for event in sent if event["type"] == "step"] == list(range(1, 31))
    assert sent[-1]["type"] == "stop"
    log = studio.client.get(run_path("live 字", "events?after=0"))["events"]
    logged = [event for event in log if event["type"] != "validation"]
    assert [e for e in sent if e["type"] != "validation"] == logged
    times = [message.seconds for message in messages]
    assert len(times) <= 3 + 10 * (times[-1] - times[0])
    assert "hunyuan_lora.runs" in result.types
    after = studio.client.get(run_path("live 字", "history"))
    assert after["state"] == "finished"
    assert after["start"]["steps_total"] == inputs(prompt, "HunyuanLoraTrain")["length"]


def test_a_run_is_seen_in_every_browser(studio: HostServer) -> None:
    prompt = short_prompt(studio, "seen", 5)
    with WebSocket(studio.client.port, "/ws?clientId=onlooker") as onlooker:
        assert studio.queue(prompt).error is None
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["type"] != "stop":
            message = onlooker.receive(10)
            content = json.loads(message) if isinstance(message, str) else {}
            if content.get("type") == "hunyuan_lora.event":
                seen += content["data"]["events"]
    assert [event["step"] for event in seen if event["type"] == "step"] == [1, 2, 3, 4, 5]


def test_a_run_is_led_from_another_browser(studio: HostServer) -> None:
    name, seen = "led", []

    def lead() -> None:
        assert steer(studio, name, "save", by="Ann\n<b>").json == {"ok": True}
        assert steer(studio, name, "pause").status == 200
        end = time.monotonic() + 20
        while state_of(studio, name) != "paused":
            assert time.monotonic() < end
            time.sleep(0.05)
        before = studio.client.get(run_path(name, "history"))
        time.sleep(0.5)
        assert studio.client.get(run_path(name, "history"))["step"] == before["step"]
        steer(studio, name, "set_steps", value=before["step"][-1] + 5)
        steer(studio, name, "resume")
        seen.append(before)

    result = studio.queue(short_prompt(studio, name, 500), once_at(3, lead))
    assert result.error is None
    (paused,) = seen
    assert paused["state"] == "paused"
    found = studio.client.get(run_path(name, "history"))
    assert found["step"][-1] == paused["step"][-1] + 5
    actions = [control["action"] for control in found["controls"]]
    assert actions == ["save", "pause", "set_steps", "resume"]
    by = [control["by"] for control in found["controls"]]
    assert by[:3] == ["Ann b", "127.0.0.1", "127.0.0.1"]
    assert found["state"] == "finished"
    assert len(found["checkpoints"]) == 2
    told = [event["action"] for event in sent_events(result) if event["type"] == "control"]
    assert told == actions


def test_a_run_taken_back_is_a_reset_for_who_reads_on(studio: HostServer) -> None:
    name, histories = "taken back live", []

    def take_back() -> None:
        steer(studio, name, "pause")
        while state_of(studio, name) != "paused":
            time.sleep(0.05)
        histories.append(studio.client.get(run_path(name, "history")))
        steer(studio, name, "rewind", value=4)
        steer(studio, name, "set_steps", value=6)

    prompt = short_prompt(studio, name, 500)
    inputs(prompt, "HunyuanLoraTrain")["save_every"] = 4
    result = studio.queue(prompt, once_at(7, take_back))
    assert result.error is None
    (before,) = histories
    assert before["step"][-1] >= 7
    where = f"events?after={before['next']}&id={before['id']}"
    found = studio.client.get(run_path(name, where))
    assert found["reset"]
    after = studio.client.get(run_path(name, "history"))
    assert after["step"] == [1, 2, 3, 4, 5, 6]
    # The shorter schedule changes the learning rate of step 5 and so the loss of step 6.
    assert after["loss"][:5] == before["loss"][:5]
    assert [control["action"] for control in after["controls"]] == ["pause", "rewind", "set_steps"]


def test_a_run_stopped_keeps_a_checkpoint_and_says_so(studio: HostServer) -> None:
    name = "stopped"
    result = studio.queue(
        short_prompt(studio, name, 500), once_at(2, lambda: assert_ok(steer(studio, name, "stop")))
    )
    assert result.error is None
    found = studio.client.get(run_path(name, "history"))
    assert (found["state"], found["stop"]["reason"]) == ("stopped", "stopped")
    assert len(found["checkpoints"]) == 1
    refused = steer(studio, name, "save")
    assert (refused.status, "is not running" in refused.error) == (409, True)
    used = post(studio, run_path(name, "use"), {"step": found["checkpoints"][0]["step"]})
    assert used.json["name"].startswith("stopped-step0000")


def assert_ok(answer: Answer) -> None:
    """The command was taken."""
    assert answer.json == {"ok": True}


def test_a_run_keeps_the_graph_that_made_it(studio: HostServer) -> None:
    prompt = short_prompt(studio, "kept graph", 1)
    workflow = {"nodes": [{"id": 1, "type": "字", "widgets_values": ["x"]}], "version": 0.4}
    extra = {"extra_pnginfo": {"workflow": workflow}}
    sent = studio.client.post("/prompt", {"prompt": prompt, "extra_data": extra})
    end = time.monotonic() + 120
    while sent["prompt_id"] not in (history := studio.client.get(f"/history/{sent['prompt_id']}")):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert history[sent["prompt_id"]]["status"]["status_str"] == "success"
    found = studio.client.get(run_path("kept graph", "graph"))
    assert found["workflow"] == workflow
    inputs_kept = {key: node["inputs"] for key, node in found["prompt"].items()}
    assert inputs_kept == {key: node["inputs"] for key, node in prompt.items()}
