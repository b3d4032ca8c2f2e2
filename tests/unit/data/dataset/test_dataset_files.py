"""File names of a built dataset; the rest of the module is tested through build_dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.data.dataset.dataset_files import DatasetFolder, safe_stem
from trainer.errors import DatasetError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('a<b>:"/\\|?*c', "a_b_c"),
        ("two  words", "two_words"),
        ("日本語", "日本語"),
        ("x" * 300, "x" * 48),
        ("... ", "picture"),
        ("name.", "name"),
        ("caf\udce9 1", "caf_1"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("🖼" * 60, "🖼" * 48),
    ],
)
def test_safe_stem_is_a_name_for_every_system(text: str, name: str) -> None:
    assert safe_stem(text) == name


def test_folder_whose_name_is_no_text_is_refused_before_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"bad_\?.* no UTF-8 text"):
        DatasetFolder(tmp_path / "bad_\udce9")
    assert list(tmp_path.iterdir()) == []
