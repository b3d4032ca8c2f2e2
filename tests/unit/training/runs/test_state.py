"""The training state on disk: complete or not there, checked, and the newest sound one taken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.unit.training.training_runs import (
    make_config,
    make_items,
    make_one_layer,
    with_fresh_network,
)
from trainer.errors import StateError
from trainer.training.loop import run_training
from trainer.training.optim.optimizers import OptimizerState
from trainer.training.runs.run_folder import Run
from trainer.training.runs.state import (
    TrainingState,
    check_same_run,
    load_newest_state,
    load_state,
    save_state,
)

ROOT = Path(__file__).parents[4]


def make_state(step: int) -> TrainingState:
    generator = torch.Generator().manual_seed(step)
    return TrainingState(
        step=step,
        lora={
            "a.lora_up.weight": torch.randn(3, 2, generator=generator),
            "a.lora_down.weight": torch.randn(2, 5, generator=generator).to(torch.bfloat16),
            "a.alpha": torch.tensor(2.0),
        },
        optimizer=OptimizerState(
            {"0.exp_avg": torch.randn(3, 2, generator=generator), "0.p0": torch.tensor(0.0)},
            {"group.0.d": 1 / 3, "group.0.k": 7, "group.0.decouple": True, "state.0.step": 7},
        ),
        settings={"train": {"seed": 1, "guidance": 0.1}},
        data_digest="abc",
    )


def test_state_saved_and_loaded_is_equal_bit_for_bit(tmp_path: Path) -> None:
    state = make_state(12)
    loaded = load_state(save_state(tmp_path, state))
    assert (loaded.step, loaded.data_digest) == (12, "abc")
    assert loaded.settings == state.settings
    assert loaded.optimizer.numbers == state.optimizer.numbers
    for ours, theirs in (
        (state.lora, loaded.lora),
        (state.optimizer.tensors, loaded.optimizer.tensors),
    ):
        assert set(ours) == set(theirs)
        for name, value in ours.items():
            assert value.dtype == theirs[name].dtype
            assert torch.equal(value, theirs[name])


def test_only_the_newest_two_states_are_kept(tmp_path: Path) -> None:
    for step in (5, 9, 10, 100):
        save_state(tmp_path, make_state(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step00000010.safetensors",
        "step00000100.safetensors",
    ]


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


DAMAGE = {
    "emptied": lambda path: path.write_bytes(b""),
    "cut in the header": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "cut in the tensors": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "one bit flipped": flip_last_byte,
    "removed": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_newest_state_damaged_gives_the_one_before(tmp_path: Path, damage: object) -> None:
    save_state(tmp_path, make_state(1))
    newest = save_state(tmp_path, make_state(2))
    assert callable(damage)
    damage(newest)
    state, problems = load_newest_state(tmp_path)
    assert state is not None
    assert state.step == 1
    assert len(problems) == (1 if newest.exists() else 0)


def test_half_written_file_is_never_taken_for_a_state(tmp_path: Path) -> None:
    save_state(tmp_path, make_state(1))
    (tmp_path / ".step00000002.safetensors.xyz.part").write_bytes(b"half")
    state, problems = load_newest_state(tmp_path)
    assert state is not None
    assert state.step == 1
    assert problems == []


def test_all_states_damaged_is_an_error_and_none_is_not(tmp_path: Path) -> None:
    assert load_newest_state(tmp_path) == (None, [])
    save_state(tmp_path, make_state(1)).write_bytes(b"nonsense")
    with pytest.raises(StateError, match="No training state"):
        load_newest_state(tmp_path)


def test_save_where_it_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file in the folder's place")
    with pytest.raises(StateError, match="Free some disk space"):
        save_state(blocked, make_state(1))


def test_check_same_run_names_each_difference() -> None:
    state = make_state(1)
    check_same_run(state, {"train": {"seed": 1, "guidance": 0.1}}, "abc")
    with pytest.raises(StateError, match=r"train\.guidance was 0\.1 and is now 0\.2"):
        check_same_run(state, {"train": {"seed": 1, "guidance": 0.2}}, "abc")
    with pytest.raises(StateError, match="pictures"):
        check_same_run(state, state.settings, "other")


@pytest.mark.parametrize("damage", ["cut in the tensors", "removed"])
def test_resume_from_the_state_before_a_damaged_one_equals_unbroken(
    tmp_path: Path, damage: str
) -> None:
    items = make_items(tmp_path / "c", 2)
    config = make_config(train={"steps": 8, "save_every_epochs": 1}, optimizer={"d0": 1e-3})
    whole = make_one_layer(tmp_path / "whole", config, items)
    unbroken = run_training(whole)
    request = with_fresh_network(whole, tmp_path / "run")
    run_training(request)
    DAMAGE[damage](tmp_path / "run/state/step00000008.safetensors")
    resumed = run_training(with_fresh_network(request), resume=True)
    assert resumed.losses == unbroken.losses
    assert unbroken.last_checkpoint is not None
    assert resumed.last_checkpoint is not None
    assert resumed.last_checkpoint.read_bytes() == unbroken.last_checkpoint.read_bytes()


def test_event_log_with_half_a_line_is_read_and_written_on(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.append_event("step", step=1, loss=0.5)
    with run.events_path.open("a", encoding="utf-8") as stream:
        stream.write('{"type": "step", "st')
    run.append_event("step", step=2, loss=0.25)
    assert [record["step"] for record in run.events()] == [1, 2]
    run.drop_events_after(1)
    assert [record["step"] for record in run.events()] == [1]


KILLED_RUN = """
import sys
from pathlib import Path
from tests.unit.training.training_runs import make_config, make_items, make_one_layer
from trainer.training.loop import run_training
folder = Path(sys.argv[1])
config = make_config(train={"steps": 100000, "save_every_epochs": 1}, optimizer={"d0": 1e-3},
                     schedule={"name": "constant"})
run_training(make_one_layer(folder / "run", config, make_items(folder / "c", 2)))
"""


def test_run_killed_at_any_moment_resumes_as_if_unbroken(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED_RUN, str(tmp_path)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "run/state").glob("step0000001*.safetensors")):
            assert process.poll() is None, "the run ended by itself"
            assert time.monotonic() < deadline, "the run saved nothing"
            time.sleep(0.01)
    finally:
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()
    state, _ = load_newest_state(tmp_path / "run/state")
    assert state is not None
    settings = {"optimizer": {"d0": 1e-3}, "schedule": {"name": "constant"}}
    config = make_config(train={"steps": state.step + 3, "save_every_epochs": 1}, **settings)
    items = make_items(tmp_path / "c", 2)
    whole = make_one_layer(tmp_path / "whole", config, items)
    unbroken = run_training(whole)
    resumed = run_training(with_fresh_network(whole, tmp_path / "run"), resume=True)
    assert resumed.losses == unbroken.losses
    for name, value in unbroken.lora_state.items():
        assert torch.equal(value, resumed.lora_state[name])
