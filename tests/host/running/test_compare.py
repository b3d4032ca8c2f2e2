"""XY Compare in a real server: the table, what is sampled only once, words for bad input."""

from __future__ import annotations

import io
import re
import threading
import time
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dev.comfyui.api import Event, Result
from tests.host.graph import Prompt, inputs, last_checkpoint, run_folder, short_prompt
from tests.host.server import HostServer

SIZE = (96, 160)
TWO_PROMPTS = "{trigger}, a woman in a purple dress\na red circle on a white background"


@pytest.fixture(scope="module")
def folder(studio: HostServer) -> str:
    """A run with checkpoints at steps 2, 4 and 6, strong enough to be seen."""
    prompt = short_prompt(studio, "to_compare", 6, trigger="alva")
    inputs(prompt, "HunyuanLoraTrain")["save_every"] = 2
    made = run_folder(studio.queue(prompt), prompt)
    assert last_checkpoint(made).is_file()
    return "runs/to_compare"


def _prompt(folder: str, **changes: Any) -> Prompt:
    values = {"model": ["models", 0], "clip": ["models", 1], "vae": ["models", 2],
              "checkpoints": "none, 2, best, last", "strengths": "0.5, 1.0",
              "prompts": TWO_PROMPTS, "x": "checkpoints", "y": "prompts", "width": SIZE[0],
              "height": SIZE[1], "frames": 1, "steps": 2, "guidance": 6.0, "sampler": "euler",
              "scheduler": "simple", "seed": 5, "largest_side": 4096,
              "lora_files": folder}  # fmt: skip
    return {
        "models": {"class_type": "HunyuanLoraDemoModels", "inputs": {}},
        "compare": {"class_type": "HunyuanLoraXYCompare", "inputs": values | changes},
    }


def _grids(studio: HostServer, result: Result) -> list[np.ndarray]:
    assert result.error is None, result.error
    return [
        np.asarray(Image.open(io.BytesIO(studio.client.view(image))).convert("RGB"), np.float32)
        for image in result.outputs["compare"]["images"]
    ]


def _samples(result: Result) -> int:
    """How many were sampled, by the node's own words."""
    (line,) = [line for line in result.outputs["compare"]["hunyuan_report"] if "samples" in line]
    return int(line.split()[0])


def test_grid_shows_checkpoints_by_strengths_by_prompts(studio: HostServer, folder: str) -> None:
    result = studio.queue(_prompt(folder, checkpoints="none, 2, last"))
    (grid,) = _grids(studio, result)
    # Without LoRA once a prompt, not once a strength: 2 + 2 checkpoints x 2 strengths x 2 prompts.
    assert _samples(result) == 10
    assert grid.shape[1] > 3 * SIZE[0]
    assert grid.shape[0] > 4 * SIZE[1]
    report = result.outputs["compare"]["hunyuan_report"]
    assert report[0] == "checkpoints: without, step 2, step 6"


def test_grid_progress_goes_over_all_cells_and_names_them(studio: HostServer, folder: str) -> None:
    events: list[Event] = []
    result = studio.queue(_prompt(folder, checkpoints="none, 4", seed=9), events.append)
    assert result.error is None, result.error
    bars = [e.data["value"] for e in events if e.type == "progress" and e.data["node"] == "compare"]
    texts = [e.data["text"] for e in events if e.type == "progress_text"]
    assert bars == sorted(bars)
    assert bars[-1] == 6 * 3
    assert any(re.fullmatch(r"sample 5 of 6: step 4, strength 1, \d/2", text) for text in texts)


def test_best_is_a_checkpoint_of_the_run(studio: HostServer, folder: str) -> None:
    result = studio.queue(_prompt(folder, checkpoints="best", prompts="alva"))
    assert result.error is None, result.error
    assert re.fullmatch(r"checkpoints: step [246]", result.outputs["compare"]["hunyuan_report"][0])


def test_cells_hold_the_samples_at_their_size(studio: HostServer, folder: str) -> None:
    one = {"checkpoints": "last", "strengths": "1.0", "prompts": "alva"}
    (with_lora,) = _grids(studio, studio.queue(_prompt(folder, **one)))
    (without,) = _grids(studio, studio.queue(_prompt(folder, **one | {"checkpoints": "none"})))
    bottom = with_lora.shape[0] - 12 - SIZE[1]
    cells = [
        grid[bottom : bottom + SIZE[1], grid.shape[1] - 12 - SIZE[0] : grid.shape[1] - 12]
        for grid in (with_lora, without)
    ]
    assert cells[0].shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(cells[0] - cells[1]).mean() > 0.05


def test_clip_is_a_batch_of_labelled_frames(studio: HostServer, folder: str) -> None:
    changes = {"frames": 5, "width": 64, "height": 64, "prompts": "alva", "strengths": "1"}
    grids = _grids(studio, studio.queue(_prompt(folder, checkpoints="none, last", **changes)))
    assert len(grids) == 5
    # Labels stay, pictures move.
    assert all((grid[:24] == grids[0][:24]).all() for grid in grids)
    assert any((grid != grids[0]).any() for grid in grids[1:])


def test_files_may_come_from_the_run_wire_or_a_folder(studio: HostServer, folder: str) -> None:
    changes = {"checkpoints": "every 2", "prompts": "alva", "strengths": "1"}
    result = studio.queue(_prompt(f"{folder}/checkpoints", **changes))
    assert result.error is None, result.error
    assert result.outputs["compare"]["hunyuan_report"][0] == "checkpoints: step 4"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lora_files": ""}, ["'run'", "'lora_files'"]),
        ({"lora_files": "runs/nothing"}, ["lora_files", "does not exist"]),
        ({"checkpoints": "3"}, ["'3'", "2, 4, 6"]),
        ({"strengths": "0.5, strong"}, ["'strengths'", "'strong'"]),
        ({"strengths": "9"}, ["'strengths'", "-4 to 4"]),
        ({"y": "checkpoints"}, ["'x' and 'y'"]),
        ({"prompts": "{nothing}"}, ["Prompt 1", "{nothing}"]),
        ({"prompts": "\n".join(map(str, range(30)))}, ["180 cells", "64"]),
        ({"frames": 3}, ["'frames' is 3"]),
    ],
    ids=["no files", "missing", "step", "word", "range", "axes", "slot", "many", "frames"],
)
def test_comparison_that_cannot_be_made_gets_one_sentence(
    studio: HostServer, folder: str, changes: dict[str, Any], words: list[str]
) -> None:
    error = studio.queue(_prompt(folder, **changes)).error
    assert error is not None
    message = str(error["exception_message"])
    assert all(word in message for word in words), message
    assert message.strip().endswith(".")


def test_cancel_stops_within_a_sampler_step_and_leaves_sound_weights(
    studio: HostServer, folder: str
) -> None:
    cancelled: list[float] = []
    plain = {"checkpoints": "none", "prompts": "alva"}
    before = _grids(studio, studio.queue(_prompt(folder, **plain)))

    def watch(event: Event) -> None:
        started = event.type == "progress" and event.data["node"] == "compare"
        if started and event.data["value"] >= 2 and not cancelled:
            cancelled.append(time.monotonic())
            threading.Thread(target=studio.interrupt).start()

    long = _prompt(folder, steps=60, checkpoints="all", width=160, height=256, seed=77)
    result = studio.queue(long, watch)
    assert "execution_interrupted" in result.types
    assert time.monotonic() - cancelled[0] < 10
    # Another size limit, so that the server does not answer from its cache.
    again = _grids(studio, studio.queue(_prompt(folder, **plain, largest_side=4000)))
    assert (before[0] == again[0]).all()
