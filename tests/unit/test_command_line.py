"""The command line, run as a program: what it does, prints and exits with."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file

from tests.unit.model.reference_model import TINY, make_weights
from trainer.__main__ import main
from trainer.data.cache.caching import Conditioning, cache_latents, cache_text
from trainer.data.dataset.reading import load_dataset
from trainer.export.formats import load_lora_file

ROOT = Path(__file__).parents[2]


class ToyLatentEncoder:
    """Latents from the mean colours of 8 x 8 pixel squares."""

    identity = "toy vae"

    def encode(self, pixels: NDArray[np.uint8]) -> torch.Tensor:
        frames, height, width, _ = pixels.shape
        values = torch.from_numpy(pixels.astype(np.float32)).mean(dim=3) / 127.5 - 1
        squares = values.reshape(frames, height // 8, 8, width // 8, 8).mean(dim=(2, 4))
        return squares[None].repeat(16, 1, 1, 1)


class ToyTextEncoder:
    """A text as long as its words, of numbers made from its letters."""

    identity = "toy clip"

    def encode(self, caption: str) -> Conditioning:
        generator = torch.Generator().manual_seed(sum(caption.encode()))
        text = torch.randn(1 + len(caption.split()), TINY.text_width, generator=generator)
        return Conditioning(text, torch.randn(10, generator=generator))


def make_project(folder: Path, steps: int = 4, extra: str = "") -> Path:
    """Model, pictures, captions, caches and a RUN.toml with paths relative to itself."""
    save_file(make_weights(), folder / "model.safetensors")
    pictures = folder / "pictures"
    pictures.mkdir()
    for number in range(3):
        colour = (60 * number, 200 - 50 * number, 90)
        Image.new("RGB", (64, 64), colour).save(pictures / f"p{number}.png")
        (pictures / f"p{number}.txt").write_text(f"a figure, pose {number}", encoding="utf-8")
    (folder / "dataset.toml").write_text(
        '[general]\nresolution = [64, 64]\ncaption_extension = ".txt"\n'
        '[[datasets]]\nimage_directory = "pictures"\n',
        encoding="utf-8",
    )
    dataset = load_dataset(folder / "dataset.toml")
    cache_latents(dataset, ToyLatentEncoder(), folder / "cache")
    cache_text(dataset, ToyTextEncoder(), folder / "cache")
    config = folder / "run.toml"
    config.write_text(
        '[model]\npath = "model.safetensors"\n'
        '[data]\ndataset = "dataset.toml"\nlatent_cache = "cache"\ntext_cache = "cache"\n'
        '[output]\nname = "figure"\n[lora]\nrank = 2\nalpha = 2\n'
        f'[train]\nsteps = {steps}\ncompute_dtype = "fp32"\nsave_every_epochs = 1\n{extra}',
        encoding="utf-8",
    )
    return config


def run_program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "trainer", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_train_resume_pick_and_convert_work_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_project(tmp_path)
    done = run_program("train", str(config))
    assert (done.returncode, done.stderr) == (0, "")
    assert "step 4/4" in done.stdout
    folder = tmp_path / "runs/figure"
    final = folder / "checkpoints/figure_epoch0002_step000004.safetensors"
    lora = load_lora_file(final)
    assert len(lora.layers) == 20
    assert lora.metadata["ss_num_train_images"] == "3"
    assert json.loads(lora.metadata["ss_tag_frequency"])["pictures"]["a figure"] == 3

    longer = folder / "config.toml"
    longer.write_text(longer.read_text("utf-8").replace("steps = 4\n", "steps = 6\n", 1), "utf-8")
    assert main(["resume", str(folder)]) == 0
    assert "step 5/6" in capsys.readouterr().out

    assert main(["pick", str(folder), "--plot", str(tmp_path / "loss.png")]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"figure_epoch\d{4}_step\d{6}\.safetensors\n$", printed)
    with Image.open(tmp_path / "loss.png") as picture:
        assert picture.size == (1200, 640)

    target = tmp_path / "other.safetensors"
    assert main(["convert", str(final), str(target), "--format", "diffusers"]) == 0
    assert len(load_lora_file(target).layers) == 20

    assert main(["cache", "verify", str(tmp_path / "cache")]) == 0


def test_train_and_resume_feed_the_trackers_of_the_configuration(tmp_path: Path) -> None:
    extra = '[trackers]\ntensorboard = true\nwandb = "offline"\nother = "nosuch"\n'
    done = run_program("train", str(make_project(tmp_path, steps=2, extra=extra)))
    assert done.returncode == 0, done.stderr
    assert "accelerate knows no tracker 'nosuch'" in done.stderr
    folder = tmp_path / "runs/figure"
    events = [
        json.loads(line) for line in (folder / "events.jsonl").read_text("utf-8").splitlines()
    ]
    assert [event["text"] for event in events if event["type"] == "warning"] == [
        done.stderr.strip()
    ]
    config = folder / "config.toml"
    longer = config.read_text("utf-8").replace("steps = 2\n", "steps = 3\n", 1)
    config.write_text(longer.replace('"nosuch"', '""'), "utf-8")
    resumed = run_program("resume", str(folder))
    assert (resumed.returncode, resumed.stderr) == (0, "")
    trackers = folder / "trackers"
    assert len(list((trackers / "tensorboard").glob("events.out.*"))) == 2
    assert len(list((trackers / "wandb").rglob("*.wandb"))) == 2
    # Nothing of the machine's folders is told.
    for file in [*trackers.rglob("*.wandb"), *trackers.rglob("events.out.*")]:
        assert str(tmp_path).encode() not in file.read_bytes()


def test_plan_of_a_run_prints_every_part_and_their_sum(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(make_project(tmp_path)), "--device-gib", "4"]) == 0
    text = capsys.readouterr().out
    parts = [float(size) for size in re.findall(r"^ +([\d.]+) MiB  ", text, re.MULTILINE)]
    total = re.search(r"fits\. Device memory ([\d.]+) MiB of 4096\.0 MiB", text)
    assert total is not None
    assert float(total.group(1)) == pytest.approx(sum(parts), abs=0.05 * len(parts))
    assert not (tmp_path / "runs").exists()


def test_plan_of_sizes_needs_no_files(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "--size", "512x512", "--device-gib", "8", "--weights", "gguf_q4"]
    assert main(arguments) == 0
    assert "512x512: fits" in capsys.readouterr().out


def test_held_out_items_are_measured_and_not_trained(tmp_path: Path) -> None:
    config = make_project(tmp_path, extra="validate_every_steps = 2\n")
    text = config.read_text("utf-8").replace("[output]", "hold_out = 1\n[output]")
    config.write_text(text, "utf-8")
    assert main(["train", str(config)]) == 0
    lines = (tmp_path / "runs/figure/events.jsonl").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    assert events[0]["items"] == 2
    assert [event["step"] for event in events if event["type"] == "validation"] == [0, 2, 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "nothing.toml"], "nothing.toml"),
        (["resume", "nothing"], "config.toml"),
        (["plan"], "--size 1024x1024"),
        (["plan", "--size", "large"], "large"),
        (["plan", "--size", "512x512", "--weights", "fp9"], "fp9"),
        (["plan", "--size", "512x512", "--device-gib", "0"], "--device-gib"),
        (["pick", "nothing"], "events.jsonl"),
        (["convert", "no.safetensors", "out.safetensors", "--format", "kohya"], "no.safetensors"),
        (["cache", "verify", "nothing"], "nothing"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_bad_input_exits_2_with_one_message(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("arguments", [[], ["fly"], ["convert", "a", "b", "--format", "zip"]])
def test_bad_words_exit_2_with_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_run_file_without_places_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.toml").write_text("[model]\npath = 'm.safetensors'\n", "utf-8")
    assert main(["train", str(tmp_path / "run.toml")]) == 2
    assert "data.dataset, data.latent_cache, data.text_cache" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"cache"\ntext', '"nowhere"\ntext', "nowhere"),
        ('"model.safetensors"', '"gone.safetensors"', "gone.safetensors"),
        ('path = "model', 'device = "abacus"\npath = "model', "abacus"),
        ("[output]", "hold_out = 3\n[output]", "hold_out"),
    ],
    ids=["no cache", "no model", "no such device", "all held out"],
)
def test_train_with_something_missing_exits_2_and_makes_no_run(
    tmp_path: Path, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_project(tmp_path)
    text = config.read_text("utf-8")
    assert old in text
    config.write_text(text.replace(old, new, 1), "utf-8")
    assert main(["train", str(config)]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "runs/figure/events.jsonl").exists()


def test_damaged_cache_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_project(tmp_path)
    broken = sorted((tmp_path / "cache/latents").iterdir())[0]
    broken.write_bytes(broken.read_bytes()[:-1])
    assert main(["cache", "verify", str(tmp_path / "cache")]) == 2
    assert broken.name in capsys.readouterr().err


def test_train_in_several_processes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["train", str(make_project(tmp_path))]) == 2
    assert "--num_processes 1" in capsys.readouterr().err
