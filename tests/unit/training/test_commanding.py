"""Leading a run while it trains: every command, and that training itself stays what it was."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.unit.training.training_runs import (
    events_of,
    make_config,
    make_hunyuan,
    make_items,
    make_one_layer,
    with_fresh_network,
)
from trainer.errors import ConfigError
from trainer.training.control import RunControl
from trainer.training.loop import run_training
from trainer.training.reports import Hooks, SampleOccasion, StepReport, TrainRequest
from trainer.training.runs import saving

ADAMW = {"name": "adamw", "learning_rate": 0.01}
PRODIGY = {"name": "prodigy", "d0": 1e-3}
Script = Mapping[int, tuple[str, int | None]]


class Led:
    """Asks for things after given steps, and counts passes through the model."""

    def __init__(self, script: Script, **hooks: Any) -> None:
        self.control = RunControl()
        self.events: list[Mapping[str, Any]] = []
        self._script = dict(script)
        self.hooks = Hooks(
            on_step=self._on_step, on_event=self.events.append, control=self.control, **hooks
        )

    def _on_step(self, report: StepReport) -> None:
        wish = self._script.pop(report.step, None)
        if wish is not None:
            self.control.ask(*wish, by="test")

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


def request_for(folder: Path, steps: int = 8, **train: Any) -> TrainRequest:
    config = make_config(
        train={"steps": steps, "save_every_epochs": 0, "accumulation": 2, **train},
        optimizer=ADAMW,
    )
    return make_one_layer(folder / "run", config, make_items(folder / "c", 4))


def lora(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(max((folder / "checkpoints").glob("*.safetensors")))


def same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


def test_stop_keeps_the_run_and_it_can_go_on(tmp_path: Path) -> None:
    whole = request_for(tmp_path / "whole")
    run_training(whole)
    request = request_for(tmp_path / "led")
    led = Led({3: ("stop", None)})
    result = run_training(request, led.hooks)
    assert (result.stopped, result.steps_done, result.stop_cause) == (True, 3, None)
    assert led.of("stop")[-1]["reason"] == "stopped"
    assert led.of("control") == [
        {"type": "control", "time": led.of("control")[0]["time"], "step": 3, "action": "stop",
         "by": "test"}
    ]  # fmt: skip
    assert result.last_checkpoint is not None
    run_training(with_fresh_network(request), resume=True)
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))


@pytest.mark.parametrize("action", ["stop", "pause", "save"])
def test_commands_act_before_the_next_pass_through_the_model(tmp_path: Path, action: str) -> None:
    """With three batches a step, a command given during the first batch is not kept waiting."""
    request = request_for(tmp_path, steps=4, accumulation=3)
    led = Led({})
    passes: list[str] = []

    class Counting:
        def velocity(self, *values: Any) -> torch.Tensor:
            passes.append("pass")
            if len(passes) == 4:  # the first batch of the second step
                led.control.ask(action)
                threading.Timer(0.5, lambda: led.control.ask("resume")).start()
            return request.model.velocity(*values)

    def on_event(event: Mapping[str, Any]) -> None:
        led.events.append(event)
        if event["type"] == "control" and event["action"] == action:
            passes.append(action)

    counted = dataclasses.replace(request, model=Counting())  # type: ignore[arg-type]
    run_training(counted, dataclasses.replace(led.hooks, on_event=on_event))
    assert passes.index(action) == 4


def test_pause_frees_the_device_and_changes_nothing(tmp_path: Path) -> None:
    whole = request_for(tmp_path / "whole")
    run_training(whole)
    seen: list[str] = []

    @contextlib.contextmanager
    def paused() -> Iterator[None]:
        seen.append("given back")
        assert all(p.grad is None for p in request.network.parameters())
        threading.Timer(0.3, lambda: led.control.ask("resume")).start()
        yield
        seen.append("taken again")

    request = request_for(tmp_path / "led")
    led = Led({3: ("pause", None)}, paused=paused)
    result = run_training(request, led.hooks)
    assert seen == ["given back", "taken again"]
    assert not result.stopped
    assert [event["action"] for event in led.of("control")] == ["pause", "resume"]
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))


@pytest.mark.parametrize("wish", ["stop", "cancel", "rewind"])
def test_paused_run_can_be_ended_or_taken_back(tmp_path: Path, wish: str) -> None:
    cancelled = threading.Event()

    @contextlib.contextmanager
    def paused() -> Iterator[None]:
        def act() -> None:
            if wish == "cancel":
                cancelled.set()
            else:
                led.control.ask(wish, 2 if wish == "rewind" else None)

        threading.Timer(0.2, act).start()
        yield

    request = request_for(tmp_path, save_every_steps=2)
    led = Led({5: ("pause", None)}, paused=paused, should_stop=cancelled.is_set)
    result = run_training(request, led.hooks)
    ending = {"stop": "stopped", "cancel": "cancelled", "rewind": "finished"}[wish]
    assert led.of("stop")[-1]["reason"] == ending
    assert result.steps_done == (8 if wish == "rewind" else 5)


def test_save_now_saves_the_present_step_and_changes_nothing(tmp_path: Path) -> None:
    whole = request_for(tmp_path / "whole")
    run_training(whole)
    led = Led({3: ("save", None)})
    run_training(request_for(tmp_path / "led"), led.hooks)
    assert [event["step"] for event in led.of("checkpoint")] == [3, 8]
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))


@pytest.mark.parametrize("steps", [5, 12])
def test_changed_length_is_followed_and_survives_a_resume(tmp_path: Path, steps: int) -> None:
    led = Led({3: ("set_steps", steps)})
    request = request_for(tmp_path / "led", save_every_steps=2)
    result = run_training(request, led.hooks)
    assert result.steps_done == steps
    # Killed after the change and resumed from a state before it: the same run again.
    other = request_for(tmp_path / "other", save_every_steps=2)
    stopping = Led({3: ("set_steps", steps), 4: ("stop", None)})
    run_training(other, stopping.hooks)
    again = run_training(with_fresh_network(other), resume=True)
    assert again.steps_done == steps
    assert again.losses == result.losses
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "other/run"))


def test_length_asked_for_anew_wins_over_the_changed_one(tmp_path: Path) -> None:
    request = request_for(tmp_path)
    run_training(request, Led({3: ("set_steps", 20), 4: ("stop", None)}).hooks)
    train = dataclasses.replace(request.config.train, steps=10)
    longer = dataclasses.replace(request, config=dataclasses.replace(request.config, train=train))
    assert run_training(with_fresh_network(longer), resume=True).steps_done == 10


def test_length_below_what_is_done_is_refused_with_a_sentence(tmp_path: Path) -> None:
    led = Led({5: ("set_steps", 4)})
    assert run_training(request_for(tmp_path), led.hooks).steps_done == 8
    assert "cannot end at step 4" in led.of("warning")[0]["text"]


def test_rewind_to_a_kept_state_repeats_the_run_exactly(tmp_path: Path) -> None:
    whole = request_for(tmp_path / "whole", save_every_steps=2)
    run_training(whole)
    led = Led({7: ("rewind", 4)})
    result = run_training(request_for(tmp_path / "led", save_every_steps=2), led.hooks)
    assert not led.of("warning")
    assert result.losses == run_losses(tmp_path / "whole/run")
    assert run_losses(tmp_path / "led/run") == run_losses(tmp_path / "whole/run")
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))
    aside = tmp_path / "led/run/checkpoints/before_rewind"
    assert [path.name for path in aside.iterdir()] == ["lora_epoch0003_step000006.safetensors"]


def test_rewind_to_an_older_checkpoint_takes_its_lora(tmp_path: Path) -> None:
    config = make_config(
        train={"steps": 9, "save_every_epochs": 0, "save_every_steps": 2}, optimizer=PRODIGY
    )
    request = make_hunyuan(tmp_path / "run", config, make_items(tmp_path / "c", 2))
    led = Led({9 - 1: ("rewind", 2)})
    result = run_training(request, led.hooks)
    assert result.steps_done == 9
    assert "began anew" in led.of("warning")[0]["text"]
    assert [e["step"] for e in events_of(tmp_path / "run", "step")] == list(range(1, 10))
    steps = [event["d"] for event in events_of(tmp_path / "run", "step")]
    assert steps[2] == steps[1]  # Prodigy's estimate is kept


@pytest.mark.parametrize(("to", "reason"), [(3, "not saved"), (0, "between 1 and"), (7, "between")])
def test_rewind_to_nowhere_is_a_warning(tmp_path: Path, to: int, reason: str) -> None:
    led = Led({7: ("rewind", to)})
    result = run_training(request_for(tmp_path, save_every_steps=2), led.hooks)
    assert result.steps_done == 8
    assert reason in led.of("warning")[0]["text"]


def test_killed_after_a_rewind_resumes_from_the_step_gone_back_to(tmp_path: Path) -> None:
    request = request_for(tmp_path, save_every_steps=2)
    run_training(request, Led({7: ("rewind", 4), 5: ("set_steps", 9)}).hooks)
    # As after a kill: the states of later steps are gone, the log ends with the rewind.
    led = Led({7: ("rewind", 4)})
    other = request_for(tmp_path / "b", save_every_steps=2)

    class KilledError(Exception):
        pass

    def on_event(event: Mapping[str, Any]) -> None:
        if event["type"] == "control":
            raise KilledError

    stopped = run_training(other, dataclasses.replace(led.hooks, on_event=on_event))
    assert stopped.steps_done == 4
    assert run_training(with_fresh_network(other), resume=True).steps_done == 8


def sampler(made: list[SampleOccasion], act: Callable[[], None] = lambda: None) -> Any:
    def on_sample(occasion: SampleOccasion) -> list[dict[str, Any]]:
        if occasion.lora_path is not None:
            assert load_file(occasion.lora_path)
        made.append(occasion)
        act()
        return [{"path": f"samples/{occasion.step}.png", "prompt": 0, "seconds": 0.1}]

    return on_sample


def test_previews_are_made_when_due_and_on_wish(tmp_path: Path) -> None:
    made: list[SampleOccasion] = []
    train = {"sample_every_steps": 4, "sample_at_start": True, "sample_at_checkpoints": True}
    led = Led({3: ("sample", None)}, on_sample=sampler(made))
    run_training(request_for(tmp_path, save_every_steps=6, **train), led.hooks)
    assert [occasion.step for occasion in made] == [0, 3, 4, 6, 8]
    assert [o.lora_path is None for o in made] == [True, False, False, False, False]
    assert [event["step"] for event in led.of("sample")] == [0, 3, 4, 6, 8]
    assert not list((tmp_path / "run/samples").glob("*.safetensors"))


def test_failing_preview_is_a_warning_and_training_is_the_same(tmp_path: Path) -> None:
    whole = request_for(tmp_path / "whole")
    run_training(whole)

    def fail() -> None:
        raise RuntimeError("the card is full")

    led = Led({}, on_sample=sampler([], fail))
    run_training(request_for(tmp_path / "led", sample_every_steps=2), led.hooks)
    assert "step 2 were not made: the card is full" in led.of("warning")[0]["text"]
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))


def test_full_disk_at_a_preview_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[SampleOccasion] = []
    whole = saving.save_lora

    def save(path: Path, *values: Any, **options: Any) -> Path:
        if path.parent.name == "samples":
            raise OSError(28, "No space left on device")
        return whole(path, *values, **options)

    monkeypatch.setattr(saving, "save_lora", save)
    led = Led({}, on_sample=sampler(made))
    result = run_training(request_for(tmp_path, sample_every_steps=3), led.hooks)
    assert result.steps_done == 8
    assert made == []
    assert "No space left" in led.of("warning")[0]["text"]


def test_cancel_out_of_a_preview_ends_the_run_with_its_cause(tmp_path: Path) -> None:
    class CancelledError(Exception):
        pass

    def cancel() -> None:
        raise CancelledError

    led = Led({}, on_sample=sampler([], cancel), stopping=(CancelledError,))
    result = run_training(request_for(tmp_path, sample_every_steps=3), led.hooks)
    assert result.steps_done == 3
    assert isinstance(result.stop_cause, CancelledError)
    assert led.of("stop")[-1]["reason"] == "cancelled"


class CutOffError(BaseException):
    """As newer ComfyUI versions cancel: no ordinary exception, and out of any of their calls."""


@pytest.mark.parametrize("where", ["model", "hook", "measuring"])
def test_cancel_out_of_anything_is_a_cancel_and_goes_on_the_same(
    tmp_path: Path, where: str
) -> None:
    whole = request_for(tmp_path / "whole", validate_every_steps=2)
    run_training(whole)
    request = request_for(tmp_path / "led", validate_every_steps=2)
    passes = 0

    class CuttingOff:
        def velocity(self, *values: Any) -> torch.Tensor:
            nonlocal passes
            passes += 1
            # 15 passes measure the start, two make a step, and step 2 is measured again.
            if passes == {"model": 18, "measuring": 24}.get(where):
                raise CutOffError
            return request.model.velocity(*values)

    def on_step(report: StepReport) -> None:
        if where == "hook" and report.step == 1:
            raise CutOffError

    cut = dataclasses.replace(request, model=CuttingOff())  # type: ignore[arg-type]
    result = run_training(cut, Hooks(on_step=on_step, stopping=(CutOffError,)))
    assert isinstance(result.stop_cause, CutOffError)
    assert result.steps_done == (2 if where == "measuring" else 1)
    assert events_of(tmp_path / "led/run", "stop")[-1]["reason"] == "cancelled"
    assert run_training(with_fresh_network(request), resume=True).steps_done == 8
    assert same(lora(tmp_path / "led/run"), lora(tmp_path / "whole/run"))


def test_sample_without_anybody_to_make_it_is_a_warning(tmp_path: Path) -> None:
    led = Led({2: ("sample", None)})
    assert run_training(request_for(tmp_path), led.hooks).steps_done == 8
    assert "Preview Settings" in led.of("warning")[0]["text"]


@pytest.mark.parametrize(
    ("action", "value", "word"),
    [("dance", None, "action"), ("set_steps", None, "value"), ("set_steps", -1, "value"),
     ("rewind", "4", "value"), ("set_steps", True, "value")],
)  # fmt: skip
def test_bad_commands_are_refused(action: str, value: Any, word: str) -> None:
    with pytest.raises(ConfigError, match=f"'{word}'"):
        RunControl().ask(action, value)


def run_losses(folder: Path) -> tuple[float, ...]:
    return tuple(event["loss"] for event in events_of(folder, "step"))


def test_only_commands_that_end_or_interrupt_the_run_are_urgent() -> None:
    for action, is_urgent in (("save", False), ("sample", False), ("stop", True), ("pause", True)):
        control = RunControl()
        control.ask(action)
        assert control.is_urgent is is_urgent
        control.take()
        assert not control.is_urgent
