"""Fixtures of the tests in a real ComfyUI."""

from __future__ import annotations

from typing import Any

import pytest

from dev.doing.demo import write_pictures
from tests.conftest import Comfyui
from tests.host.graph import demo_prompt
from tests.host.server import HostServer


@pytest.fixture(scope="session")
def studio(server: HostServer, comfyui: Comfyui) -> HostServer:
    """The server with the demo pictures in its input folder."""
    write_pictures(comfyui, server.base)
    return server


@pytest.fixture(scope="session")
def demo(studio: HostServer) -> dict[str, Any]:
    """The whole demo workflow, run once: its prompt, its result and the server's log of it."""
    studio.mark_log()
    prompt = demo_prompt(studio, "demo_for_tests")
    result = studio.queue(prompt, timeout_seconds=900)
    return {"prompt": prompt, "result": result, "log": studio.new_log()}
