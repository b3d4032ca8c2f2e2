"""The user's MODEL is lent and given back exactly as it was, whatever happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Comfyui
from tests.host.checking import run_check


@pytest.fixture(scope="module")
def checked(comfyui: Comfyui) -> dict[str, Any]:
    """What the check prints, run once inside ComfyUI."""
    return run_check(comfyui, Path(__file__).with_name("borrowing_check.py"))


def test_model_is_as_before_after_training(checked: dict[str, Any]) -> None:
    assert checked["after_training"] == []


def test_model_is_as_before_after_a_broken_step(checked: dict[str, Any]) -> None:
    assert checked["after_breaking"] == []


def test_training_on_inference_weights_lowers_the_loss(checked: dict[str, Any]) -> None:
    assert checked["is_inference"]
    assert checked["losses"][-1] < checked["losses"][0]


def test_lora_patches_on_the_model_count_as_base(checked: dict[str, Any]) -> None:
    assert checked["patched_difference"] < 1e-5


def test_clips_have_an_identity_of_their_own_that_names_the_kind_of_vae(
    checked: dict[str, Any],
) -> None:
    assert checked["still_identity"]
    assert checked["clip_identity"].endswith(("-clip-whole", "-clip-carried"))


def test_brackets_in_a_caption_are_text(checked: dict[str, Any]) -> None:
    assert checked["bracket_as_text"] == 0
    assert checked["bracket_tokens"] > 0


def test_token_pieces_join_to_the_caption(checked: dict[str, Any]) -> None:
    assert "".join(checked["clip_pieces"]).split() == ["alva", ",", "a", "woman", ",", "señora"]
    # Some tokenizer versions lose the spaces; every other character has to be there.
    assert "".join(checked["llama_pieces"]).replace(" ", "") == "alva,awoman,señora"


def test_demo_text_features_tell_captions_apart(checked: dict[str, Any]) -> None:
    assert checked["captions_apart"] > 1
