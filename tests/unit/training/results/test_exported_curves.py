"""Loss curves of other tools: tables, event files, and the LoRA files that belong to them."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from trainer.__main__ import main
from trainer.errors import ConfigError, DatasetError, StateError
from trainer.training.results.choosing import choose
from trainer.training.results.exported_curves import read_any_history, read_exported_table
from trainer.training.results.lora_folder import find_loras
from trainer.training.results.tensorboard_events import read_scalars

# Written by TensorBoard 2.21's own RecordWriter: losses as plain values and as tensors of one
# number, a text, and a loss that is not a number at the end.
EVENTS = Path(__file__).parents[3] / "golden" / "events.out.tfevents.sample"

WANDB_CHART = """"Step","cats - loss/current","cats - loss/current__MIN","cats - loss/current__MAX"
"1","0.30","0.30","0.30"
"2","0.20","0.20","0.20"
"4","0.10","0.10","0.10"
"""
WANDB_HISTORY = """_step,loss/average,loss/current,lr,val/loss
1,0.30,0.30,0.0001,
2,0.25,0.20,0.0001,0.4
3,,,0.0001,
4,0.20,0.10,NaN,0.5
"""
TENSORBOARD = "Wall time,Step,Value\n1.7e9,1,0.3\n1.7e9,2,0.2\n1.7e9,4,0.1\n"
SEMICOLONS = "\ufeffStep;loss\n1;0,3\n2;0,2\n4;0,1\n"


def _table(folder: Path, text: str, name: str = "curve.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text", [WANDB_CHART, WANDB_HISTORY, TENSORBOARD, SEMICOLONS],
    ids=["wandb chart", "wandb history", "tensorboard", "semicolons"],
)  # fmt: skip
def test_table_gives_steps_and_losses(tmp_path: Path, text: str) -> None:
    history = read_exported_table(_table(tmp_path, text))
    assert history.steps == (1, 2, 4)
    assert history.losses == (0.3, 0.2, 0.1)
    assert history.steps_total == 4


def test_table_with_a_validation_loss_is_used_too(tmp_path: Path) -> None:
    history = read_exported_table(_table(tmp_path, WANDB_HISTORY))
    assert history.validation == ((2, 0.4), (4, 0.5))


def test_rows_out_of_order_and_twice_are_put_right(tmp_path: Path) -> None:
    text = "Step,loss\n3,0.3\n1,0.1\n3,0.5\nx,9\n2.5,9\n-1,9\n2,nan\n"
    history = read_exported_table(_table(tmp_path, text))
    assert history.steps == (1, 3)
    assert history.losses == (0.1, 0.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("Step,loss\n", "no rows"),
        ("time,loss\n1,2\n", "column of steps"),
        ("Step,accuracy\n1,2\n", "has none"),
        ("Step,loss\n1,\n", "has none"),
        ("Step,a - loss,b - loss\n1,2,3\n", "several runs: 'a - loss', 'b - loss'"),
        ("Step,loss_a,loss_b\n1,2,3\n", "'loss_a', 'loss_b'"),
    ],
)
def test_bad_table_gets_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words) as caught:
        read_exported_table(_table(tmp_path, text))
    assert "curve.csv" in str(caught.value)
    assert str(caught.value).endswith(".")


def test_picture_given_as_a_table_gets_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "loss.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(DatasetError, match="cannot be read as a table"):
        read_exported_table(path)


def test_event_file_written_by_tensorboard_is_read_as_it_reads_it() -> None:
    curves = read_scalars(EVENTS)
    steps = range(1, 13)
    assert set(curves) == {"loss/current", "loss/average", "validation/loss", "lr"}
    expected = {step: float(np.float32(0.25 - 0.01 * step)) for step in steps}
    assert curves["loss/current"] == pytest.approx(expected, abs=1e-7)
    assert curves["validation/loss"] == pytest.approx({4: 0.22, 8: 0.14, 12: 0.06}, abs=1e-7)
    assert curves["lr"][4] == 1e-4


def test_folder_with_an_event_file_below_it_is_a_history(tmp_path: Path) -> None:
    inner = tmp_path / "logs" / "cats"
    inner.mkdir(parents=True)
    shutil.copy(EVENTS, inner / EVENTS.name)
    history = read_any_history(tmp_path)
    assert history.steps == tuple(range(1, 13))
    assert [step for step, _ in history.validation] == [4, 8, 12]
    other = tmp_path / "logs" / "dogs"
    other.mkdir()
    shutil.copy(EVENTS, other / EVENTS.name)
    with pytest.raises(DatasetError, match="2 folders"):
        read_any_history(tmp_path)


def test_event_file_that_is_still_written_is_read_so_far(tmp_path: Path) -> None:
    path = tmp_path / EVENTS.name
    path.write_bytes(EVENTS.read_bytes()[:-30])
    assert max(read_scalars(path)["loss/current"]) == 12


@pytest.mark.parametrize(
    "data",
    [
        b"", b"not an event file at all, only words", struct.pack("<Q", 1 << 60) + bytes(40),
        struct.pack("<Q", 4) + bytes(4) + b"\x2a\xff\xff\x7f" + bytes(4),
        struct.pack("<Q", 2) + bytes(4) + b"\xff\xff" + bytes(4),
        struct.pack("<Q", 1) + bytes(4) + b"\x2b" + bytes(4),
    ],
)  # fmt: skip
def test_damaged_event_file_gets_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="tfevents"):
        read_any_history(path)


def _lora(path: Path, notes: dict[str, str] | None = None) -> Path:
    save_file({"a": torch.zeros(1)}, path, metadata=notes)
    return path


def test_steps_of_lora_files_come_from_metadata_then_from_names(tmp_path: Path) -> None:
    _lora(tmp_path / "cats-step00000100.safetensors")
    _lora(tmp_path / "cats-step00000999.safetensors", {"ss_steps": "200", "ss_epoch": "2"})
    _lora(tmp_path / "cats.safetensors")
    (tmp_path / "cats_step_300.safetensors").write_bytes(b"damaged")
    marks = find_loras(tmp_path, last_step=400)
    assert [(mark.step, mark.path.name) for mark in marks] == [
        (100, "cats-step00000100.safetensors"),
        (200, "cats-step00000999.safetensors"),
        (300, "cats_step_300.safetensors"),
        (400, "cats.safetensors"),
    ]


def test_epochs_in_names_are_spread_over_the_run(tmp_path: Path) -> None:
    for epoch in (5, 10, 20):
        _lora(tmp_path / f"cats-{epoch:06d}.safetensors")
    assert [(m.step, m.epoch) for m in find_loras(tmp_path, 1000)] == [
        (250, 5), (500, 10), (1000, 20),
    ]  # fmt: skip


def test_folder_without_telling_names_is_refused(tmp_path: Path) -> None:
    _lora(tmp_path / "cats.safetensors")
    with pytest.raises(DatasetError, match="ss_steps"):
        find_loras(tmp_path, 100)
    with pytest.raises(DatasetError, match="not a folder"):
        find_loras(tmp_path / "none", 100)


def _falling_table(folder: Path) -> Path:
    steps = np.arange(1, 1001)
    losses = 0.2 - 0.1 * np.minimum(steps / 500, 1)
    noise = 0.005 * np.random.default_rng(0).standard_normal(1000)
    rows = [f"{s},{v:.6f}" for s, v in zip(steps, losses + noise, strict=True)]
    return _table(folder, "\n".join(["Step,cats - loss", *rows]))


@pytest.mark.parametrize("rule", ["verdict", "guide"])
def test_curve_without_lora_files_gives_a_step(tmp_path: Path, rule: str) -> None:
    choice = choose(read_any_history(_falling_table(tmp_path)), rule)
    assert choice.pick is None
    assert 350 <= choice.step <= 600
    assert "checkpoints_folder" in choice.sentences[-1]


def test_curve_with_lora_files_gives_the_nearest(tmp_path: Path) -> None:
    loras = tmp_path / "loras"
    loras.mkdir()
    for epoch in range(1, 11):
        _lora(loras / f"cats-{epoch:06d}.safetensors")
    history = read_any_history(_falling_table(tmp_path), loras)
    choice = choose(history, "verdict")
    assert choice.pick is not None
    assert abs(choice.step - choice.pick.lowest_step) <= 50
    assert choice.pick.path == loras / f"cats-{choice.step // 100:06d}.safetensors"


def test_rules_of_a_bare_curve_say_what_is_missing(tmp_path: Path) -> None:
    history = read_any_history(_falling_table(tmp_path))
    assert choose(history, "last").step == 1000
    with pytest.raises(StateError, match="no validation loss"):
        choose(history, "validation")
    with pytest.raises(ConfigError, match="'best'"):
        choose(history, "best")
    assert choose(read_any_history(_table(tmp_path, WANDB_HISTORY)), "validation").step == 2


def test_run_folder_without_checkpoints_is_refused_by_the_verdict_too(tmp_path: Path) -> None:
    event = {"type": "step", "step": 1, "epoch": 1, "loss": 0.1, "lr": 1.0, "grad_norm": 1.0,
             "seconds": 1.0}  # fmt: skip
    (tmp_path / "events.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    with pytest.raises(StateError, match="no checkpoint"):
        choose(read_any_history(tmp_path), "verdict")


def test_command_line_picks_from_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, plot = _falling_table(tmp_path), tmp_path / "loss.png"
    assert main(["pick", str(table), "--rule", "verdict", "--plot", str(plot)]) == 0
    told = capsys.readouterr().out
    assert "The guide's rule decides" in told
    assert told.strip().splitlines()[-1].startswith("step ")
    assert plot.is_file()
    assert main(["pick", str(table), "--loras", str(tmp_path / "none")]) == 2
    assert main(["pick", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
