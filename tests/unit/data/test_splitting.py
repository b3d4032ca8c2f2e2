"""Held-out items: whole pictures, chosen by content, never the last of a shape."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from trainer.data.batches import TrainingItem
from trainer.data.splitting import (
    automatic_pictures,
    choose_probe,
    scarce_text,
    split_held_out,
)
from trainer.errors import DatasetError

TALL, WIDE = (16, 1, 20, 12), (16, 1, 12, 20)


def item(number: int, source: int | str, shape: tuple[int, int, int, int] = TALL) -> TrainingItem:
    place = Path(f"{number}.safetensors")
    return TrainingItem(f"key{number}", place, place, shape, 1, 0, f"picture{source}")


def crops(pictures: int, each: int) -> list[TrainingItem]:
    return [item(p * each + c, p) for p in range(pictures) for c in range(each)]


@pytest.mark.parametrize("seed", range(20))
def test_no_picture_stands_on_both_sides(seed: int) -> None:
    draw = random.Random(f"split {seed}")
    items = [
        item(number, draw.randrange(9), draw.choice([TALL, WIDE]))
        for number in range(draw.randrange(12, 40))
    ]
    wanted = draw.randrange(1, 6)
    trained, held = split_held_out(items, wanted)
    assert {i.source for i in trained}.isdisjoint(i.source for i in held)
    assert sorted(i.key for i in trained + held) == sorted(i.key for i in items)
    assert len(held) >= wanted
    # With one picture less it would have been too few.
    sizes = [sum(i.source == source for i in held) for source in {i.source for i in held}]
    assert len(held) - max(sizes) < wanted
    assert [i for i in items if i in trained] == list(trained)


def test_choice_follows_from_content_and_not_from_order() -> None:
    items = crops(10, 3)
    _, held = split_held_out(items, 4)
    mixed = items[::-1]
    _, again = split_held_out(mixed, 4)
    assert {i.key for i in held} == {i.key for i in again}


def test_last_picture_of_a_shape_stays_in_training() -> None:
    for wide in range(8):
        items = [item(n, n, WIDE if n == wide else TALL) for n in range(8)]
        trained, held = split_held_out(items, 3)
        assert len(held) == 3
        assert any(i.shape == WIDE for i in trained)


@pytest.mark.parametrize(
    ("pictures", "held"), [(0, 0), (1, 0), (7, 0), (8, 2), (20, 2), (30, 3), (60, 6), (900, 6)]
)
def test_automatic_choice(pictures: int, held: int) -> None:
    assert automatic_pictures(pictures) == held
    if pictures > 0:
        _, out = split_held_out(crops(pictures, 2), -1)
        assert len(out) == 2 * held


def test_items_of_unknown_origin_stand_for_themselves() -> None:
    items = [TrainingItem(f"k{n}", Path("a"), Path("b"), TALL, 1) for n in range(5)]
    trained, held = split_held_out(items, 2)
    assert (len(trained), len(held)) == (3, 2)


@pytest.mark.parametrize(("pictures", "each", "hold_out"), [(1, 6, 1), (2, 3, 4), (3, 1, 9)])
def test_nothing_left_to_train_on_is_refused(pictures: int, each: int, hold_out: int) -> None:
    with pytest.raises(DatasetError, match=f"'hold_out' is {hold_out}.*{pictures} pictures"):
        split_held_out(crops(pictures, each), hold_out)


def test_nothing_held_out_changes_nothing() -> None:
    items = crops(3, 2)
    assert split_held_out(items, 0) == (tuple(items), ())


def test_probe_takes_one_crop_of_each_picture_first() -> None:
    probe = choose_probe(crops(4, 5), 6)
    assert len({i.source for i in probe[:4]}) == 4
    assert len({i.key for i in probe}) == 6
    assert choose_probe(crops(4, 5)[::-1], 6) == probe
    assert len(choose_probe(crops(1, 2), 6)) == 2
    assert choose_probe(crops(1, 2), 0) == ()


@pytest.mark.parametrize(
    ("pictures", "hold_out", "is_scarce"),
    [(2, 1, True), (3, 1, False), (9, 12, True), (9, 9, False)],
)
def test_holding_out_much_of_little_is_remarked(
    pictures: int, hold_out: int, is_scarce: bool
) -> None:
    text = scarce_text(*split_held_out(crops(pictures, 3), hold_out))
    assert bool(text) == is_scarce
    if pictures == 2:
        assert "1 of 2 pictures (3 of 6 crops)" in text
    assert scarce_text(*split_held_out(crops(4, 2), 0)) == ""
