"""Duplicates: what counts as the same picture, and what does not."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from trainer.data.pictures.duplicates import (
    NEAR_DISTANCE,
    Fingerprint,
    Match,
    find_duplicates,
    hamming_distance,
    perceptual_hash,
)

DATA = Path(skimage.__file__).parent / "data"
PHOTOS = ("astronaut.png", "chelsea.png", "coffee.png", "camera.png", "rocket.jpg")


def load(name: str) -> Image.Image:
    with Image.open(DATA / name) as image:
        return image.convert("RGB")


@pytest.mark.parametrize("name", PHOTOS)
def test_hash_resized_and_saved_as_jpeg_stays_near(name: str) -> None:
    image = load(name)
    stored = io.BytesIO()
    image.resize((image.width // 2, image.height // 2)).save(stored, "JPEG", quality=40)
    again = Image.open(stored)
    assert hamming_distance(perceptual_hash(image), perceptual_hash(again)) <= 2


def test_hash_stereo_pair_is_a_near_duplicate() -> None:
    left, right = (perceptual_hash(load(f"motorcycle_{side}.png")) for side in ("left", "right"))
    assert 0 < hamming_distance(left, right) <= NEAR_DISTANCE


def test_hash_other_pictures_and_other_crops_are_apart() -> None:
    astronaut = load("astronaut.png")
    looks = [perceptual_hash(load(name)) for name in PHOTOS]
    looks += [
        perceptual_hash(astronaut.crop(box))
        for box in ((150, 0, 320, 200), (60, 0, 460, 400), (0, 0, 384, 512), (25, 25, 487, 487))
    ]
    for number, look in enumerate(looks):
        for other in looks[:number]:
            assert hamming_distance(look, other) > NEAR_DISTANCE


def test_hash_brightness_and_contrast_do_not_matter() -> None:
    pixels = np.asarray(load("coffee.png"), np.float64)
    dimmed = Image.fromarray((pixels * 0.6 + 40).astype(np.uint8))
    distance = hamming_distance(perceptual_hash(load("coffee.png")), perceptual_hash(dimmed))
    assert distance <= 1


def test_hash_plain_picture_is_zero() -> None:
    assert perceptual_hash(Image.new("RGB", (300, 200), "grey")) == 0


def test_hash_see_through_picture_is_compared_on_white() -> None:
    cut_out = load("astronaut.png").convert("RGBA")
    cut_out.paste((90, 10, 200, 0), (0, 0, 256, 512))
    flat = Image.alpha_composite(Image.new("RGBA", cut_out.size, "white"), cut_out)
    assert perceptual_hash(cut_out) == perceptual_hash(flat.convert("RGB"))


def test_hamming_distance_counts_bits() -> None:
    assert hamming_distance(0b1011, 0b0110) == 3
    assert hamming_distance(0, 2**64 - 1) == 64


def test_find_duplicates_names_first_exact_and_nearest_look() -> None:
    prints = [
        Fingerprint("a", 0b0),
        Fingerprint("b", 0b1111_1111_1111),
        Fingerprint("a", 0b0),
        Fingerprint("c", 0b111),
        Fingerprint("d", 0b1111_1111),
    ]
    assert find_duplicates(prints, near_distance=4) == [
        Match(0, 2, is_exact=True),
        Match(0, 3, is_exact=False),
        Match(1, 4, is_exact=False),
    ]


def test_find_duplicates_other_side_of_the_subject_is_not_one() -> None:
    front, behind = Fingerprint("a", 7, "front"), Fingerprint("b", 7, "behind")
    assert find_duplicates([front, behind]) == []
    assert find_duplicates([front, Fingerprint("c", 7)]) == [Match(0, 1, is_exact=False)]


def test_find_duplicates_without_a_look_only_compares_digests() -> None:
    prints = [Fingerprint("a", None), Fingerprint("b", None), Fingerprint("a", None)]
    assert find_duplicates(prints) == [Match(0, 2, is_exact=True)]


def one_by_one(prints: list[Fingerprint]) -> list[Match]:
    """The rule of `find_duplicates` in the plainest words, to compare with."""
    found = []
    for later, current in enumerate(prints):
        same = [n for n, other in enumerate(prints[:later]) if other.digest == current.digest]
        near = [
            (hamming_distance(other.look, current.look), n)
            for n, other in enumerate(prints[:later])
            if other.look is not None
            and current.look is not None
            and ("" in (other.view, current.view) or other.view == current.view)
        ]
        if same:
            found.append(Match(same[0], later, is_exact=True))
        elif near and min(near)[0] <= NEAR_DISTANCE:
            found.append(Match(min(near)[1], later, is_exact=False))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_find_duplicates_agrees_with_comparing_every_pair(seed: int) -> None:
    random = np.random.default_rng(seed)
    bases = [int.from_bytes(random.bytes(8), "big") for _ in range(6)]
    prints = []
    for number in range(80):
        look = bases[random.integers(6)]
        for bit in random.integers(0, 64, random.integers(0, 14)):
            look ^= 1 << int(bit)
        digest = f"{random.integers(60)}" if random.random() < 0.3 else f"own {number}"
        view = ["", "front", "behind", "side"][random.integers(4)]
        prints.append(Fingerprint(digest, None if random.random() < 0.1 else look, view))
    found = find_duplicates(prints)
    assert found == one_by_one(prints)
    assert {match.is_exact for match in found} == {True, False}


def test_find_duplicates_of_two_thousand_pictures_takes_a_moment() -> None:
    random = np.random.default_rng(1)
    looks = [int.from_bytes(random.bytes(8), "big") for _ in range(2000)]
    prints = [Fingerprint(str(number), look) for number, look in enumerate([*looks, looks[7] ^ 1])]
    started = time.process_time()
    assert find_duplicates(prints) == [Match(7, 2000, is_exact=False)]
    assert time.process_time() - started < 2.0, "comparing pair by pair takes longer than this"
