"""Bad input in the graph ends in one sentence that names the field and says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.host.graph import inputs, short_prompt
from tests.host.server import HostServer


def _message(studio: HostServer, kind: str, changes: dict[str, Any], run: str) -> str:
    prompt = short_prompt(studio, run, 2)
    inputs(prompt, kind).update(changes)
    result = studio.queue(prompt)
    assert result.error is not None
    assert result.error["node_type"] == kind
    return str(result.error["exception_message"])


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("HunyuanLoraLoadImages", {"folder": "no such folder"}, ["folder", "does not exist"]),
        ("HunyuanLoraCropToBuckets", {"buckets": "128by128"}, ["128by128"]),
        ("HunyuanLoraCropToBuckets", {"shots": "elbow"}, ["elbow", "headshot"]),
        ("HunyuanLoraCropToBuckets", {"boxes": "{"}, ["JSON"]),
        ("HunyuanLoraCaptionTemplate", {"template": "{triger}"}, ["triger", "trigger"]),
        ("HunyuanLoraCaptionTemplate", {"overrides": '{"x.png": {"pose": "a"}}'}, ["x.png"]),
        ("HunyuanLoraBuildDataset", {"name": "a/b"}, ["name", "a/b"]),
        ("HunyuanLoraSettings", {"targets": "no_such_layer"}, []),
        ("HunyuanLoraTrain", {"hold_out": 900}, ["hold_out", "900"]),
        ("HunyuanLoraTrain", {"run_name": "con"}, ["run_name", "con"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_input_gets_one_sentence(
    studio: HostServer, kind: str, changes: dict[str, Any], words: list[str]
) -> None:
    if kind == "HunyuanLoraSettings":
        # The layers are known only where the model is: the training node tells.
        prompt = short_prompt(studio, "bad_targets", 2)
        inputs(prompt, kind).update(changes)
        result = studio.queue(prompt)
        assert result.error is not None
        message = str(result.error["exception_message"])
        assert "no_such_layer" in message
        return
    message = _message(studio, kind, changes, "bad_input")
    for word in words:
        assert word in message
    assert message.strip().endswith((".", "!"))


def test_pictures_that_cannot_be_used_are_named_and_the_rest_goes_on(
    studio: HostServer, tmp_path: Path
) -> None:
    folder = studio.base / "input" / "mixed"
    folder.mkdir(exist_ok=True)
    good = studio.base / "input" / "hunyuan_lora_demo" / "character" / "alva_front.png"
    (folder / "good.png").write_bytes(good.read_bytes())
    (folder / "same.png").write_bytes(good.read_bytes())
    (folder / "cut.png").write_bytes(good.read_bytes()[:4000])
    (folder / "rubbish.jpg").write_bytes(b"not a picture")
    prompt = {
        "1": {
            "class_type": "HunyuanLoraLoadImages",
            "inputs": {"folder": "mixed", "minimum_side": 64},
        }
    }
    result = studio.queue(prompt)
    assert result.error is None
    report = "\n".join(result.outputs["1"]["hunyuan_report"])
    assert report.startswith("1 picture")
    for name in ("same.png", "cut.png", "rubbish.jpg"):
        assert name in report


def test_run_with_other_settings_is_not_mixed_with_the_old_one(studio: HostServer) -> None:
    first = short_prompt(studio, "settings_changed", 2)
    assert studio.queue(first).error is None
    second = short_prompt(studio, "settings_changed", 2, guidance=3.0)
    refused = studio.queue(second).error
    assert refused is not None
    assert "guidance" in str(refused["exception_message"])
    inputs(second, "HunyuanLoraTrain")["if_run_exists"] = "start over"
    result = studio.queue(second)
    assert result.error is None
    runs = studio.base / "output" / "hunyuan_lora" / "runs"
    assert (runs / "settings_changed (old 1)" / "events.jsonl").is_file()
