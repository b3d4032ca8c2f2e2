"""Captions edited by hand in a built dataset's folder: found, and overruled without loss."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from trainer.data.captions.captioning import CaptionFields, caption_crops
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.planning import Crop, plan_crops
from trainer.data.dataset.building import build_dataset, caption_bytes
from trainer.data.dataset.dataset_files import ASIDE_NAME, LEDGER_NAME, DatasetFolder
from trainer.data.dataset.hand_edits import find_hand_edits, hand_edits_mark
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import scan_folder
from trainer.errors import DatasetError

FIELDS = CaptionFields(trigger="alva")


@pytest.fixture
def crops(tmp_path: Path) -> tuple[Crop, ...]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        Image.effect_noise((300, 300), 60 + 40 * number).convert("RGB").save(
            folder / f"{number}.png"
        )
    settings = CropSettings(buckets=(Bucket(128, 128),), shots=("picture",))
    return plan_crops(scan_folder(folder), settings).crops


@pytest.fixture
def built(tmp_path: Path, crops: tuple[Crop, ...]) -> Path:
    folder = tmp_path / "datasets" / "one"
    build_dataset(caption_crops(crops, FIELDS), folder)
    return folder


def names(crops: tuple[Crop, ...]) -> dict[str, Crop]:
    return {str(number): crop for number, crop in enumerate(crops)}


def test_nothing_is_found_in_a_dataset_as_it_was_built(
    tmp_path: Path, built: Path, crops: tuple[Crop, ...]
) -> None:
    assert find_hand_edits(built.parent, names(crops)) == {}
    assert hand_edits_mark(built) == ""
    assert find_hand_edits(tmp_path / "nowhere", names(crops)) == {}


def test_edited_caption_is_found_by_its_crop(built: Path, crops: tuple[Crop, ...]) -> None:
    first, second = sorted(built.glob("*/*.txt"))
    second.write_text("by hand\n", encoding="utf-8")
    (found,) = find_hand_edits(built.parent, names(crops)).items()
    assert found[0] == "1"
    assert (found[1].text, found[1].name) == ("by hand", f"128x128/{second.name}")
    before = hand_edits_mark(built)
    first.write_text("too", encoding="utf-8")
    assert hand_edits_mark(built) not in ("", before)


def test_overruling_sets_the_edit_aside_and_settles_it(
    built: Path, crops: tuple[Crop, ...]
) -> None:
    path = sorted(built.glob("*/*.txt"))[0]
    path.write_text("by hand", encoding="utf-8")
    edit = find_hand_edits(built.parent, names(crops))["0"]
    DatasetFolder(built).overrule(edit.name, caption_bytes("from the editor"))
    assert path.read_text(encoding="utf-8") == "from the editor\n"
    assert (built / ASIDE_NAME / edit.name).read_text(encoding="utf-8") == "by hand"
    assert find_hand_edits(built.parent, names(crops)) == {}


def test_overruling_what_is_not_on_the_list_is_refused(built: Path) -> None:
    with pytest.raises(DatasetError, match="not a file of the dataset"):
        DatasetFolder(built).overrule("other.txt", b"x")


@pytest.mark.parametrize("damage", ["ledger", "gone", "not text"])
def test_damaged_datasets_are_passed_over(
    built: Path, crops: tuple[Crop, ...], damage: str
) -> None:
    path = sorted(built.glob("*/*.txt"))[0]
    if damage == "ledger":
        (built / LEDGER_NAME).write_text("{", encoding="utf-8")
        path.write_text("by hand", encoding="utf-8")
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"\xff\xfe\x00")
    assert find_hand_edits(built.parent, names(crops)) == {}
