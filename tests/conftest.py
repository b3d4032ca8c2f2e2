"""Fixtures for every kind of test."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from dev.layout import Host
from tests.host.server import HostServer


def pytest_configure() -> None:
    """A plain kill ends the tests in order too, so that no server is left running."""
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


class Comfyui(Host):
    """The real ComfyUI that the tests run in."""

    @property
    def path(self) -> Path:
        """The folder with ComfyUI's main.py."""
        return self.folder


@pytest.fixture(scope="session")
def comfyui() -> Comfyui:
    """The ComfyUI and the Python that `tasks.py test` prepared."""
    folder = os.environ.get("COMFYUI_PATH")
    if not folder:
        pytest.fail("COMFYUI_PATH is not set. Run the tests with 'python tasks.py test'.")
    python = Path(os.environ.get("COMFYUI_PYTHON", sys.executable))
    return Comfyui(folder=Path(folder), python=python, is_own=False)


@pytest.fixture(scope="session")
def server(comfyui: Comfyui, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostServer]:
    """A real ComfyUI server with the pack in it and a base folder of its own."""
    with HostServer(comfyui, tmp_path_factory.mktemp("comfyui_base")) as running:
        yield running


def _server_of(item: pytest.Item) -> HostServer | None:
    """The server a test uses, if it uses one."""
    found = getattr(item, "funcargs", {}).get("server")
    return found if isinstance(found, HostServer) else None


def pytest_runtest_call(item: pytest.Item) -> None:
    """From here on the server's log belongs to this test."""
    server = _server_of(item)
    if server is not None:
        server.mark_log()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the server's part of the story into a failed test's report."""
    report = yield
    server = _server_of(item)
    if report.failed and server is not None:
        report.sections.append(("ComfyUI server log", server.new_log()[-8000:]))
    return report
