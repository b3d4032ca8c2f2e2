"""Datasets: building, building again, hand edits, reading back, balance and pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.captions.captioning import Captioned
from trainer.data.crops.planning import Crop
from trainer.data.dataset.building import (
    balance_table,
    build_dataset,
    load_dataset,
    load_pixels,
    summarize,
)
from trainer.data.dataset.dataset_files import LEDGER_NAME
from trainer.data.dataset.manifest import tomllib
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket
from trainer.data.pictures.media import MediaItem, load_image
from trainer.data.pictures.pixels import digest_pixels
from trainer.errors import DatasetError

TALL, SQUARE = Bucket(64, 112), Bucket(64, 64)


def draw(path: Path, seed: int, size: tuple[int, int] = (128, 224)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def make_item(path: Path, view: str = "front") -> MediaItem:
    image = load_image(path)
    return MediaItem(path, image.width, image.height, digest_pixels(image), False, view)


def caption(
    item: MediaItem, bucket: Bucket = TALL, shot: str = "full_body", text: str = "alva"
) -> Captioned:
    box = Box(0, 0, bucket.width_px * 2, bucket.height_px * 2)
    return Captioned(Crop(item, box, shot, item.view, bucket), text, "template")


@pytest.fixture
def wanted(tmp_path: Path) -> list[Captioned]:
    front = make_item(draw(tmp_path / "source" / "alva.png", 1))
    back = make_item(draw(tmp_path / "source" / "alva back.png", 2), "behind")
    return [
        caption(front, text="alva, tall"),
        caption(front, SQUARE, "headshot", "alva, head"),
        caption(back, text="alva, back"),
    ]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_build_writes_bucket_folders_captions_and_manifest(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder, seen = tmp_path / "set", []
    dataset = build_dataset(
        wanted, folder, batch_size=2, on_progress=lambda *report: seen.append(report)
    )
    assert sorted(snapshot(folder)) == [
        "64x112/001_alva_full_body.png",
        "64x112/001_alva_full_body.txt",
        "64x112/002_alva_back_full_body_behind.png",
        "64x112/002_alva_back_full_body_behind.txt",
        "64x64/001_alva_headshot.png",
        "64x64/001_alva_headshot.txt",
        "dataset.toml",
        "made_by_studio.json",
    ]
    assert seen[-1] == (3, 3, "64x112/002_alva_back_full_body_behind.png")
    found = {item.image_path.name: (item.caption, item.bucket) for item in dataset.items}
    assert found == {
        "001_alva_full_body.png": ("alva, tall", TALL),
        "002_alva_back_full_body_behind.png": ("alva, back", TALL),
        "001_alva_headshot.png": ("alva, head", SQUARE),
    }
    assert (dataset.batch_size, dataset.manifest_path) == (2, folder / "dataset.toml")


def test_build_picture_is_the_resized_box(tmp_path: Path, wanted: list[Captioned]) -> None:
    dataset = build_dataset(wanted[:1], tmp_path / "set")
    with Image.open(tmp_path / "source" / "alva.png") as source:
        expected = source.convert("RGB").resize((64, 112), Image.Resampling.LANCZOS)
    assert np.array_equal(load_pixels(dataset.items[0]), np.asarray(expected)[None])


def test_build_manifest_has_exact_sizes_with_bucketing_off(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    build_dataset(wanted, tmp_path / "set", repeats=3)
    manifest = tomllib.loads((tmp_path / "set" / "dataset.toml").read_text(encoding="utf-8"))
    assert manifest["general"]["enable_bucket"] is False
    assert manifest["general"]["caption_extension"] == ".txt"
    assert [entry["resolution"] for entry in manifest["datasets"]] == [[64, 64], [64, 112]]
    assert [entry["num_repeats"] for entry in manifest["datasets"]] == [6, 3]
    caches = {entry["cache_directory"] for entry in manifest["datasets"]}
    assert len(caches) == 2


def test_build_twice_writes_nothing_again(tmp_path: Path, wanted: list[Captioned]) -> None:
    build_dataset(wanted, tmp_path / "set")
    before = snapshot(tmp_path / "set")
    build_dataset(wanted, tmp_path / "set")
    assert snapshot(tmp_path / "set") == before


def test_build_again_takes_away_only_own_stale_files(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    build_dataset(wanted, folder)
    draw(folder / "64x112" / "mine.png", 7, (64, 112))
    (folder / "64x112" / "mine.txt").write_text("my own", encoding="utf-8")
    (folder / "notes.txt").write_text("keep", encoding="utf-8")
    dataset = build_dataset(wanted[:1], folder)
    assert sorted(snapshot(folder)) == [
        "64x112/001_alva_full_body.png",
        "64x112/001_alva_full_body.txt",
        "64x112/mine.png",
        "64x112/mine.txt",
        "dataset.toml",
        "made_by_studio.json",
        "notes.txt",
    ]
    assert not (folder / "64x64").exists()
    assert [item.caption for item in dataset.items] == ["alva, tall", "my own"]


def test_build_again_hand_edited_caption_stays_while_the_graph_wants_the_same(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    build_dataset(wanted, folder)
    edited = folder / "64x112" / "001_alva_full_body.txt"
    edited.write_text("edited by hand", encoding="utf-8")
    assert "edited by hand" in [item.caption for item in build_dataset(wanted, folder).items]
    changed = [caption(wanted[0].crop.item, text="from the graph"), *wanted[1:]]
    captions = [item.caption for item in build_dataset(changed, folder).items]
    assert "from the graph" in captions
    assert "edited by hand" not in captions
    aside = folder / "set_aside" / "64x112" / "001_alva_full_body.txt"
    assert aside.read_text(encoding="utf-8") == "edited by hand"


def test_build_again_edited_stale_file_is_set_aside_each_time(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    for text in ("first edit", "second edit"):
        build_dataset(wanted, folder)
        (folder / "64x64" / "001_alva_headshot.txt").write_text(text, encoding="utf-8")
        build_dataset(wanted[:1], folder)
    aside = folder / "set_aside" / "64x64"
    assert {path.read_text(encoding="utf-8") for path in aside.iterdir()} == {
        "first edit",
        "second edit",
    }


def test_build_name_taken_by_the_user_steps_aside(tmp_path: Path, wanted: list[Captioned]) -> None:
    folder = tmp_path / "set"
    mine = folder / "64x112" / "001_alva_full_body.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("my own", encoding="utf-8")
    build_dataset(wanted[:1], folder)
    assert mine.read_text(encoding="utf-8") == "my own"
    assert (folder / "64x112" / "001_alva_full_body_2.png").is_file()


def test_build_lost_ledger_adopts_files_of_the_same_content(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    build_dataset(wanted, folder)
    before = set(snapshot(folder))
    (folder / LEDGER_NAME).unlink()
    assert len(build_dataset(wanted, folder).items) == 3
    assert set(snapshot(folder)) == before


def test_build_stopped_in_the_middle_goes_on(tmp_path: Path, wanted: list[Captioned]) -> None:
    def fail(done: int, total: int, name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dataset(wanted, tmp_path / "set", on_progress=fail)
    changed = [caption(entry.crop.item, text="changed since") for entry in wanted[:1]]
    dataset = build_dataset(changed, tmp_path / "set")
    assert [item.caption for item in dataset.items] == ["changed since"]
    assert dataset.items[0].image_path.name == "001_alva_full_body.png"


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/etc/x", "C:/x", "a\\..\\..\\x", "64x64/../../x"]
)
def test_build_ledger_that_points_outside_is_refused(
    tmp_path: Path, wanted: list[Captioned], name: str
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    listed = {"format": 1, "files": {name: ["a", "b"]}}
    (folder / LEDGER_NAME).write_text(json.dumps(listed), encoding="utf-8")
    with pytest.raises(DatasetError, match="outside its folder"):
        build_dataset(wanted, folder)


def test_build_damaged_ledger_or_nothing_to_build_is_explained(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    (tmp_path / LEDGER_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(DatasetError, match="is damaged"):
        build_dataset(wanted, tmp_path)
    with pytest.raises(DatasetError, match="no crops"):
        build_dataset([], tmp_path / "set")
    with pytest.raises(DatasetError, match="batch_size must be at least 1, but is 0"):
        build_dataset(wanted, tmp_path / "set", batch_size=0)


def test_build_source_changed_since_the_scan_is_refused(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    draw(tmp_path / "source" / "alva.png", 99)
    with pytest.raises(DatasetError, match=r"alva\.png has changed"):
        build_dataset(wanted, tmp_path / "set")


def test_build_pictures_with_one_stem_do_not_meet(tmp_path: Path) -> None:
    items = [make_item(draw(tmp_path / side / "a.png", seed)) for seed, side in enumerate("xy")]
    dataset = build_dataset([caption(item) for item in items], tmp_path / "set")
    assert len({item.image_path for item in dataset.items}) == 2
    assert len({item.digest for item in dataset.items}) == 2


def test_balance_table_and_summary_count_samples(tmp_path: Path, wanted: list[Captioned]) -> None:
    dataset = build_dataset(wanted, tmp_path / "set")
    rows = [(row.bucket, row.pictures, row.repeats) for row in balance_table(dataset)]
    assert rows == [(SQUARE, 1, 2), (TALL, 2, 1)]
    assert dataset.samples_per_epoch == 4
    assert summarize(dataset) == (
        "3 pictures in 2 buckets, 4 samples per epoch\n"
        "64x64: 1 picture x 2 repeats = 2 samples (50%)\n"
        "64x112: 2 pictures x 1 repeat = 2 samples (50%)"
    )


def test_build_not_balanced_gives_every_bucket_the_same_repeats(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    dataset = build_dataset(wanted, tmp_path / "set", is_balanced=False, repeats=5)
    assert {item.repeats for item in dataset.items} == {5}


def test_crops_of_one_picture_know_their_common_source(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    for _ in range(2):  # built, and then found as it is
        dataset = build_dataset(wanted, tmp_path / "set")
        sources = {item.image_path.name: item.source for item in dataset.items}
        front, back = wanted[0].crop.item.digest, wanted[2].crop.item.digest
        assert sources == {
            "001_alva_full_body.png": front,
            "001_alva_headshot.png": front,
            "002_alva_back_full_body_behind.png": back,
        }


def test_sources_unknown_to_an_older_ledger_are_noted_by_the_next_build(
    tmp_path: Path, wanted: list[Captioned]
) -> None:
    folder = tmp_path / "set"
    build_dataset(wanted, folder)
    ledger = folder / LEDGER_NAME
    data = json.loads(ledger.read_text("utf-8"))
    data["files"] = {name: made[:2] for name, made in data["files"].items()}
    ledger.write_text(json.dumps(data), "utf-8")
    older = load_dataset(folder)
    assert [item.source for item in older.items] == [item.digest for item in older.items]
    before = snapshot(folder)
    again = build_dataset(wanted, folder)
    assert len({item.source for item in again.items}) == 2
    changed = [name for name, entry in snapshot(folder).items() if before[name] != entry]
    assert changed == [LEDGER_NAME]
