"""The pack in ComfyUI's real page: it loads, it runs, it shows its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dev.doing.demo import write_pictures
from dev.layout import DEMO_WORKFLOW, ROOT
from tests.browser.page import open_workflow
from tests.browser.test_conversion import strip_titles
from tests.conftest import Comfyui
from tests.host.server import HostServer

EXAMPLES = sorted(path.stem for path in (ROOT / "example_workflows").glob("*.json"))
SHOWING = {
    "HunyuanLoraLoadImages",
    "HunyuanLoraCropToBuckets",
    "HunyuanLoraLossPlot",
    "HunyuanLoraPreview",
}
# The whole demo is trained in tests/host and by `tasks.py demo`; here it only has to get through.
SHORT = {"HunyuanLoraTrain.length": 12, "HunyuanLoraTrain.save_every": 4}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_loads_in_the_page_without_complaint(
    server: HostServer, tmp_path: Path, name: str
) -> None:
    page = open_workflow(server, name, tmp_path / f"{name}.png", run=False)
    assert page["missing"] == []
    assert page["errors"] == []
    assert strip_titles(server.example(name)) == strip_titles(page["prompt"])


@pytest.fixture(scope="module")
def demo_page(
    server: HostServer, comfyui: Comfyui, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The main example, run with the page's own Run button."""
    write_pictures(comfyui, server.base)
    picture = tmp_path_factory.mktemp("page") / "demo.png"
    page = open_workflow(server, DEMO_WORKFLOW.stem, picture, run=True, widgets=SHORT)
    return page | {"picture": picture}


def test_demo_in_the_page_runs_to_its_end(demo_page: dict[str, Any]) -> None:
    assert demo_page["status"] == "success"
    assert demo_page["run_by"] == "button"
    assert demo_page["errors"] == []


def test_demo_in_the_page_shows_every_picture(demo_page: dict[str, Any]) -> None:
    assert demo_page["without_picture"] == []
    assert set(demo_page["shown"]) >= SHOWING


def test_demo_in_the_page_shows_the_reports(demo_page: dict[str, Any]) -> None:
    assert len(demo_page["reports"]) >= len(SHOWING)


def test_page_reaches_for_no_other_host(demo_page: dict[str, Any]) -> None:
    assert demo_page["outside"] == []
