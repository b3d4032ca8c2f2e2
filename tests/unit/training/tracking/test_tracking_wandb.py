"""wandb as a guest: what it sends, where it writes, and what it leaves alone."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.training.tracking.tracking_runs import SECRET, logged_losses, short_run, train
from tests.unit.training.tracking.wandb_files import read_wandb, wandb_files
from tests.unit.training.tracking.wandb_server import WandbServer
from tests.unit.training.training_runs import (
    with_fresh_network,
)
from trainer.config import TrackerSettings
from trainer.training.reports import TrainRequest
from trainer.training.tracking import wandb_run


@pytest.fixture
def request_(tmp_path: Path) -> TrainRequest:
    """A quick run."""
    return short_run(tmp_path)


@pytest.fixture
def network_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every connection that this process, or wandb's helper through proxy and base URL, tries."""
    seen: list[str] = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            seen.append(f"a request on {self.server.server_address}")
            self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "WANDB_BASE_URL"):
        monkeypatch.setenv(name, url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    real_connect = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            seen.append(str(address))
            raise OSError("no network in this test")
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    yield seen
    server.shutdown()
    server.server_close()


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_wandb_offline_makes_no_connection_and_touches_only_the_run_folder(
    request_: TrainRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    network_log: list[str],
) -> None:
    home, place = tmp_path / "home", tmp_path / "place"
    home.mkdir()
    place.mkdir()
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.chdir(place)
    environment = {name for name in os.environ if "WANDB" in name}
    before = sys.exit, sys.excepthook, sys.stdout, sys.stdout.write, sys.stderr.write
    signals = [signal.getsignal(number) for number in signal.valid_signals()]
    threads_setting = torch.get_num_threads(), torch.get_default_dtype()
    assert train(request_, TrackerSettings(wandb="offline")) == []
    assert network_log == []
    assert files_below(home) | files_below(place) == set()
    assert {name for name in os.environ if "WANDB" in name} == environment
    assert before == (sys.exit, sys.excepthook, sys.stdout, sys.stdout.write, sys.stderr.write)
    assert signals == [signal.getsignal(number) for number in signal.valid_signals()]
    assert threads_setting == (torch.get_num_threads(), torch.get_default_dtype())
    for path in files_below(request_.run_folder):
        assert SECRET.encode() not in path.read_bytes(), path
    (run,) = (r["run"] for r in read_wandb(wandb_files(request_.run_folder)[0]) if "run" in r)
    assert not {"host", "git"} & set(run)
    names = {path.name for path in files_below(request_.run_folder / "trackers")}
    assert not names & {"requirements.txt", "wandb-metadata.json", "output.log", "diff.patch"}


def test_wandb_online_without_a_login_asks_nobody_and_goes_on_offline(
    request_: TrainRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    network_log: list[str],
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_MODE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (said,) = train(request_, TrackerSettings(wandb="online"))
    assert "nobody is logged in" in said
    assert "kept offline" in said
    assert len(wandb_files(request_.run_folder)) == 1
    assert network_log == []


def test_wandb_mode_of_the_environment_can_only_make_it_more_private(
    request_: TrainRequest, monkeypatch: pytest.MonkeyPatch, network_log: list[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", SECRET)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert train(request_, TrackerSettings(wandb="online")) == []
    assert len(wandb_files(request_.run_folder)) == 1
    assert network_log == []


@pytest.fixture
def wandb_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    """wandb's server on this machine, with a key for it in the environment."""
    with WandbServer() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", SECRET)
        monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
        for name in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(name, str(tmp_path))
        monkeypatch.delenv("WANDB_MODE", raising=False)
        yield server


def test_wandb_sync_reads_offline_files_of_a_resumed_run_and_sends_them_whole(
    request_: TrainRequest, wandb_server: WandbServer
) -> None:
    settings = TrackerSettings(wandb="offline")
    assert train(request_, settings, polls=4) == []
    assert train(with_fresh_network(request_), settings, resume=True) == []
    assert wandb_server.bodies == []
    folders = [str(file.parent) for file in wandb_files(request_.run_folder)]
    command = [sys.executable, "-m", "wandb", "sync", "--yes", *folders]
    # wandb's command writes its own log where it is started.
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=request_.run_folder
    )
    assert done.returncode == 0, done.stderr
    losses = logged_losses(request_.run_folder)
    assert [row["step"] for row in wandb_server.rows] == [1, 2, 3, 4, 5, 6]
    assert {row["step"]: row["loss"] for row in wandb_server.rows} == pytest.approx(losses)


def test_wandb_online_sends_the_run_and_nothing_private(
    request_: TrainRequest, wandb_server: WandbServer
) -> None:
    assert train(request_, TrackerSettings(wandb="online", tags="demo")) == []
    losses = logged_losses(request_.run_folder)
    assert {row["step"]: row["loss"] for row in wandb_server.rows} == pytest.approx(losses)
    sent = b"\n".join(wandb_server.bodies)
    assert b'"demo"' in sent
    for private in (SECRET, str(Path(__file__).parent)):
        assert private.encode() not in sent
    for path in files_below(request_.run_folder):
        assert SECRET.encode() not in path.read_bytes(), path


def test_wandb_server_that_is_away_leaves_the_run_offline(
    request_: TrainRequest, wandb_server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb_server.shutdown()
    wandb_server.server_close()
    monkeypatch.setattr(wandb_run, "INIT_SECONDS", 2)
    started = time.monotonic()
    (said,) = train(request_, TrackerSettings(wandb="online"))
    assert time.monotonic() - started < 20
    assert "wandb cannot be reached" in said
    assert len(logged_losses(request_.run_folder)) == 6
