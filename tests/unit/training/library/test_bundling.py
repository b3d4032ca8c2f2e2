"""Events are sent soon, together, in order, and all of them."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import pytest

from trainer.training.library.bundling import EventBundler


class Receiver:
    """Keeps bundles and when they came."""

    def __init__(self) -> None:
        self.bundles: list[list[dict[str, Any]]] = []
        self.times: list[float] = []
        self.arrived = threading.Event()

    def send(self, bundle: list[dict[str, Any]]) -> None:
        """Take a bundle."""
        self.bundles.append(bundle)
        self.times.append(time.monotonic())
        self.arrived.set()

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events."""
        return [event for bundle in self.bundles for event in bundle]


def test_bundler_sends_without_being_closed() -> None:
    receiver = Receiver()
    bundler = EventBundler(receiver.send)
    bundler.add({"type": "a"})
    assert receiver.arrived.wait(5)
    assert receiver.events == [{"type": "a"}]
    bundler.close()


def test_bundler_sends_many_events_in_few_bundles_and_in_order() -> None:
    receiver = Receiver()
    bundler = EventBundler(receiver.send, seconds_between=0.05)
    for number in range(500):
        bundler.add({"type": "step", "step": number})
        time.sleep(0.001)
    bundler.close()
    assert [event["step"] for event in receiver.events] == list(range(500))
    gaps = [after - before for before, after in zip(receiver.times, receiver.times[1:])]  # noqa: B905
    # The last bundle does not wait: the run is over.
    assert min(gaps[:-1]) >= 0.045


def test_bundler_flushes_at_once_when_closed() -> None:
    receiver = Receiver()
    bundler = EventBundler(receiver.send, seconds_between=60.0)
    bundler.add({"type": "a"})
    receiver.arrived.wait(5)
    bundler.add({"type": "b"})
    started = time.monotonic()
    bundler.close()
    assert time.monotonic() - started < 5
    assert [event["type"] for event in receiver.events] == ["a", "b"]


def test_bundler_takes_events_of_several_threads() -> None:
    receiver = Receiver()
    bundler = EventBundler(receiver.send, seconds_between=0.01)

    def fill(number: int) -> None:
        for count in range(100):
            bundler.add({"type": "x", "thread": number, "count": count})

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bundler.close()
    for number in range(4):
        counts = [e["count"] for e in receiver.events if e["thread"] == number]
        assert counts == list(range(100))


def test_bundler_sends_what_was_added_not_what_became_of_it() -> None:
    receiver = Receiver()
    bundler = EventBundler(receiver.send)
    record = {"type": "a", "loss": math.nan, "list": [1.0]}
    bundler.add(record)
    record["list"].append(2.0)  # type: ignore[attr-defined]
    bundler.close()
    assert receiver.events == [{"type": "a", "loss": None, "list": [1.0]}]


def test_bundler_survives_a_receiver_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no page")

    bundler = EventBundler(broken)
    bundler.add({"type": "a"})
    bundler.close()
    assert "could not be sent" in caplog.text
