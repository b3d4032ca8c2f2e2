"""Proposals for several subjects, other poses, given boxes and faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bench.shot_cases.scenes import make_scene
from tests.figures import draw_figure
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.given_boxes import GivenBoxes
from trainer.data.crops.planning import Crop, CropPlan, plan_crops
from trainer.data.crops.proposals.proposing import propose_crops
from trainer.data.crops.shots import SHOTS
from trainer.data.pictures.boxes import Box
from trainer.data.pictures.buckets import parse_buckets
from trainer.data.pictures.media import TrainingMedia, scan_folder
from trainer.data.pictures.subjects.finding import find_subjects

SETTINGS = CropSettings(parse_buckets("144x256, 192x256, 256x256, 256x192"), max_enlargement=4)
SEED = 730_000


def save(folder: Path, *images: Image.Image) -> TrainingMedia:
    for number, image in enumerate(images):
        image.save(folder / f"{number}.png", compress_level=1)
    return scan_folder(folder, min_side_px=16)


def assert_sound(plan: CropPlan) -> None:
    for crop in plan.crops:
        box, ratio = crop.box, crop.bucket.ratio
        assert min(box.left, box.top) >= 0
        assert box.right <= crop.item.width_px
        assert box.bottom <= crop.item.height_px
        assert min(abs(box.width - box.height * ratio), abs(box.height - box.width / ratio)) <= 1
        assert crop.enlargement <= SETTINGS.max_enlargement


def boxes_of(plan: CropPlan, shot: str) -> list[Box]:
    return [crop.box for crop in plan.crops if crop.shot == shot]


def test_two_figures_get_their_own_shots_and_one_of_both(tmp_path: Path) -> None:
    image = draw_figure((800, 700), (80, 60, 280, 660))
    other = draw_figure((800, 700), (500, 60, 700, 660), (0, 0, 0, 0))
    image.paste(other, mask=other)
    plan = plan_crops(save(tmp_path, image.convert("RGB")), SETTINGS)
    assert_sound(plan)
    (found,) = plan.subjects.values()
    assert len(found) == 2
    for shot in ("full_body", "headshot", "detail", "torso", "waist_up"):
        # The picture's edge moves the broadest boxes a little.
        nearest = [
            min((180, 600), key=lambda x: abs(x - b.centre[0])) for b in boxes_of(plan, shot)
        ]
        assert set(nearest) == {180, 600}, shot
        off = [abs(b.centre[0] - x) for b, x in zip(boxes_of(plan, shot), nearest, strict=True)]
        assert max(off) <= 30, shot
    both = Box(80, 60, 620, 600)
    assert boxes_of(plan, "picture")
    assert all(box.cut_off_share(both) < 0.25 for box in boxes_of(plan, "picture"))


@pytest.mark.parametrize("kind", ["sitting", "sitting sideways", "jumping", "lying"])
def test_other_poses_get_their_head_and_the_whole_and_a_reason(tmp_path: Path, kind: str) -> None:
    plan = plan_crops(save(tmp_path, make_scene(kind, "plain", SEED).image), SETTINGS)
    assert_sound(plan)
    assert {crop.shot for crop in plan.crops} <= {"headshot", "picture"}
    assert boxes_of(plan, "picture")
    reasons = {one.reason for one in plan.skipped if one.shot in ("torso", "waist_up")}
    assert len(reasons) == 1
    assert "only" in reasons.pop()


@pytest.mark.parametrize("seed", range(SEED, SEED + 6))
def test_legs_alone_get_no_headshot(tmp_path: Path, seed: int) -> None:
    images = [make_scene("legs only", kind, seed).image for kind in ("plain", "alpha", "JPEG")]
    plan = plan_crops(save(tmp_path, *images), SETTINGS)
    assert not boxes_of(plan, "headshot")


@pytest.mark.parametrize("shift", [-60, 0, 60])
def test_face_moves_the_headshot(tmp_path: Path, shift: int) -> None:
    draw = np.random.default_rng(2)
    media = save(tmp_path, Image.fromarray(draw.integers(0, 256, (700, 600, 3), np.uint8)))
    (item,) = media.items
    face = Box(280 + shift, 100, 40, 46)
    given = GivenBoxes({item.digest: (Box(150, 70, 300, 600),)}, {item.digest: (face,)})
    plan = plan_crops(media, SETTINGS, given=given)
    assert_sound(plan)
    assert boxes_of(plan, "headshot")
    for box in boxes_of(plan, "headshot"):
        assert box.centre[0] == pytest.approx(300 + shift, abs=2)
        assert box.cut_off_share(face) == 0
        assert box.bottom > face.bottom + 10


def test_smaller_face_makes_the_figure_more_heads_tall(tmp_path: Path) -> None:
    media = save(tmp_path, Image.new("RGB", (400, 800), "white"))
    (item,) = media.items
    bottoms = []
    for height in (60, 120):
        face = Box(200 - height // 2, 60 + height // 4, height, height)
        given = GivenBoxes({item.digest: (Box(120, 40, 150, 720),)}, {item.digest: (face,)})
        plan = plan_crops(media, SETTINGS, given=given)
        bottoms.append(max(box.bottom for box in boxes_of(plan, "waist_up")))
    # With a larger head the waist lies lower.
    assert bottoms[0] < bottoms[1]


def test_setting_of_heads_beats_the_outline(tmp_path: Path) -> None:
    media = save(tmp_path, draw_figure((500, 800), (150, 40, 350, 760)).convert("RGB"))
    usual = plan_crops(media, SETTINGS)
    small = plan_crops(media, CropSettings(SETTINGS.buckets, max_enlargement=4, heads_tall=4))
    lows = [max(box.bottom for box in boxes_of(plan, "headshot")) for plan in (usual, small)]
    assert lows[1] > lows[0] + 40


@pytest.mark.parametrize("kind", ["standing", "two figures", "bust", "sitting"])
def test_mirrored_picture_gives_mirrored_crops(tmp_path: Path, kind: str) -> None:
    image = make_scene(kind, "alpha", SEED).image
    media = save(tmp_path, image, ImageOps.mirror(image))
    plan = plan_crops(media, SETTINGS)

    def crops(index: int) -> set[tuple[str, str]]:
        return {(c.shot, str(c.bucket)) for c in plan.crops if c.item == media.items[index]}

    assert crops(0) == crops(1)
    for crop in (one for one in plan.crops if one.item == media.items[0]):
        twin = min(
            (o for o in plan.crops if o.item == media.items[1] and _same_kind(o, crop)),
            key=lambda o: abs(image.width - o.box.right - crop.box.left),
        )
        assert abs(image.width - twin.box.right - crop.box.left) <= 5
        assert abs(twin.box.top - crop.box.top) <= 5


def _same_kind(one: Crop, other: Crop) -> bool:
    return (one.shot, one.bucket) == (other.shot, other.bucket)


def test_proposals_need_no_boxes_by_hand(tmp_path: Path) -> None:
    image = draw_figure((500, 800), (150, 40, 350, 760)).convert("RGB")
    (item,) = save(tmp_path, image).items
    found = propose_crops(item, find_subjects(image), SETTINGS)
    assert {one.shot for one in found if isinstance(one, Crop)} == set(SHOTS)


def test_view_of_the_picture_goes_to_every_crop(tmp_path: Path) -> None:
    draw_figure((500, 800), (150, 40, 350, 760)).convert("RGB").save(tmp_path / "from behind.png")
    plan = plan_crops(scan_folder(tmp_path), SETTINGS)
    assert {crop.view for crop in plan.crops} == {"behind"}
