"""Places in a buffer of fixed size, against a buffer painted byte for byte."""

from __future__ import annotations

import random

import pytest

from trainer.model.streaming.ring import ALIGNMENT, Place, Ring, aligned


def test_sizes_are_rounded_up() -> None:
    assert [aligned(size) for size in (0, 1, ALIGNMENT, ALIGNMENT + 1)] == [
        0,
        ALIGNMENT,
        ALIGNMENT,
        2 * ALIGNMENT,
    ]
    assert Ring[int](3 * ALIGNMENT - 1).size == 2 * ALIGNMENT


def test_places_go_round() -> None:
    ring: Ring[int] = Ring(4 * ALIGNMENT)
    first = ring.take(2 * ALIGNMENT)
    second = ring.take(ALIGNMENT)
    assert first is not None
    assert second is not None
    ring.give_back(first, [1])
    third = ring.take(ALIGNMENT)  # behind the second, not at the place just given back
    fourth = ring.take(ALIGNMENT)
    assert third == Place(3 * ALIGNMENT, 4 * ALIGNMENT, ())
    assert fourth == Place(0, ALIGNMENT, (1,))
    assert ring.take(2 * ALIGNMENT) is None
    # The other half of the first place still carries its mark.
    assert ring.take(ALIGNMENT) == Place(ALIGNMENT, 2 * ALIGNMENT, (1,))


def test_whole_ring_in_one_place() -> None:
    ring: Ring[int] = Ring(2 * ALIGNMENT)
    place = ring.take(2 * ALIGNMENT)
    assert place is not None
    assert ring.take(1) is None
    ring.give_back(place, [])
    assert ring.take(2 * ALIGNMENT) == Place(0, 2 * ALIGNMENT, ())


@pytest.mark.parametrize("seed", range(20))
def test_random_use_never_overlaps_and_never_loses_a_mark(seed: int) -> None:
    chance = random.Random(seed)
    cells = 12
    ring: Ring[int] = Ring(cells * ALIGNMENT)
    owner: list[int | None] = [None] * cells
    marks: list[set[int]] = [set() for _ in range(cells)]
    taken: dict[int, Place[int]] = {}
    for number in range(400):
        size = chance.randint(1, 6)
        place = ring.take(size * ALIGNMENT - chance.randint(0, ALIGNMENT - 1))
        if place is None:
            free = "".join("." if cell is None else "x" for cell in owner)
            assert "." * size not in free
        else:
            here = range(place.start // ALIGNMENT, place.stop // ALIGNMENT)
            assert len(here) == size
            assert all(owner[cell] is None for cell in here)
            assert set(place.after) == set().union(*(marks[cell] for cell in here))
            for cell in here:
                owner[cell], marks[cell] = number, set()
            taken[number] = place
        while taken and (place is None or chance.random() < 0.4):
            gone = chance.choice(list(taken))
            place = taken.pop(gone)
            given = [] if chance.random() < 0.2 else [gone]
            for cell in range(place.start // ALIGNMENT, place.stop // ALIGNMENT):
                owner[cell] = None
                marks[cell] = set(given)
            ring.give_back(place, given)
    assert len(ring._freed) <= cells
