"""Looking at crops: each once, in order, as training sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.figures import draw_figure
from tests.unit.data.report.measures.measured_pictures import compressed, picture
from trainer.data.captions.captioning import Captioned
from trainer.data.crops.planning import Crop, CropSettings, plan_crops
from trainer.data.crops.rendering import render_crop
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import Bucket, parse_buckets
from trainer.data.pictures.media import scan_folder
from trainer.data.report.looking import (
    THUMBNAIL_PX,
    look_at_crops,
    look_at_picture,
)
from trainer.data.report.measures.compression import DAMAGED_LEVELS
from trainer.errors import DatasetError

BUCKETS = parse_buckets("192x256, 256x256")
BODY = (145, 45, 395, 915)


@pytest.fixture
def captioned(tmp_path: Path) -> list[Captioned]:
    """Crops of two pictures, turn by turn."""
    for number, name in enumerate(("a front.png", "b behind.png")):
        clear = (250, 240, 200 + number, 0)
        draw_figure((540, 960), BODY, clear).save(tmp_path / name)  # type: ignore[arg-type]
    plan = plan_crops(scan_folder(tmp_path), CropSettings(BUCKETS, max_enlargement=3))
    half = len(plan.crops) // 2
    mixed = [
        crop for pair in zip(plan.crops[:half], plan.crops[half:], strict=True) for crop in pair
    ]
    return [Captioned(crop, "a", "template") for crop in mixed]


def test_looks_are_in_order_whatever_the_order_of_the_crops(captioned: list[Captioned]) -> None:
    looks = look_at_crops(captioned)
    assert len(looks) == len(captioned) > 4
    for entry, look in zip(captioned, looks, strict=True):
        (alone,) = look_at_picture([entry.crop])
        assert (look.blur_px, look.look) == (alone.blur_px, alone.look)
        assert look.thumbnail.tobytes() == alone.thumbnail.tobytes()


def test_thumbnails_are_the_crops_made_small(captioned: list[Captioned]) -> None:
    for entry, look in zip(captioned, look_at_crops(captioned), strict=True):
        width, height = look.thumbnail.size
        assert width <= THUMBNAIL_PX[0]
        assert height <= THUMBNAIL_PX[1]
        assert width == THUMBNAIL_PX[0] or height == THUMBNAIL_PX[1]
        whole = render_crop(entry.crop).resize(look.thumbnail.size, Image.Resampling.LANCZOS)
        change = np.asarray(whole, np.int16) - np.asarray(look.thumbnail, np.int16)
        assert np.abs(change).mean() < 2


def test_progress_counts_crops_and_names_pictures(captioned: list[Captioned]) -> None:
    told: list[tuple[int, int, str]] = []
    look_at_crops(captioned, lambda *progress: told.append(progress))
    half = len(captioned) // 2
    assert told == [
        (half, len(captioned), "a front.png"),
        (len(captioned), len(captioned), "b behind.png"),
    ]


def test_progress_may_stop_it(captioned: list[Captioned]) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look_at_crops(captioned, stop)


def test_a_picture_that_changed_or_is_gone_is_named(captioned: list[Captioned]) -> None:
    path = captioned[0].crop.item.path
    Image.new("RGB", (540, 960), "red").save(path)
    with pytest.raises(
        DatasetError, match=r"a front\.png has changed since the folder was scanned"
    ):
        look_at_crops(captioned)
    path.unlink()
    with pytest.raises(DatasetError, match=r"a front\.png"):
        look_at_crops(captioned)


def test_hidden_colours_of_see_through_pictures_say_nothing(tmp_path: Path) -> None:
    # Noise that nobody sees, behind an edge that everybody sees.
    noise = np.random.default_rng(0).integers(0, 255, (512, 512, 4), dtype=np.uint8)
    noise[..., 3] = 0
    noise[:, 256:] = (30, 60, 90, 255)
    Image.fromarray(noise).save(tmp_path / "half.png")
    (item,) = scan_folder(tmp_path).items
    plain = noise.copy()
    plain[:, :256] = (255, 255, 255, 255)
    Image.fromarray(plain).convert("RGB").save(tmp_path / "plain.png")
    other = next(one for one in scan_folder(tmp_path).items if one.path.name == "plain.png")
    bucket = Bucket(256, 256)
    box = Box(0, 0, 512, 512)
    (first,) = look_at_picture([Crop(item, box, "picture", "", bucket)])
    (second,) = look_at_picture([Crop(other, box, "picture", "", bucket)])
    assert first.blur_px == second.blur_px
    assert first.hidden_enlargement == second.hidden_enlargement
    assert first.look == second.look


@pytest.mark.parametrize(("again", "quality"), [("png", None), ("jpg", 95), ("jpg", 85)])
def test_a_bad_jpeg_that_was_saved_again_is_still_found(
    tmp_path: Path, again: str, quality: int | None
) -> None:
    harmed = compressed(picture("astronaut.png"), 10).convert("RGB")
    path = tmp_path / f"again.{again}"
    harmed.save(path) if quality is None else harmed.save(path, quality=quality)
    (item,) = scan_folder(tmp_path).items
    crop = Crop(item, Box(0, 0, 512, 512), "picture", "", Bucket(512, 512))
    (look,) = look_at_picture([crop])
    assert look.was_jpeg
    assert look.quality is not None
    assert look.quality <= 20
    assert look.damage > DAMAGED_LEVELS


@pytest.mark.parametrize("quality", [10, 50, 79, 80, 95])
def test_a_jpeg_of_the_first_hand_is_what_its_file_says(tmp_path: Path, quality: int) -> None:
    picture("astronaut.png").save(tmp_path / "a.jpg", quality=quality)
    (item,) = scan_folder(tmp_path).items
    (look,) = look_at_picture([Crop(item, Box(0, 0, 512, 512), "picture", "", Bucket(512, 512))])
    assert not look.was_jpeg
    assert look.quality is not None
    assert abs(look.quality - quality) <= 1
