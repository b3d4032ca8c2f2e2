"""Pick Checkpoint in the graph: by the verdict, and from curves of other trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from tests.host.server import HostServer
from trainer.files import append_json_line

NODE = "HunyuanLoraPickCheckpoint"
_REQUIRED = {"window": 70, "lora_name": "", "copy_to_loras": True}


def _pick(studio: HostServer, **inputs: Any) -> Any:
    return studio.queue({"1": {"class_type": NODE, "inputs": {**_REQUIRED, **inputs}}})


def _lora(path: Path, notes: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"a": torch.zeros(1)}, path, metadata=notes)


def _table(folder: Path) -> Path:
    steps = np.arange(1, 501)
    losses = 0.2 - 0.1 * np.minimum(steps / 250, 1)
    rows = [f"{step},{loss:.6f}" for step, loss in zip(steps, losses, strict=True)]
    path = folder / "cats from wandb.csv"
    path.write_text("\n".join(['"Step","cats - loss"', *rows]), encoding="utf-8")
    return path


def _measured_run(folder: Path) -> Path:
    """The log of a run that is best at step 60 on two held-out items, and gets worse."""
    log = folder / "events.jsonl"
    start = {"steps_total": 200, "steps_per_epoch": 10, "warmup_steps": 0, "items": 4, "seed": 1}
    append_json_line(log, {"type": "start", "steps_done": 0, **start})
    for step in range(1, 201):
        row = {"epoch": 1, "loss": 0.5, "lr": 1e-4, "grad_norm": 1.0, "seconds": 1.0}
        append_json_line(log, {"type": "step", "step": step, **row})
        if step % 10:
            continue
        unseen = 0.5 + 0.002 * abs(step - 60)
        rows = {"held_out": [[unseen, 0.9], [unseen + 0.1, 0.8]], "probe": [[0.5 - step / 1000, 1]]}
        append_json_line(
            log, {"type": "validation", "step": step, "loss": unseen, "sigmas": [0.3, 0.7], **rows}
        )
        name = f"checkpoints/step{step}.safetensors"
        _lora(folder / name)
        append_json_line(log, {"type": "checkpoint", "step": step, "epoch": 1, "path": name})
    return folder


def test_verdict_picks_by_the_held_out_items_and_copies(studio: HostServer, tmp_path: Path) -> None:
    folder = _measured_run(tmp_path / "measured.run")
    result = _pick(studio, run_folder=str(folder), rule="verdict")
    assert result.error is None, result.error
    picked = result.outputs["1"]["pick"][0]
    assert picked["step"] in (50, 60)
    report = "\n".join(result.outputs["1"]["hunyuan_report"])
    assert "The held-out items decide" in report
    assert "by heart" in report
    assert "Guide's rule" in report
    name = f"measured.run-step{picked['step']:06d}.safetensors"
    assert (studio.base / "models" / "loras" / name).is_file()


def test_default_rule_is_still_the_guides(studio: HostServer, tmp_path: Path) -> None:
    folder = _measured_run(tmp_path / "default_rule")
    result = _pick(studio, run_folder=str(folder), copy_to_loras=False)
    report = result.outputs["1"]["hunyuan_report"]
    assert report[0].startswith("The run has only 200 steps")
    assert report[1].startswith("The loss does not fall measurably")
    assert any(line.startswith("The verdict would choose step") for line in report)


def test_curve_from_wandb_finds_the_nearest_lora_file(studio: HostServer, tmp_path: Path) -> None:
    for step in (100, 200, 300, 400, 500):
        _lora(tmp_path / "loras" / f"cats-step{step:08d}.safetensors")
    table = _table(tmp_path)
    result = _pick(
        studio, run_folder=str(table), rule="verdict", checkpoints_folder=str(tmp_path / "loras")
    )
    assert result.error is None, result.error
    picked = result.outputs["1"]["pick"][0]
    assert picked["step"] in (200, 300)
    assert picked["path"].endswith(f"cats-step{picked['step']:08d}.safetensors")
    copy = (
        studio.base / "models" / "loras" / f"cats from wandb-step{picked['step']:06d}.safetensors"
    )
    assert copy.is_file()


def test_curve_without_lora_files_tells_the_step(studio: HostServer, tmp_path: Path) -> None:
    result = _pick(studio, run_folder=str(_table(tmp_path)), rule="verdict")
    assert result.error is None, result.error
    picked = result.outputs["1"]["pick"][0]
    assert picked["path"] == ""
    assert 200 <= picked["step"] <= 300
    assert "checkpoints_folder" in result.outputs["1"]["hunyuan_report"][-1]


def test_bad_curve_gets_one_sentence(studio: HostServer, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("time,loss\n1,2\n", encoding="utf-8")
    result = _pick(studio, run_folder=str(path), rule="verdict")
    assert result.error is not None
    message = str(result.error["exception_message"]).strip()
    assert "bad.csv" in message
    assert "'Step'" in message
    assert message.endswith(".")
