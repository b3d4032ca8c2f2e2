"""The pack's routes in the real server: reading runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.host.server import HostServer
from tests.host.web.raw_http import ask, run_path
from tests.run_folders import lines_of, made_run, start_event, step_event, usual_events
from trainer.files import write_bytes
from trainer.training.results.verdict import judge
from trainer.training.runs.history import read_history

NAME = "käse & 字 (old 1)"


@pytest.fixture(scope="module")
def folder(server: HostServer) -> Path:
    """A finished run."""
    return made_run(server.base, NAME, usual_events())


def entry(server: HostServer, name: str) -> dict[str, Any]:
    """A run's entry in the list."""
    (found,) = [e for e in server.client.get("/hunyuan_lora/runs")["runs"] if e["name"] == name]
    return dict(found)


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_runs_are_listed(server: HostServer, folder: Path, prefix: str) -> None:
    runs = server.client.get(f"{prefix}/hunyuan_lora/runs")["runs"]
    (found,) = [run for run in runs if run["name"] == NAME]
    assert (found["state"], found["step"], found["checkpoints"]) == ("finished", 3, 1)
    assert found["settings"]["train.seed"] == 42
    picture = ask(server, "GET", found["samples"][0])
    assert picture.body == (folder / "samples" / "step 2.png").read_bytes()


def test_runs_are_listed_the_last_changed_first(server: HostServer, folder: Path) -> None:
    for place, name in enumerate(("older", "newer")):
        log = made_run(server.base, name, usual_events()) / "events.jsonl"
        os.utime(log, (2e9 + place, 2e9 + place))
    runs = [run["name"] for run in server.client.get("/hunyuan_lora/runs")["runs"]]
    assert runs[:2] == ["newer", "older"]


def test_history_has_columns_and_marks(server: HostServer, folder: Path) -> None:
    found = server.client.get(run_path(NAME, "history"))
    assert (found["step"], found["loss"]) == ([1, 2, 3], [1, 0.5, 0.3333333])
    assert [mark["step"] for mark in found["checkpoints"]] == [2]
    assert found["verdict"]["sentences"] == ["Go on."]
    assert found["next"] == (folder / "events.jsonl").stat().st_size


def test_events_go_on_after_the_history(server: HostServer) -> None:
    log = made_run(server.base, "growing", [start_event(), step_event(1)]) / "events.jsonl"
    history = server.client.get(run_path("growing", "history"))
    where = f"events?after={history['next']}&id={history['id']}"
    assert server.client.get(run_path("growing", where))["events"] == []
    with log.open("ab") as stream:
        stream.write(lines_of([step_event(2)]) + b'rubbish\n{"type": "st')
    found = server.client.get(run_path("growing", where))
    assert [event["step"] for event in found["events"]] == [2]
    assert "reset" not in found
    with log.open("ab") as stream:
        stream.write(b'ep", "step": 3}\n')
    where = f"events?after={found['next']}&id={found['id']}"
    found = server.client.get(run_path("growing", where))
    assert [event["step"] for event in found["events"]] == [3]


def test_events_of_a_rewritten_log_are_a_reset(server: HostServer) -> None:
    events = [start_event(), *(step_event(n) for n in range(1, 9))]
    log = made_run(server.base, "taken back", events) / "events.jsonl"
    history = server.client.get(run_path("taken back", "history"))
    write_bytes(log, lines_of([*events[:4], *(step_event(n, loss=9.0) for n in range(4, 20))]))
    where = f"events?after={history['next']}&id={history['id']}"
    found = server.client.get(run_path("taken back", where))
    assert found["reset"]
    assert len(found["events"]) == 20
    again = server.client.get(run_path("taken back", "history"))
    assert again["loss"][:5] == [1, 0.5, 0.3333333, 9, 9]
    assert len(again["step"]) == 19


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "9" * 30, "%00"])
def test_events_after_no_number_are_refused(server: HostServer, folder: Path, after: str) -> None:
    answer = ask(server, "GET", run_path(NAME, f"events?after={after}"))
    assert answer.status == 400
    assert "'after'" in answer.error


def test_a_log_of_100000_steps_does_not_hold_the_server_up(server: HostServer) -> None:
    steps = (step_event(n, d=1e-5, parts={"load": 0.1}, bucket="64x64") for n in range(1, 100_001))
    made_run(server.base, "long", [start_event(), *steps])
    answers = 0
    is_done = threading.Event()

    def knock() -> None:
        nonlocal answers
        while not is_done.is_set():
            ask(server, "GET", "/prompt")
            answers += 1

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        found = server.client.get(run_path("long", "history"))
    finally:
        is_done.set()
        knocking.join()
    assert found["step"] == list(range(1, 100_001))
    assert len(found["loss"]) == len(found["load"]) == 100_000
    # Reading on the event loop would let one request through before it and one after it.
    assert answers > 5
    assert entry(server, "long")["step"] == 100_000


def test_verdict_is_that_of_the_log_so_far(server: HostServer) -> None:
    steps = [step_event(n, loss=1.0 + 10.0 / n) for n in range(1, 401)]
    log = made_run(server.base, "judged", [start_event(steps_total=800), *steps]) / "events.jsonl"
    first = server.client.get(run_path("judged", "verdict"))
    assert first == judge(read_history(log.parent)).to_dict()
    assert first["decided_by"] == "guide"
    assert first["sentences"]
    with log.open("ab") as stream:
        stream.write(lines_of([step_event(n, loss=1.02) for n in range(401, 801)]))
    second = server.client.get(run_path("judged", "verdict?window=10"))
    assert second == judge(read_history(log.parent), 10).to_dict()
    assert second != first


def test_verdict_of_a_run_without_steps_is_none_yet(server: HostServer) -> None:
    made_run(server.base, "just begun", [start_event()])
    found = server.client.get(run_path("just begun", "verdict"))
    assert (found["decided_by"], found["step"], found["stop_now"]) == ("", None, False)


@pytest.mark.parametrize("window", ["0", "-5", "x", ""])
def test_verdict_wants_a_window(server: HostServer, folder: Path, window: str) -> None:
    answer = ask(server, "GET", run_path(NAME, f"verdict?window={window}"))
    assert answer.status == 400
    assert "'window'" in answer.error


def test_verdict_of_a_log_of_rubbish_is_a_sentence(server: HostServer) -> None:
    events = [step_event(1), {"type": "step", "loss": "x"}, {"type": "validation", "step": 1}]
    made_run(server.base, "rubbish", events)
    answer = ask(server, "GET", run_path("rubbish", "verdict"))
    assert answer.status == 409
    assert "events that cannot be read" in answer.error


def test_graph_that_was_not_saved_is_a_sentence(server: HostServer, folder: Path) -> None:
    answer = ask(server, "GET", run_path(NAME, "graph"))
    assert answer.status == 404
    assert "has no graph.json" in answer.error


def test_graph_is_given_as_saved(server: HostServer) -> None:
    folder = made_run(server.base, "with graph", usual_events())
    (folder / "graph.json").write_text('{"prompt": {"1": {}}, "workflow": {"nodes": []}}')
    found = server.client.get(run_path("with graph", "graph"))
    assert found == {"prompt": {"1": {}}, "workflow": {"nodes": []}}


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00\xff"])
def test_graph_that_cannot_be_read_is_a_sentence(server: HostServer, content: str) -> None:
    folder = made_run(server.base, f"broken graph {content!a}".replace("\\", ""), usual_events())
    (folder / "graph.json").write_bytes(content.encode("latin-1"))
    assert ask(server, "GET", run_path(folder.name, "graph")).status == 404


def test_picture_has_its_type_and_is_not_sent_again(server: HostServer, folder: Path) -> None:
    path = run_path(NAME, "file?path=samples/step%202.png")
    answer = ask(server, "GET", path)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = ask(server, "GET", path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_picture_is_never_what_lies_packed_beside_it(server: HostServer, folder: Path) -> None:
    (folder / "samples" / "step 2.png.gz").write_bytes(b"something else")
    path = run_path(NAME, "file?path=samples/step%202.png")
    answer = ask(server, "GET", path, headers={"Accept-Encoding": "gzip"})
    assert answer.body == (folder / "samples" / "step 2.png").read_bytes()


_HIDDEN = [
    "", "?path=", "?path=config.toml", "?path=events.jsonl", "?path=samples",
    "?path=../other/samples/x.png", "?path=..%2Fother%2Fsamples%2Fx.png",
    "?path=samples/../config.toml", "?path=samples/..%2F..%2Fother/samples/x.png",
    "?path=samples/..\\..\\x.png", "?path=/etc/passwd", "?path=%2Fetc%2Fpasswd",
    "?path=C:%5Cx.png", "?path=samples/x.png%00.png", "?path=samples/link.png",
    "?path=samples/con.png", "?path=samples/text.txt", "?path=samples/%252e%252e/config.toml",
    "?path=file:///etc/passwd", "?path=samples/" + "x" * 3000 + ".png",
]  # fmt: skip


@pytest.mark.parametrize("query", _HIDDEN)
def test_nothing_but_samples_is_served(server: HostServer, query: str) -> None:
    runs = server.base / "output" / "hunyuan_lora" / "runs"
    if not (runs / "closed").exists():
        folder = made_run(server.base, "closed", usual_events())
        (folder / "samples" / "text.txt").write_text("x")
        (server.base / "outside.png").write_bytes(b"x")
        os.symlink(server.base / "outside.png", folder / "samples" / "link.png")
        other = made_run(server.base, "other", usual_events())
        (other / "samples" / "x.png").write_bytes(b"x")
    answer = ask(server, "GET", run_path("closed", f"file{query}"))
    assert answer.status == 404
    assert "is no picture of the run 'closed'" in answer.error


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Fsecret", "..", "%2e%2e", ".", "%2E%2E%2F%2E%2E%2Fsecret", "%2Fetc", "..%5C..",
        "linked", "gone", "con", "a%00b", "%252e%252e", "secret", "closed%2F..%2Fclosed", "%C3%28",
    ],
)  # fmt: skip
@pytest.mark.parametrize("rest", ["history", "events", "graph", "file?path=samples/step%202.png"])
def test_no_other_folder_is_a_run(server: HostServer, name: str, rest: str) -> None:
    output = server.base / "output"
    if not (output / "secret").exists():
        made = made_run(server.base / "apart", "made", usual_events())
        made.rename(output / "secret")
        (output / "hunyuan_lora" / "runs").mkdir(parents=True, exist_ok=True)
        os.symlink(output / "secret", output / "hunyuan_lora" / "runs" / "linked")
    answer = ask(server, "GET", f"/hunyuan_lora/runs/{name}/{rest}")
    assert answer.status == 404
    assert b"loss" not in answer.body
    assert "linked" not in [run["name"] for run in server.client.get("/hunyuan_lora/runs")["runs"]]


@pytest.mark.parametrize("rest", ["history", "events", "verdict", "file", "graph"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_reading_has_only_get(server: HostServer, folder: Path, rest: str, method: str) -> None:
    assert ask(server, method, run_path(NAME, rest), b"{}").status == 405
    assert folder.is_dir()
