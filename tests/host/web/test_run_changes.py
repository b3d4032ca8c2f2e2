"""The pack's routes in the real server: changing runs, and leading them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev.comfyui.websocket import WebSocket
from tests.host.server import HostServer
from tests.host.web.raw_http import JSON, ask, post, run_path
from tests.run_folders import made_run, runs_folder, usual_events


def made(server: HostServer, name: str) -> Path:
    """A finished run of a name of its own."""
    return made_run(server.base, name, usual_events())


def test_delete_and_restore_move_the_whole_run(server: HostServer) -> None:
    folder = made(server, "gone 字")
    answer = post(server, run_path("gone 字", "delete"), {"confirm": "gone 字"})
    assert (answer.status, answer.json["recycled"]) == (200, "gone 字")
    assert not folder.exists()
    recycled = server.client.get("/hunyuan_lora/recycled")["runs"]
    assert "gone 字" in [run["name"] for run in recycled if run["bytes"] > 0]
    assert ask(server, "GET", run_path("gone 字", "history")).status == 404
    path = "/hunyuan_lora/recycled/gone%20%E5%AD%97/restore"
    assert post(server, path, {}).json == {"name": "gone 字"}
    left = server.client.get("/hunyuan_lora/recycled")["runs"]
    assert "gone 字" not in [run["name"] for run in left]
    assert server.client.get(run_path("gone 字", "history"))["step"] == [1, 2, 3]
    again = post(server, path, {})
    assert again.status == 404
    assert "in the recycle folder" in again.error


def test_delete_and_restore_are_told_to_every_browser(server: HostServer) -> None:
    made(server, "told")
    with (
        WebSocket(server.client.port, "/ws?clientId=one") as one,
        WebSocket(server.client.port, "/ws?clientId=two") as two,
    ):
        for browser in (one, two):
            browser.receive(5)
        post(server, run_path("told", "delete"), {"confirm": "told"})
        post(server, "/hunyuan_lora/recycled/told/restore", {})
        for browser in (one, two, one, two):
            assert json.loads(browser.receive(5))["type"] == "hunyuan_lora.runs"


@pytest.mark.parametrize("confirm", ["", "kept ", "KEPT", None, True, ["kept"]])
def test_delete_wants_the_name_again(server: HostServer, confirm: object) -> None:
    if not (runs_folder(server.base) / "kept").exists():
        made(server, "kept")
    answer = post(server, run_path("kept", "delete"), {"confirm": confirm})
    assert answer.status == 400
    assert "'confirm'" in answer.error
    assert (runs_folder(server.base) / "kept").is_dir()


def test_restore_over_a_run_is_refused(server: HostServer) -> None:
    made(server, "twice")
    post(server, run_path("twice", "delete"), {"confirm": "twice"})
    folder = made(server, "twice")
    answer = post(server, "/hunyuan_lora/recycled/twice/restore", {})
    assert answer.status == 409
    assert "a run of that name again" in answer.error
    assert folder.is_dir()


@pytest.mark.parametrize(
    "name", ["..%2Fruns%2Fsafe", "..%2F..%2F..%2Finput", "..", "%2Ftmp", "safe%2F..%2Fsafe"]
)
def test_delete_and_restore_reach_nothing_else(server: HostServer, name: str) -> None:
    if not (runs_folder(server.base) / "safe").exists():
        made(server, "safe")
    for path in (f"runs/{name}/delete", f"recycled/{name}/restore"):
        body = {"confirm": "safe"} if "delete" in path else {}
        assert post(server, f"/hunyuan_lora/{path}", body).status in (400, 404, 405)
    assert (runs_folder(server.base) / "safe").is_dir()
    assert (server.base / "input").is_dir()


def test_use_copies_the_checkpoint_where_loras_are_found(server: HostServer) -> None:
    folder = made(server, "used")
    answer = post(server, run_path("used", "use"), {"step": 2})
    assert answer.json["name"] == "used-step000002.safetensors"
    copy = server.base / "models" / "loras" / "used-step000002.safetensors"
    assert Path(answer.json["path"]) == copy
    assert copy.read_bytes() == (folder / "checkpoints" / "two.safetensors").read_bytes()
    loaders = server.client.get("/object_info/LoraLoaderModelOnly")
    known = loaders["LoraLoaderModelOnly"]["input"]["required"]["lora_name"]
    assert copy.name in str(known)


def test_use_takes_a_name_and_overwrites_nothing(server: HostServer) -> None:
    made(server, "used A")
    made(server, "used B")
    fields = {"step": 2, "lora_name": "ünique.safetensors"}
    first = post(server, run_path("used A", "use"), fields)
    assert first.json["name"] == "ünique.safetensors"
    assert post(server, run_path("used A", "use"), fields).status == 200
    refused = post(server, run_path("used B", "use"), fields)
    assert refused.status == 409
    assert "is another LoRA" in refused.error
    assert Path(first.json["path"]).read_bytes() == b"used A two"


@pytest.mark.parametrize(
    ("fields", "status", "word"),
    [
        ({"step": 3}, 404, "no checkpoint of step 3"),
        ({"step": "two"}, 400, "'step'"),
        ({"step": True}, 400, "'step'"),
        ({"step": -2}, 400, "'step'"),
        ({"step": 2, "lora_name": "../../x"}, 400, "'lora_name'"),
        ({"step": 2, "lora_name": "con"}, 400, "'lora_name'"),
        ({"step": 2, "lora_name": 5}, 400, "'lora_name'"),
        ({"step": 2, "path": "x"}, 400, "'path' is unknown"),
        ({}, 400, "'step' is missing"),
    ],
)
def test_use_refuses_what_it_cannot_do(
    server: HostServer, fields: dict[str, object], status: int, word: str
) -> None:
    if not (runs_folder(server.base) / "refusing").exists():
        made(server, "refusing")
    answer = post(server, run_path("refusing", "use"), fields)
    assert answer.status == status
    assert word in answer.error


@pytest.mark.parametrize("rest", ["control", "use", "delete"])
@pytest.mark.parametrize(
    ("body", "kind", "word"),
    [
        (b'{"confirm": "still"}', "text/plain", "must be JSON"),
        (b"confirm=still", "application/x-www-form-urlencoded", "must be JSON"),
        (b'{"confirm": "still"}', "", "must be JSON"),
        (b"confirm", "application/json", "is not JSON"),
        (b"", "application/json", "is not JSON"),
        (b"\xff\xfe", "application/json", "is not JSON"),
        (b"[" * 50_000, "application/json", "is not JSON"),
        (b"[1]", "application/json", "is a list"),
        (b'{"x": "' + b"y" * 70_000 + b'"}', "application/json", "larger than 64 KiB"),
        (b'{"confirm": "still", "step": 2, "action": "stop", "z": 1}', "application/json", "'z'"),
    ],
    ids=["text", "form", "none", "word", "empty", "bytes", "deep", "list", "large", "unknown"],
)
def test_posts_take_only_small_json_objects(
    server: HostServer, rest: str, body: bytes, kind: str, word: str
) -> None:
    if not (runs_folder(server.base) / "still").exists():
        made(server, "still")
    headers = {"Content-Type": kind} if kind else {}
    answer = ask(server, "POST", run_path("still", rest), body, headers)
    assert answer.status == 400
    assert word in answer.error
    assert (runs_folder(server.base) / "still").is_dir()


@pytest.mark.parametrize("rest", ["control", "use", "delete"])
def test_changing_has_only_post(server: HostServer, rest: str) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert ask(server, method, run_path("still", rest), b"{}", JSON).status == 405
    assert ask(server, "GET", run_path("still", rest)).status in (404, 405)


def test_control_of_a_run_that_does_not_run_is_refused(server: HostServer) -> None:
    made(server, "at rest")
    answer = post(server, run_path("at rest", "control"), {"action": "stop"})
    assert answer.status == 409
    assert "is not running" in answer.error
    assert post(server, run_path("nowhere", "control"), {"action": "stop"}).status == 404
