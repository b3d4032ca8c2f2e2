"""Crops: framings on a known figure, boxes that hold in every case, manual boxes, rendering."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from tests.figures import draw_figure
from trainer.data.crops.by_hand.edits import CropEdits, parse_crop_edits
from trainer.data.crops.by_hand.manual_boxes import ManualBox
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.planning import Crop, CropPlan, plan_crops
from trainer.data.crops.rendering import render_crop
from trainer.data.crops.shots import SHOTS, body_row, parse_shots, shape_of
from trainer.data.pictures.boxes import Box, Frame, fit_box
from trainer.data.pictures.buckets import GUIDE_BUCKETS, Bucket, legal_bucket, parse_buckets
from trainer.data.pictures.media import MediaItem, TrainingMedia, scan_folder
from trainer.errors import ConfigError, DatasetError

SIZE, FIGURE = (1080, 1920), (290, 90, 790, 1830)
HEIGHT = FIGURE[3] - FIGURE[1]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> TrainingMedia:
    folder = tmp_path_factory.mktemp("figures")
    for name in ("hero front", "hero behind"):
        shade = 246 if "front" in name else 238
        picture = draw_figure(SIZE, FIGURE, (shade, 246, 248)).convert("RGB")
        picture.save(folder / f"{name}.png", compress_level=1)
    return scan_folder(folder)


def save(folder: Path, image: Image.Image, name: str = "picture.png") -> TrainingMedia:
    image.save(folder / name, compress_level=1)
    return scan_folder(folder, min_side_px=16)


def assert_sound(plan: CropPlan, settings: CropSettings) -> None:
    for crop in plan.crops:
        box, bucket = crop.box, crop.bucket
        assert min(box.left, box.top) >= 0
        assert box.right <= crop.item.width_px
        assert box.bottom <= crop.item.height_px
        off = min(
            abs(box.width - box.height * bucket.ratio), abs(box.height - box.width / bucket.ratio)
        )
        assert off <= 1.0
        assert crop.enlargement == bucket.width_px / box.width
        assert crop.enlargement <= settings.max_enlargement
    for number, crop in enumerate(plan.crops):
        for other in plan.crops[:number]:
            if (other.item, other.bucket) == (crop.item, crop.bucket):
                assert crop.box.overlap(other.box) <= 0.9


def find(plan: CropPlan, shot: str, bucket: Bucket, view: str = "front") -> Crop:
    (crop,) = (
        one for one in plan.crops if (one.shot, one.bucket, one.view) == (shot, bucket, view)
    )
    return crop


def rows(crop: Crop) -> tuple[float, float]:
    return (crop.box.top - FIGURE[1]) / HEIGHT, (crop.box.bottom - FIGURE[1]) / HEIGHT


def test_plan_two_guide_pictures_fill_all_four_buckets_from_both_sides(
    media: TrainingMedia,
) -> None:
    plan = plan_crops(media, CropSettings())
    assert_sound(plan, CropSettings())
    assert len(plan.crops) >= 10
    assert plan.empty_buckets == ()
    for view in ("front", "behind"):
        mine = [crop for crop in plan.crops if crop.view == view]
        assert {crop.bucket for crop in mine} == set(GUIDE_BUCKETS)
        assert {crop.shot for crop in mine} == set(SHOTS)


def test_plan_shots_show_the_rows_of_the_body_they_name(media: TrainingMedia) -> None:
    plan = plan_crops(media, CropSettings(max_enlargement=4.0))
    _, portrait, square, landscape = GUIDE_BUCKETS
    whole = find(plan, "full_body", GUIDE_BUCKETS[0])
    assert rows(whole)[0] < 0 < 1 < rows(whole)[1]
    for bucket in (portrait, square, landscape):
        start, end = rows(find(plan, "headshot", bucket))
        # From above the hair to below the chin (0.133), but not as far as the chest (0.27).
        assert -0.05 < start < 0
        assert 0.15 < end < 0.27
    for bucket in (portrait, square):
        start, end = rows(find(plan, "waist_up", bucket))
        assert -0.06 < start < 0
        assert 0.4 < end < 0.55
        start, end = rows(find(plan, "torso", bucket))
        assert 0.08 < start < 0.17
        assert 0.5 < end < 0.6
        start, end = rows(find(plan, "detail", bucket))
        assert 0.4 < start < 0.55
        assert end > 1
    assert all(abs(crop.box.centre[0] - 540) <= 4 for crop in plan.crops)


def test_plan_headshot_is_widened_to_keep_the_enlargement(media: TrainingMedia) -> None:
    landscape = GUIDE_BUCKETS[3]
    tight = find(plan_crops(media, CropSettings(max_enlargement=4)), "headshot", landscape)
    wide = find(plan_crops(media, CropSettings(max_enlargement=1.5)), "headshot", landscape)
    assert tight.enlargement > 1.5 >= wide.enlargement > 1.48
    assert rows(wide)[1] > rows(tight)[1]
    # Head room stays in proportion: the head is not pushed out.
    assert -0.06 < rows(wide)[0] < 0


def test_plan_too_small_part_is_skipped_with_the_numbers(media: TrainingMedia) -> None:
    plan = plan_crops(media, CropSettings(max_enlargement=1.2))
    reasons = [one.reason for one in plan.skipped if one.shot == "headshot"]
    assert len(reasons) == 6
    assert all("enlarged" in reason and "limit is 1.2" in reason for reason in reasons)
    assert not any(crop.shot == "headshot" for crop in plan.crops)


def test_plan_small_buckets_of_a_demo_get_the_same_shots(media: TrainingMedia) -> None:
    settings = CropSettings(parse_buckets("144x256, 192x256, 256x256, 256x192"))
    plan = plan_crops(media, settings)
    assert_sound(plan, settings)
    assert len(plan.crops) >= 20
    assert {crop.bucket for crop in plan.crops} == set(settings.buckets)
    assert all(crop.enlargement < 1 for crop in plan.crops)


def test_plan_bucket_that_no_shot_is_made_for_is_listed(media: TrainingMedia) -> None:
    settings = CropSettings(parse_buckets("768x1024, 1024x256"), shots=("torso",))
    plan = plan_crops(media, settings)
    assert [(one.bucket, "shape (wide)" in one.reason) for one in plan.empty_buckets] == [
        (Bucket(1024, 256), True)
    ]


def test_plan_figure_that_fills_a_slim_picture_has_no_room_for_full_body(tmp_path: Path) -> None:
    slim = save(tmp_path, draw_figure(SIZE, FIGURE).convert("RGB").crop((285, 85, 795, 1835)))
    plan = plan_crops(slim, CropSettings(max_enlargement=2))
    (skipped,) = (one for one in plan.skipped if one.shot == "full_body")
    assert "too little room" in skipped.reason
    assert any(crop.shot == "waist_up" for crop in plan.crops)


def test_plan_bust_gives_only_the_head(tmp_path: Path) -> None:
    bust = save(tmp_path, draw_figure(SIZE, FIGURE).convert("RGB").crop((200, 60, 900, 760)))
    plan = plan_crops(bust, CropSettings(max_enlargement=2))
    assert {crop.shot for crop in plan.crops} == {"headshot"}
    assert all("only the upper" in one.reason for one in plan.skipped)
    for crop in plan.crops:
        # The chin of the figure is at row 60 - 90 + 1740 / 7.5 of this part.
        assert crop.box.bottom > 30 + HEIGHT / 7.5


def test_plan_larger_head_moves_the_headshot_down(media: TrainingMedia) -> None:
    settings = CropSettings(max_enlargement=4, heads_tall=4)
    head = find(plan_crops(media, settings), "headshot", GUIDE_BUCKETS[2])
    assert rows(head)[1] > 0.25


def test_plan_mask_decides_where_the_subject_is(media: TrainingMedia) -> None:
    mask = np.zeros((1920, 1080), bool)
    mask[200:1700, 100:500] = True
    masks = {media.items[0].digest: mask}
    plan = plan_crops(media, CropSettings(max_enlargement=4), masks)
    moved = [crop for crop in plan.crops if crop.item == media.items[0]]
    head = next(c for c in moved if c.shot == "headshot" and c.bucket == GUIDE_BUCKETS[1])
    assert abs(head.box.centre[0] - 300) <= 2
    assert 150 < head.box.top < 200


def test_plan_see_through_object_that_does_not_stand_is_framed_whole(tmp_path: Path) -> None:
    image = Image.new("RGBA", (900, 600), (0, 0, 0, 0))
    image.paste("red", (300, 200, 600, 350))
    settings = CropSettings(parse_buckets("256x192, 192x256"))
    plan = plan_crops(save(tmp_path, image), settings)
    assert_sound(plan, settings)
    assert [crop.shot for crop in plan.crops] == ["picture", "picture"]
    assert all(crop.box.cut_off_share(Box(300, 200, 300, 150)) == 0 for crop in plan.crops)


def test_plan_photo_of_a_lawn_gets_cover_crops(tmp_path: Path) -> None:
    with Image.open(Path(skimage.__file__).parent / "data" / "grass.png") as image:
        photo = save(tmp_path, image.convert("RGB"))
    plan = plan_crops(photo, CropSettings(max_enlargement=2))
    boxes = {crop.bucket: crop.box for crop in plan.crops}
    assert boxes == {
        GUIDE_BUCKETS[1]: Box(64, 0, 384, 512),
        GUIDE_BUCKETS[2]: Box(0, 0, 512, 512),
        GUIDE_BUCKETS[3]: Box(0, 51, 512, 384),
    }
    assert ["56%" in one.reason for one in plan.skipped] == [True]


def test_plan_only_bucket_is_used_even_when_much_is_cut(tmp_path: Path) -> None:
    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as image:
        photo = save(tmp_path, image.convert("RGB"))
    settings = CropSettings(parse_buckets("144x256"))
    assert len(plan_crops(photo, settings).crops) == 1


def test_plan_equal_boxes_are_made_once(media: TrainingMedia) -> None:
    # A margin this wide makes both framings as large as the picture is wide.
    plan = plan_crops(media, CropSettings(shots=("picture", "full_body"), margin=0.1))
    assert [one.reason for one in plan.skipped].count("Nearly the same part as full body.") == 2


def test_plan_random_figures_and_settings_hold_all_promises(tmp_path: Path) -> None:
    draw = random.Random(7)
    made = 0
    for number in range(40):
        width, height = draw.randint(150, 700), draw.randint(150, 700)
        item = MediaItem(tmp_path / f"{number}.png", width, height, "", False)
        mask = np.zeros((height, width), bool)
        left, top = draw.randrange(width - 40), draw.randrange(height - 40)
        mask[top : draw.randint(top + 20, height), left : draw.randint(left + 20, width)] = True
        Image.new("RGB", (width, height), "white").save(item.path)
        media = scan_folder(tmp_path, min_side_px=16, only=[item.path])
        sides = [draw.randint(64, 512) for _ in range(6)]
        settings = CropSettings(
            tuple({legal_bucket(*sides[i : i + 2]) for i in (0, 2, 4)}),
            max_enlargement=draw.uniform(1, 4),
            margin=draw.uniform(0, 0.5),
            heads_tall=draw.uniform(2, 9),
        )
        plan = plan_crops(media, settings, {media.items[0].digest: mask})
        assert_sound(plan, settings)
        made += len(plan.crops)
        reached = {one.bucket for one in (*plan.crops, *plan.empty_buckets)}
        assert reached == set(settings.buckets)
    assert made > 40


def test_fit_box_random_frames_lie_inside_and_keep_the_shape() -> None:
    draw = random.Random(5)
    for _ in range(2000):
        bucket = legal_bucket(draw.randint(64, 2048), draw.randint(64, 2048))
        picture = (draw.randint(40, 3000), draw.randint(40, 3000))
        frame = Frame(
            draw.uniform(20, 4000),
            draw.uniform(-500, 3500),
            draw.uniform(-500, 3500),
            draw.choice([0, 0.5, 1]),
        )
        box = fit_box(frame, bucket, picture)
        assert 0 <= box.left <= box.right <= picture[0]
        assert 0 <= box.top <= box.bottom <= picture[1]
        wide = abs(box.width - box.height * bucket.ratio)
        high = abs(box.height - box.width / bucket.ratio)
        assert min(wide, high) <= 1.0


def test_body_row_moves_the_chin_and_keeps_the_ends() -> None:
    assert body_row(1 / 7.5, 4) == pytest.approx(1 / 4)
    assert (body_row(0.0, 3), body_row(1.0, 3)) == (0.0, pytest.approx(1.0))
    assert body_row(0.4) == pytest.approx(0.4)


def test_shape_of_guide_buckets_has_its_name() -> None:
    shapes = [shape_of(bucket) for bucket in (*GUIDE_BUCKETS, Bucket(960, 544))]
    assert shapes == ["tall", "portrait", "square", "landscape", "wide"]


def test_parse_shots_reads_words_and_names_unknown_ones() -> None:
    assert parse_shots("Full body, waist_up,\nhead-shot, picture".replace("head-", "head")) == (
        "full_body",
        "waist_up",
        "headshot",
        "picture",
    )
    with pytest.raises(ConfigError, match=r"'legs'.*full_body, waist_up"):
        parse_shots("torso, legs")
    with pytest.raises(ConfigError, match="empty"):
        parse_shots(" ")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"max_enlargement": 0.9}, "max_enlargement must be from 1 to 4, but is 0.9"),
        ({"margin": 0.6}, "margin"),
        ({"heads_tall": 1}, "heads_tall"),
        ({"margin": float("nan")}, "margin"),
        ({"buckets": ()}, "bucket"),
        ({"shots": ("legs",)}, "'legs'"),
        ({"shots": ()}, "none is chosen"),
        ({"background": (0, 0, 256)}, "background"),
    ],
)
def test_settings_out_of_range_are_refused(values: dict, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        CropSettings(**values)


def test_manual_boxes_replace_the_proposals_of_their_picture(media: TrainingMedia) -> None:
    behind, front = media.items
    text = f"""[
        {{"picture": "hero front.png", "box": [0.25, 0.1, 0.5, 0.3], "shot": "torso",
          "bucket": "768x1024"}},
        {{"picture": "{behind.digest[:8]}", "box": [0, 0, 1, 0.5], "view": "side"}}
    ]"""
    plan = plan_crops(media, CropSettings(by_hand=parse_crop_edits(text)))
    crops = {crop.item: crop for crop in plan.crops}
    assert len(plan.crops) == 2
    # 540x576 is drawn; 3:4 around it is 540x720, with the same centre.
    torso = crops[front]
    assert (torso.box, torso.shot, torso.view) == (Box(270, 120, 540, 720), "torso", "front")
    # 1080x960 is nearest in shape to the square bucket, which the picture's width limits.
    other = crops[behind]
    assert (other.bucket, other.box) == (GUIDE_BUCKETS[2], Box(0, 0, 1080, 1080))
    assert (other.shot, other.view) == ("picture", "side")


def test_manual_box_beyond_the_enlargement_is_skipped(media: TrainingMedia) -> None:
    box = ManualBox("HERO FRONT", (0.4, 0.1, 0.1, 0.1), bucket=GUIDE_BUCKETS[2])
    plan = plan_crops(media, CropSettings(by_hand=CropEdits((box,))))
    assert [one.bucket for one in plan.skipped if one.item.view == "front"] == [GUIDE_BUCKETS[2]]


def test_manual_box_for_an_unknown_picture_is_refused(media: TrainingMedia) -> None:
    with pytest.raises(DatasetError, match=r"'other\.png'"):
        plan_crops(media, CropSettings(by_hand=CropEdits((ManualBox("other.png", (0, 0, 1, 1)),))))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[", "not JSON"),
        ("7", "not a list"),
        ("{", "not JSON"),
        ("{}", "version None"),
        ('{"version": 1, "pictures": {"front": {}}}', "12 hexadecimal digits"),
        ('{"version": 1, "pictures": {"0123456789ab": []}}', "must be an object"),
        ('{"version": 1, "pictures": {"0123456789ab": {"boxes": 5}}}', "'boxes' must be a list"),
        ('{"version": 1, "pictures": {"0123456789ab": {"boxes": [[0, 0, 1]]}}}', "a box must be"),
        ("[3]", "Entry 1: it is not an object"),
        ('[{"box": [0, 0, 1, 1]}]', "'picture' must be"),
        ('[{"picture": "a"}]', "'box' must be four numbers"),
        ('[{"picture": "a", "box": [0, 0, 1, true]}]', "'box' must be four numbers"),
        ('[{"picture": "a", "box": [0, 0, NaN, 1]}]', "'box' must be four numbers"),
        ('[{"picture": "a", "box": [0.5, 0, 0.6, 1]}]', "inside the picture"),
        ('[{"picture": "a", "box": [0, 0, 0, 1]}]', "inside the picture"),
        ('[{"picture": "a", "box": [0, 0, 1, 1], "shot": "legs"}]', "'shot' is 'legs'"),
        ('[{"picture": "a", "box": [0, 0, 1, 1], "view": "top"}]', "'view' is 'top'"),
        ('[{"picture": "a", "box": [0, 0, 1, 1], "bucket": "big"}]', "'big'"),
        ('[{"picture": "a", "box": [0, 0, 1, 1], "bucket": 5}]', "'bucket' is 5"),
        ('[{"picture": "a", "box": [0, 0, 1, 1], "colour": 5}]', "unknown field 'colour'"),
        ('[{"picture": "a", "box": [0, 0, 1, 1]}, 7]', "Entry 2"),
    ],
)
def test_wrong_text_of_boxes_is_named(text: str, named: str) -> None:
    with pytest.raises(DatasetError, match=named):
        parse_crop_edits(text)


def test_boxes_of_empty_text_are_none() -> None:
    assert parse_crop_edits("  \n") == CropEdits()


def test_render_has_the_buckets_size_and_is_not_stretched(tmp_path: Path) -> None:
    image = Image.new("RGB", (800, 600), "white")
    image.paste("black", (300, 200, 500, 400))  # 200x200 in a 400x300 box
    (item,) = save(tmp_path, image).items
    crop = Crop(item, Box(200, 150, 400, 300), "picture", "", Bucket(256, 192))
    dark = np.asarray(render_crop(crop).convert("L")) < 128
    assert dark.shape == (192, 256)
    assert dark.any(axis=0).sum() == dark.any(axis=1).sum() == 128


def test_render_making_smaller_is_antialiased(tmp_path: Path) -> None:
    # One-pixel stripes: taking single pixels would give black or white, and not grey.
    pixels = np.zeros((512, 512, 3), np.uint8)
    pixels[:, ::2] = 255
    (item,) = save(tmp_path, Image.fromarray(pixels)).items
    crop = Crop(item, Box(0, 0, 512, 512), "picture", "", Bucket(64, 64))
    assert np.abs(np.asarray(render_crop(crop), np.float64)[:, 4:-4] - 127.5).max() < 3


@pytest.mark.parametrize("background", [(255, 255, 255), (10, 200, 30)])
def test_render_see_through_picture_gets_the_colour_without_a_fringe(
    tmp_path: Path, background: tuple[int, int, int]
) -> None:
    # The hidden colour is magenta: none of it may reach the result.
    image = Image.new("RGBA", (256, 256), (255, 0, 255, 0))
    image.paste((*background, 255), (64, 64, 192, 192))
    (item,) = save(tmp_path, image).items
    crop = Crop(item, Box(0, 0, 256, 256), "picture", "", Bucket(64, 64), background)
    assert (np.asarray(render_crop(crop)) == background).all()


def test_render_changed_file_is_refused(tmp_path: Path) -> None:
    (item,) = save(tmp_path, Image.new("RGB", (64, 64), "red")).items
    crop = Crop(item, Box(0, 0, 64, 64), "picture", "", Bucket(64, 64))
    Image.new("RGB", (64, 64), "blue").save(item.path)
    with pytest.raises(DatasetError, match=r"picture\.png has changed"):
        render_crop(crop)
