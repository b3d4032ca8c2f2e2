"""Balance: closed-form cases and properties of the repeats."""

from __future__ import annotations

import numpy as np

from trainer.data.dataset.balance import MAX_REPEATS, balance_repeats, imbalance


def test_balance_equal_counts_need_no_repeats() -> None:
    assert balance_repeats({"a": 7, "b": 7, "c": 7}) == {"a": 1, "b": 1, "c": 1}
    assert balance_repeats({"only": 31}) == {"only": 1}
    assert balance_repeats({}) == {}


def test_balance_divisors_come_out_even() -> None:
    counts = {"a": 24, "b": 12, "c": 8, "d": 1}
    assert balance_repeats(counts) == {"a": 1, "b": 2, "c": 3, "d": 24}


def test_balance_three_to_two_uses_a_second_round() -> None:
    assert balance_repeats({"a": 3, "b": 2}) == {"a": 2, "b": 3}


def test_balance_any_counts_stay_within_half_a_bucket_of_the_target() -> None:
    source = np.random.default_rng(0)
    for _ in range(200):
        counts = dict(enumerate(int(n) for n in source.integers(1, 60, source.integers(2, 6))))
        repeats = balance_repeats(counts)
        assert all(1 <= value <= MAX_REPEATS for value in repeats.values())
        rounds = repeats[max(counts, key=lambda key: counts[key])]
        target = rounds * max(counts.values())
        for key, count in counts.items():
            assert repeats[key] == MAX_REPEATS or abs(count * repeats[key] - target) <= count / 2


def test_balance_twice_the_pictures_gives_the_same_repeats() -> None:
    source = np.random.default_rng(1)
    for _ in range(200):
        counts = dict(enumerate(int(n) for n in source.integers(1, 11, source.integers(2, 5))))
        doubled = {key: 2 * count for key, count in counts.items()}
        assert balance_repeats(doubled) == balance_repeats(counts)


def test_balance_small_buckets_come_within_a_fifth_of_each_other() -> None:
    source = np.random.default_rng(2)
    for _ in range(200):
        counts = dict(enumerate(int(n) for n in source.integers(4, 21, 3)))
        assert imbalance(counts, balance_repeats(counts)) <= 1.2


def test_balance_long_epochs_are_not_stretched() -> None:
    repeats = balance_repeats({"a": 600, "b": 400})
    assert repeats == {"a": 1, "b": 2}
    assert balance_repeats({"a": 1000, "b": 1}) == {"a": 1, "b": MAX_REPEATS}
