"""What is expected next."""

from __future__ import annotations

import pytest

from trainer.model.streaming.order import KnownOrder, LearntOrder

FORWARD = ["a", "b", "c", "d"]
BACKWARD = ["d", "c", "b", "a"]
CHECKPOINTED = [*FORWARD, "c", "d", "d", "c", "a", "b", "b", "a"]


def note_all(order: LearntOrder, names: list[str]) -> int:
    """Notes `names`; how many of them were expected."""
    expected = 0
    for name in names:
        expected += order.following(1) == [name]
        order.note(name)
    return expected


def test_known_order_follows_the_list() -> None:
    order = KnownOrder(["a", "b", "c"])
    assert list(order.following(2)) == ["a", "b"]
    order.note("a")
    order.note("b")
    assert list(order.following(2)) == ["c"]


def test_nothing_is_expected_of_new_names() -> None:
    order = LearntOrder()
    assert note_all(order, FORWARD) == 0
    assert list(order.following(3)) == []


@pytest.mark.parametrize("step", [[*FORWARD, *BACKWARD], CHECKPOINTED])
def test_a_step_is_expected_after_it_was_seen_once(step: list[str]) -> None:
    order = LearntOrder()
    note_all(order, step)
    # The turn from one step to the next was not seen before: one name alone tells nothing, and
    # "a, b" begins a step as well as a block that is run once more.
    assert note_all(order, step) >= len(step) - 3
    assert note_all(order, step) == len(step)
    assert list(order.following(3)) == step[:3]


def test_backward_is_not_mistaken_for_forward_in_the_first_step() -> None:
    order = LearntOrder()
    note_all(order, FORWARD)
    wrong = 0
    for name in BACKWARD:
        wrong += bool(order.following(1))
        order.note(name)
    assert wrong == 0


def test_a_changed_step_is_expected_again_after_a_few_names() -> None:
    order = LearntOrder()
    plain = [*FORWARD, *BACKWARD]
    for step in (plain, CHECKPOINTED, plain, CHECKPOINTED):
        note_all(order, step)
    # Where forward ends, backward may begin in either way: the newest like it is expected first.
    assert note_all(order, plain) >= len(plain) - 3
    assert note_all(order, plain) >= len(plain) - 1


def test_forward_alone_between_steps() -> None:
    order = LearntOrder()
    step = [*FORWARD, *BACKWARD]
    note_all(order, step * 3)
    note_all(order, FORWARD * 2)
    assert note_all(order, FORWARD * 2) >= 6


def test_history_is_bounded_and_still_predicts() -> None:
    order = LearntOrder(history=40)
    step = [*FORWARD, *BACKWARD]
    note_all(order, step * 2)
    assert note_all(order, step * 50) == len(step) * 50
    assert len(order._names) <= 40
    assert sum(map(len, order._places.values())) == len(order._names)
