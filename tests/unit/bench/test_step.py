"""The benchmark of a training step, on a model of a few thousand weights."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from bench.interleaved import Worker, WorkerError, Workers
from bench.step import RIVALS, TOLERANCES, WORKER, compare_gradients, entry, measure
from bench.training_step.case import StepCase
from bench.training_step.contenders import Place, planned_policy, run_contender
from bench.training_step.parts import PARTS
from bench.training_step.turns import Turns
from tests.conftest import Comfyui

TINY = StepCase(
    "tiny", "fp32", (1, 8, 12),
    hidden=128, double_blocks=1, single_blocks=1, text_width=64, text_tokens=9,
)  # fmt: skip


def test_every_contender_is_measured(comfyui: Comfyui, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real processes, ComfyUI's node among them; the gradients are compared on the way."""
    monkeypatch.setenv("COMFYUI_PATH", str(comfyui.path))
    monkeypatch.setattr("bench.step.THREADS", 1)

    results = measure(TINY, turns=2, is_whole_field=False)

    assert set(results) == {"step.fp32.tiny", "memory.fp32.tiny"}
    step, memory = results["step.fp32.tiny"], results["memory.fp32.tiny"]
    assert set(step["ratio"]) == set(RIVALS)
    assert set(memory["ratio"]) == set(RIVALS) - {"flops"}
    assert all(value > 0 for value in [*step["baseline"].values(), *memory["baseline"].values()])
    # Keeping a block's input alone is what checkpointing is for.
    assert memory["baseline"]["checkpointed"] < memory["baseline"]["plain"]
    assert memory["value"] < memory["baseline"]["plain"]
    assert step["setup"]["turns"] == 2
    differences = step["setup"]["gradient_difference_to_plain"]
    assert differences["ours"]["all"] < TOLERANCES["fp32"][1]
    # The node adapts every linear and shifts every bias, far more than our 10 layers.
    assert step["setup"]["core"]["trained_tensors"] > 100


def test_own_ways_to_run_a_step_are_measured_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """With processes that answer from a list: what is asked of whom, and what is made of it."""
    asked: list[tuple[str, tuple[str, ...]]] = []

    class Stand(Workers):
        def __init__(self, module: str, jobs: dict[str, dict[str, Any]]) -> None:
            self.by_name = {name: _Answers(name) for name in jobs}  # type: ignore[misc]

        def turn(self, command: str, names: Any = None) -> dict[str, dict[str, Any]]:
            asked.append((command, tuple(names)))
            return {name: _answer(name, len(asked)) for name in names}

        def end(self) -> None:
            pass

    monkeypatch.setattr("bench.step.Workers", Stand)
    monkeypatch.setattr("bench.step.compare_gradients", lambda *_: {})

    results = measure(TINY, turns=3, is_whole_field=True)

    everybody = ("ours", "ours_whole", "ours_checkpointed", *RIVALS)
    first = [("memory", ("plain", "checkpointed")), ("memory", everybody[:-1])]
    assert asked == first + 3 * [("time", everybody), ("parts", ("ours",))]
    # Questions 3, 5 and 7 were timed: the median is that of the fifth question.
    assert results["step.fp32.tiny"]["value"] == 5.0
    assert results["step.fp32.tiny"]["baseline"] == {
        "plain": 10.0, "checkpointed": 10.0, "core": 10.0, "flops": 2.5,
    }  # fmt: skip
    assert results["step.fp32.tiny"]["setup"]["memory_limit_mb"] == 1.5
    assert results["step.fp32.tiny"]["ratio"]["flops"] == 2.0
    assert results["memory.checkpointed.fp32.tiny"]["value"] == 3.0
    assert results["parts.fp32.tiny.lora"]["ratio"] == {"flops": 2.5}
    assert results["parts.fp32.tiny.copies"]["baseline"] == {}
    # A compiler that does not work is a contender less, and says so.
    assert results["step.fp32.tiny"]["setup"]["left_out"] == {"ours_compiled": "no compiler"}
    assert not any("compiled" in name for name in results)


class _Answers:
    def __init__(self, name: str) -> None:
        self.about = {"note": "no compiler"} if name == "ours_compiled" else {}


def _answer(name: str, number: int) -> dict[str, Any]:
    kinds = dict.fromkeys(PARTS[:5], 2.0)
    answer: dict[str, Any] = {"seconds": float(number), "peak": 3_000_000}
    if name in RIVALS:
        answer["seconds"] = 2.0 * number
    if name == "flops":
        answer |= {"limit": number / 2, "kinds": kinds, "flops": dict.fromkeys(kinds, 10**9)}
    return answer | {"parts": dict.fromkeys(PARTS, 5.0)}


def test_parts_cover_a_step(tmp_path: Path) -> None:
    answers = io.StringIO()
    turns = Turns(io.StringIO("time\nparts\n"), answers)

    run_contender("ours", TINY, turns, Place(tmp_path / "gradients.safetensors"))

    ready, timed, recorded = (json.loads(line) for line in answers.getvalue().splitlines())
    assert ready == {}
    assert set(timed) == {"seconds"}
    parts = recorded["parts"]
    assert set(parts) == set(PARTS)
    assert all(seconds > 0 for seconds in parts.values())
    assert 0.7 * recorded["seconds"] < sum(parts.values()) < 1.05 * recorded["seconds"]


def test_planned_policy_runs_as_few_blocks_twice_as_the_limit_needs() -> None:
    whole = planned_policy(TINY, 0)
    assert not whole.checkpoint_blocks
    counts = [len(planned_policy(TINY, limit).checkpoint_blocks) for limit in (10**9, 10**6, 1)]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, TINY.config.blocks)


def test_turns_measure_memory_of_one_step() -> None:
    answers = io.StringIO()
    turns = Turns(io.StringIO("memory\n"), answers)
    held: list[torch.Tensor] = []

    turns.serve(lambda: held.append(torch.empty(4096, dtype=torch.uint8)), {})

    assert json.loads(answers.getvalue().splitlines()[1])["peak"] == 4096


def test_different_gradients_stop_the_benchmark(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("ours", "plain", "core")}
    for name, value in (("plain", 1.0), ("ours", 1.1)):
        save_file({"loss": torch.tensor(2.0), "a": torch.full((4,), value)}, files[name])

    found = compare_gradients(files, (0.0, 0.2))
    assert found == {"ours": {"loss": 0.0, "all": pytest.approx(0.1)}}
    with pytest.raises(RuntimeError, match="ours does not compute what plain autograd does"):
        compare_gradients(files, (0.0, 0.05))

    save_file({"loss": torch.tensor(2.1), "a": torch.ones(4)}, files["ours"])
    with pytest.raises(RuntimeError, match="ours does not compute"):
        compare_gradients(files, (0.01, 0.05))
    save_file({"loss": torch.tensor(2.0), "b": torch.ones(4)}, files["ours"])
    with pytest.raises(RuntimeError, match="ours trains other parameters"):
        compare_gradients(files, (0.01, 0.05))


def test_worker_that_fails_says_why() -> None:
    with pytest.raises(WorkerError, match="KeyError: 'threads'"):
        Worker(WORKER, {"contender": "ours"})


def test_entry_has_the_fields_of_a_result() -> None:
    assert entry(1.23456, "s", {"plain": 2.0}, {"turns": 10}) == {
        "value": 1.235, "unit": "s", "baseline": {"plain": 2.0}, "ratio": {"plain": 0.617},
        "setup": {"turns": 10},
    }  # fmt: skip
