"""Buckets: legal sizes, lists, and musubi-tuner's choice for plain folders."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.data.pictures.buckets import (
    GUIDE_BUCKETS,
    Bucket,
    BucketSelector,
    cover_resize,
    fit_to_bucket,
    legal_bucket,
    parse_buckets,
)
from trainer.errors import ConfigError

GOLDEN = json.loads((Path(__file__).parents[3] / "golden" / "buckets.json").read_text("utf-8"))
CHOICES = [
    pytest.param(group, case, id="{}-{}-{}".format(group["resolution"], number, case["image"]))
    for number, group in enumerate(GOLDEN["bucket_selector"])
    for case in group["cases"]
]


def test_legal_bucket_of_guide_size_is_nearest_multiple_of_16() -> None:
    assert legal_bucket(960, 1707) == Bucket(960, 1712)
    assert legal_bucket(768, 1366) == Bucket(768, 1360)


def test_legal_bucket_random_sizes_is_nearest_and_idempotent() -> None:
    draw = random.Random(1)
    for _ in range(500):
        width, height = draw.randint(16, 4096), draw.randint(16, 4096)
        bucket = legal_bucket(width, height)
        assert bucket.width_px % 16 == bucket.height_px % 16 == 0
        assert max(abs(bucket.width_px - width), abs(bucket.height_px - height)) <= 8
        assert legal_bucket(bucket.width_px, bucket.height_px) == bucket


def test_legal_bucket_tie_goes_up_and_tiny_is_16() -> None:
    assert legal_bucket(24, 1) == Bucket(32, 16)


def test_legal_bucket_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="0x16"):
        legal_bucket(0, 16)


def test_parse_buckets_guide_list_gives_guide_buckets() -> None:
    assert parse_buckets("960x1707, 768x1024, 1024x1024, 1024x768") == GUIDE_BUCKETS


def test_parse_buckets_other_signs_and_repeats_are_read() -> None:
    found = parse_buckets(" 144X256;192 × 256\n144x256, 256*192,")
    assert found == (Bucket(144, 256), Bucket(192, 256), Bucket(256, 192))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        (" , ;", "empty"),
        ("768x1024, wide", "'wide'"),
        ("768", "'768'"),
        ("768x10240", "'768x10240'"),
        ("32x512, -64x64", "'32x512', '-64x64'"),
    ],
)
def test_parse_buckets_wrong_text_is_named(text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse_buckets(text)


@pytest.mark.parametrize("group", GOLDEN["bucket_selector"], ids=lambda group: str(group))
def test_selector_bucket_list_agrees_with_musubi(group: dict) -> None:
    selector = BucketSelector(
        tuple(group["resolution"]), group["enable_bucket"], group["no_upscale"]
    )
    listed = group.get("buckets", [group["resolution"]])
    assert [[one.width_px, one.height_px] for one in selector.buckets] == listed


@pytest.mark.parametrize(("group", "case"), CHOICES)
def test_selector_choice_agrees_with_musubi(group: dict, case: dict) -> None:
    selector = BucketSelector(
        tuple(group["resolution"]), group["enable_bucket"], group["no_upscale"]
    )
    assert selector.choose(*case["image"]) == Bucket(*case["bucket"])


def test_selector_no_upscale_small_picture_keeps_its_size_rounded_down() -> None:
    selector = BucketSelector((960, 544), no_upscale=True)
    assert selector.choose(333, 777) == Bucket(320, 768)
    assert selector.choose(1920, 1080) == Bucket(960, 544)


def test_selector_without_buckets_makes_an_odd_resolution_legal() -> None:
    assert BucketSelector((768, 1366), enable_bucket=False).choose(10, 10) == Bucket(768, 1360)


@pytest.mark.parametrize("case", GOLDEN["resize_crop"], ids=lambda case: str(case["image"]))
def test_cover_resize_agrees_with_musubi(case: dict) -> None:
    plan = cover_resize(*case["image"], Bucket(*case["bucket"]))
    assert [plan.resized_width_px, plan.resized_height_px] == case["resized"]
    assert [plan.left_px, plan.top_px] == case["crop_left_top"]


def test_fit_to_bucket_keeps_the_centre_unstretched() -> None:
    # Left half red, right half blue: the seam must end in the middle.
    pixels = np.zeros((100, 400, 3), np.uint8)
    pixels[:, :200, 0], pixels[:, 200:, 2] = 255, 255
    fitted = np.asarray(fit_to_bucket(Image.fromarray(pixels), Bucket(64, 64)))
    assert fitted.shape == (64, 64, 3)
    assert (fitted[:, :28, 0] > 250).all()
    assert (fitted[:, 36:, 2] > 250).all()
