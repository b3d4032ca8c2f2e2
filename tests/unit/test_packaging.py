"""What an installer reads: the same requirements everywhere, and nothing that changes torch."""

from __future__ import annotations

import re
from pathlib import Path

from dev.layout import pack_requirements

ROOT = Path(__file__).resolve().parents[2]


def _names(lines: list[str]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", line.strip())[0].lower() for line in lines if line.strip()}


def test_requirements_file_and_project_file_agree() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line.replace('"', "'") for line in lines] == [
        line.replace('"', "'") for line in pack_requirements()
    ]


def test_requirements_never_name_torch_or_numpy() -> None:
    assert not _names(pack_requirements()) & {"torch", "torchvision", "torchaudio", "numpy"}


def test_requirements_have_no_upper_limit() -> None:
    for line in pack_requirements():
        version = line.split(";")[0]
        assert not re.search(r"<|==|~=", version), line


def test_example_pictures_and_models_that_the_demo_needs_are_there() -> None:
    models = ROOT / "demo" / "models"
    sizes = [path.stat().st_size for path in models.glob("*.safetensors")]
    assert len(sizes) == 2
    assert sum(sizes) < 25e6
