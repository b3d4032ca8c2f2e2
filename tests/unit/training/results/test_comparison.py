"""Comparisons read from words: which files, which numbers, which table."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.errors import ConfigError, StateError
from trainer.training.results.comparison import (
    Comparison,
    LoraChoice,
    choose_loras,
    lora_choice,
    read_numbers,
    read_seeds,
)

FILES = tuple(lora_choice(Path(f"run_epoch0001_step{n:06d}.safetensors")) for n in (10, 20, 30, 40))


def _steps(wanted: str, best: int | None = None) -> list[int | None]:
    return [one and one.step for one in choose_loras(wanted, FILES, best)]


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        ("all", [10, 20, 30, 40]),
        ("last 2", [30, 40]),
        ("last", [40]),
        ("first 2", [10, 20]),
        ("every 2", [20, 40]),
        ("every 9", [40]),
        ("0, 20", [None, 20]),
        ("none\n40", [None, 40]),
        ("20, last 3, Best", [20, 30, 40]),
        ("step 30", [30]),
        ("run_epoch0001_step000010", [10]),
    ],
)
def test_checkpoints_are_chosen_by_words(wanted: str, steps: list[int | None]) -> None:
    assert _steps(wanted, best=30) == steps


@pytest.mark.parametrize(
    ("wanted", "words"),
    [("25", ["25", "10, 20, 30, 40"]), ("", ["empty"]), ("last 0", ["last 0"]), ("best", ["best"])],
)
def test_checkpoints_that_do_not_exist_get_a_sentence(wanted: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        _steps(wanted)
    assert all(word in str(error.value) for word in words)


def test_no_files_allow_nothing_but_the_base_model() -> None:
    assert choose_loras("none", ()) == (None,)
    with pytest.raises(StateError, match="no checkpoint"):
        choose_loras("all", ())


def test_file_names_tell_their_step() -> None:
    assert lora_choice(Path("a/alva-step000120.safetensors")).label == "step 120"
    assert lora_choice(Path("a/style.safetensors")) == LoraChoice(
        Path("a/style.safetensors"), "style"
    )


def test_numbers_are_read_once_in_order() -> None:
    assert read_numbers("0.6, 1.0 0.8;0.6\n-1", "strengths", -4, 4) == (0.6, 1.0, 0.8, -1.0)
    assert read_seeds("0, 7") == (0, 7)


@pytest.mark.parametrize("text", ["", "x", "5", "nan", "inf", "0.5.1"])
def test_numbers_out_of_range_get_a_sentence(text: str) -> None:
    with pytest.raises(ConfigError, match="'strengths'"):
        read_numbers(text, "strengths", -4, 4)


@pytest.mark.parametrize("text", ["0.5", "-1", "a"])
def test_seeds_are_whole_numbers(text: str) -> None:
    with pytest.raises(ConfigError, match="'seeds'"):
        read_seeds(text)


def test_samples_without_lora_are_made_once() -> None:
    compared = Comparison((None, *FILES[:2]), (0.0, 0.5, 1.0), ("a", "b"), "checkpoints", "prompts")
    assert len(compared.samples) == 2 * (1 + 2 * 2)
    blocks = compared.blocks()
    assert [block.title for block in blocks] == ["strength 0", "strength 0.5", "strength 1"]
    assert blocks[1].columns == ("without LoRA", "step 10", "step 20")
    assert blocks[1].rows == ("a", "b")
    assert {cell for row in blocks[0].cells for cell in row} == set(compared.samples[:2])
    shown = {cell for block in blocks for row in block.cells for cell in row}
    assert shown == set(compared.samples)


@pytest.mark.parametrize("x", ["checkpoints", "strengths", "prompts"])
@pytest.mark.parametrize("y", ["checkpoints", "strengths", "prompts"])
def test_every_pair_of_axes_shows_every_value_in_its_place(x: str, y: str) -> None:
    if x == y:
        with pytest.raises(ConfigError, match="both"):
            Comparison(FILES[:2], (1.0, 0.5), ("a", "b", "c"), x, y)
        return
    compared = Comparison(FILES[:2], (1.0, 0.5), ("a", "b", "c"), x, y)
    for block in compared.blocks():
        for row, cells in zip(block.rows, block.cells, strict=True):
            for column, cell in zip(block.columns, cells, strict=True):
                assert cell.lora is not None
                labels = {cell.lora.label, f"strength {cell.strength:g}", "abc"[cell.prompt]}
                assert labels == {block.title, row, column}


def test_too_many_samples_are_refused_with_their_numbers() -> None:
    with pytest.raises(ConfigError, match=r"4 checkpoints, 3 strengths and 6 prompts make 72"):
        Comparison(FILES, (1.0, 0.5, 0.2), tuple("abcdef"), "checkpoints", "prompts")
