"""Work in threads: in order, few at a time, ended by the first error or by the caller."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from trainer.data.pictures.files import in_parallel as module
from trainer.data.pictures.files.in_parallel import in_parallel, usable_cores


class Watch:
    """Work that takes a little while and counts what is under way."""

    def __init__(self, seconds: float = 0.002) -> None:
        self.lock = threading.Lock()
        self.seconds = seconds
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.now = self.most = 0

    def __call__(self, entry: int) -> int:
        with self.lock:
            self.begun.append(entry)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds * (1 + entry % 3))
        with self.lock:
            self.now -= 1
            self.ended.append(entry)
        return entry * entry


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_of_the_entries_whoever_ends_first(workers: int) -> None:
    seconds = np.random.default_rng(3).uniform(0, 0.01, 40)

    def work(entry: int) -> int:
        time.sleep(seconds[entry])
        return entry

    assert list(in_parallel(work, range(40), workers=workers)) == list(range(40))


def test_at_least_as_many_at_once_as_workers_and_never_more() -> None:
    watch = Watch()
    assert len(list(in_parallel(watch, range(30), workers=3))) == 30
    assert watch.most == 3


def test_entries_are_only_taken_when_there_is_room() -> None:
    taken: list[int] = []
    given: list[int] = []

    def entries() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            assert len(taken) - len(given) <= 4 + 2, "one waits to be begun, one is being used"
            yield number

    for result in in_parallel(Watch(0), entries(), workers=2, ahead=4):
        given.append(result)
    assert len(given) == len(taken) == 50


def test_heavy_pictures_are_worked_on_alone_and_light_ones_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_PIXELS", 100)
    heavy, light = Watch(), Watch()
    list(in_parallel(heavy, range(12), weigh=lambda _: 70, workers=4))
    list(in_parallel(light, range(12), weigh=lambda _: 30, workers=4))
    assert heavy.most == 1
    assert light.most == 3
    assert sorted(heavy.ended) == list(range(12))


def test_picture_larger_than_the_limit_is_still_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PIXELS", 100)
    assert list(in_parallel(Watch(), [1, 2, 3], weigh=lambda _: 1000)) == [1, 4, 9]


def test_first_error_in_order_is_raised_and_the_rest_is_dropped() -> None:
    begun: list[int] = []

    def work(entry: int) -> int:
        begun.append(entry)
        if entry == 5:
            time.sleep(0.05)
        if entry >= 5:
            raise ValueError(f"entry {entry}")
        return entry

    results = in_parallel(work, range(1000), workers=2)
    given = []
    with pytest.raises(ValueError, match="entry 5"):
        given.extend(results)  # one by one, so that those before the error count
    assert given == [0, 1, 2, 3, 4]
    assert len(begun) < 15


def test_leaving_the_loop_waits_for_what_is_under_way_and_begins_nothing_more() -> None:
    watch = Watch(0.01)

    def use() -> None:
        with contextlib.closing(in_parallel(watch, range(1000), workers=2)) as results:
            for result in results:
                if result == 9:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    begun = len(watch.begun)
    assert watch.now == 0, "nothing runs on behind the caller's back"
    time.sleep(0.06)
    assert len(watch.begun) == begun < 12


def test_no_threads_are_left_and_a_lazy_source_is_closed() -> None:
    before = threading.active_count()
    is_closed = []

    def entries() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            is_closed.append(True)

    with contextlib.closing(in_parallel(Watch(0), entries())) as results:
        next(results)
    assert is_closed == [True]
    assert threading.active_count() == before


def test_error_of_a_lazy_source_is_raised_after_the_results_before_it() -> None:
    def entries() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("gone")

    given: list[int] = []
    with pytest.raises(OSError, match="gone"):
        given.extend(in_parallel(Watch(), entries()))
    assert given == [1, 4, 9]


def test_no_entries_give_no_results_and_there_is_a_core() -> None:
    assert list(in_parallel(Watch(), [])) == []
    assert usable_cores() >= 1
