"""Prompts with the slots of a caption template."""

from __future__ import annotations

import pytest

from trainer.data.captions.captioning import CaptionFields
from trainer.data.captions.prompting import read_prompts
from trainer.data.pictures.buckets import Bucket
from trainer.errors import ConfigError

TALL = Bucket(144, 256)
ALVA = CaptionFields(style="Anime style", trigger="alva", class_word="woman",
                     named_traits="teal hair, purple dress")  # fmt: skip


def test_prompts_are_lines_and_slots_are_filled() -> None:
    text = "{trigger}, a {class_word} with {traits}.\n\n  a (plain)  line, {{as}} typed \n"
    assert read_prompts(text, ALVA, TALL) == (
        "alva, a woman with teal hair, purple dress.",
        "a (plain)  line, {as} typed",
    )


def test_slots_of_a_crop_mean_the_sample() -> None:
    (prompt,) = read_prompts("{trigger}. The {ratio} {view} image shows {framing}.", ALVA, TALL)
    assert prompt == "alva. The 9:16 front view image shows her full body, from head to toe."


def test_a_prompt_that_comes_twice_is_sampled_once() -> None:
    assert read_prompts("{trigger}\nalva\nalva", ALVA, TALL) == ("alva",)


@pytest.mark.parametrize(
    ("text", "fields", "words"),
    [
        (" \n", ALVA, ["'prompts' is empty"]),
        ("ok\n{triger}", ALVA, ["Prompt 2", "{triger}", "Did you mean '{trigger}'"]),
        ("{trigger", ALVA, ["Prompt 1", "without a '}'"]),
        ("{trigger} here", CaptionFields(), ["Prompt 1", "{trigger}", "'trigger'"]),
        ("{pose}", ALVA, ["Prompt 1", "{pose}", "empty"]),
    ],
    ids=["none", "unknown", "unbalanced", "no trigger", "nothing left"],
)
def test_prompts_that_cannot_be_filled_get_a_sentence(
    text: str, fields: CaptionFields, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        read_prompts(text, fields, TALL)
    assert all(word in str(error.value) for word in words)
