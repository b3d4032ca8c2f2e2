"""File names of a built dataset; the rest of the module is tested through build_dataset."""

from __future__ import annotations

import pytest

from trainer.data.dataset.dataset_files import safe_stem


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('a<b>:"/\\|?*c', "a_b_c"),
        ("two  words", "two_words"),
        ("日本語", "日本語"),
        ("x" * 300, "x" * 48),
        ("... ", "picture"),
        ("name.", "name"),
    ],
)
def test_safe_stem_is_a_name_for_every_system(text: str, name: str) -> None:
    assert safe_stem(text) == name
