"""Copies by a thread to a device that computes behind the host's back."""

from __future__ import annotations

import gc
import random
import threading

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import make_sample, make_weights
from tests.unit.model.streaming.streaming_checks import CPU, SlowDevice, SlowLink, SlowMark
from tests.unit.model.training_checks import POLICIES, gradients, make_model, make_network
from trainer.model.streaming.order import KnownOrder, LearntOrder, RequestOrder
from trainer.model.streaming.ring import ALIGNMENT
from trainer.model.streaming.schedule import Schedule
from trainer.model.streaming.source import PrefetchingSource
from trainer.model.streaming.staged import Mark, StagedCopies, StagedCopy
from trainer.model.streaming.stored import StoredWeight, cast_only
from trainer.model.weights import MappingSource

Weights = dict[str, StoredWeight]


def make_stored(chance: random.Random, count: int) -> Weights:
    """Weights of up to four units of the ring, in one or two parts; no two hold equal bytes."""
    weights = {}
    for index in range(count):
        sizes = [chance.randint(1, 3 * ALIGNMENT)]
        if chance.random() < 0.4:
            sizes.append(chance.randint(1, ALIGNMENT))
        parts = tuple(torch.full((size,), index + 1, dtype=torch.uint8) for size in sizes)
        weights[f"w{index}"] = StoredWeight(parts, cast_only)
    return weights


def play(device: SlowDevice, seed: int, staging_bytes: int = 4 * 64) -> int:
    """Random requests, each computed on twice, sometimes on another queue; how many went wrong."""
    chance = random.Random(seed)
    weights = make_stored(chance, count=8)
    step = chance.choices(list(weights), k=20)
    asked = step * 3 if chance.random() < 0.7 else chance.choices(list(weights), k=60)
    order: RequestOrder = KnownOrder(asked) if chance.random() < 0.5 else LearntOrder()
    engine = StagedCopies(device, chance.randint(4, 16) * ALIGNMENT, staging_bytes)
    schedule: Schedule[StoredWeight, StagedCopy, Mark]
    schedule = Schedule(engine, weights.get, chance.randint(0, 5), order)
    wrong: list[str] = []

    def check(name: str, views: tuple[Tensor, ...]) -> None:
        parts = weights[name].parts
        if not all(torch.equal(*pair) for pair in zip(views, parts, strict=True)):
            wrong.append(name)

    for name in asked:
        device.current = chance.choice(["computation"] * 5 + ["other computation"])
        copy = schedule.request(name)
        assert copy is not None
        for _ in range(2):
            device.compute(lambda name=name, views=copy.views: check(name, views))
            for _ in range(chance.choice([0, 0, 1, 5])):
                device.get_on()
    schedule.clear()
    engine.close()
    device.finish()
    return len(wrong)


@pytest.mark.parametrize("seed", range(60))
def test_computation_reads_what_it_asked_for(seed: int) -> None:
    every_third = SlowDevice(seed, pinned=lambda tensor: int(tensor[0]) % 3 == 0)
    assert play(every_third, seed) == 0
    assert sum(every_third.staging_sizes) <= 4 * 64


@pytest.mark.parametrize("broken", ["copies_wait", "computation_waits", "synchronize"])
def test_each_wait_is_needed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above would see if one kind of waiting were left out."""
    owner = SlowMark if broken == "synchronize" else SlowDevice
    monkeypatch.setattr(owner, broken, lambda *_: None)
    assert sum(play(SlowDevice(seed), seed) for seed in range(20)) > 0


@pytest.mark.parametrize("name", ["whole", "checkpointed", "in_main_memory"])
def test_steps_through_staging_give_equal_bits(name: str) -> None:
    policy = POLICIES[name]
    arguments = make_sample().arguments()
    network = make_network()
    plain = make_model(MappingSource(make_weights()), policy=policy)
    wanted = gradients(plain.velocity(*arguments, lora=network), network)
    largest = 512 * 512 * 4

    def engines(device: torch.device, ring_bytes: int) -> StagedCopies:
        assert device == CPU
        return StagedCopies(SlowLink(seed=7), ring_bytes, staging_bytes=100_000)

    inner = MappingSource(make_weights())
    with PrefetchingSource(inner, CPU, 3 * largest, 4, engines) as source:
        model = make_model(source, policy=policy)
        for _ in range(3):
            found = gradients(model.velocity(*arguments, lora=network), network)
            assert all(torch.equal(found[key], value) for key, value in wanted.items())
        assert source.staging_bytes == 100_000
    assert (source.ring_bytes, source.staging_bytes) == (0, 0)


def test_pinned_weights_need_no_staging() -> None:
    device = SlowLink(seed=1, pinned=lambda tensor: True)
    source = PrefetchingSource(
        MappingSource({"a.weight": torch.ones(4, 4)}),
        CPU,
        1024,
        1,
        lambda _, ring_bytes: StagedCopies(device, ring_bytes, 4096),
    )
    assert torch.equal(source.weight("a.weight", torch.float32, CPU), torch.ones(4, 4))
    assert source.staging_bytes == 0
    source.close()


def test_error_while_copying_is_raised_where_the_weight_is_asked_for() -> None:
    def pinned(tensor: Tensor) -> bool:
        if is_gone and tensor.shape == (2, 2):
            raise OSError("the disk is gone")
        return True

    is_gone = True
    weights = {"a.weight": torch.ones(3, 3), "b.weight": torch.full((2, 2), 2.0)}
    source = PrefetchingSource(
        MappingSource(weights),
        CPU,
        4096,
        1,
        lambda _, ring_bytes: StagedCopies(SlowLink(1, pinned), ring_bytes, 4096),
    )
    with source:
        for _ in range(3):
            assert torch.equal(source.weight("a.weight", torch.float32, CPU), weights["a.weight"])
            with pytest.raises(OSError, match="the disk is gone"):
                source.weight("b.weight", torch.float32, CPU)
        is_gone = False
        for name in ["b.weight", "a.weight"] * 2:
            assert torch.equal(source.weight(name, torch.float32, CPU), weights[name])


@pytest.mark.parametrize("seed", range(10))
def test_place_of_a_copy_given_up_still_waits_for_its_reader(seed: int) -> None:
    """The second of three owners of a place goes before the thread has come to it."""
    goes_on = threading.Event()

    def pinned(tensor: Tensor) -> bool:
        return tensor.dtype != torch.int32 or goes_on.wait(10)

    device = SlowDevice(seed, pinned)
    engine = StagedCopies(device, 2 * ALIGNMENT, 4096)
    owners = [StoredWeight((torch.full((8,), float(i)),), cast_only) for i in range(3)]
    first = engine.start(owners[0], 0, ())
    engine.wait(first)
    seen: list[Tensor] = []
    device.compute(lambda: seen.append(first.views[0].clone()))
    marks = engine.release(first)
    engine.start(StoredWeight((torch.zeros(8, dtype=torch.int32),), cast_only), ALIGNMENT, ())
    assert engine.release(engine.start(owners[1], 0, marks)) == []
    third = engine.start(owners[2], 0, ())
    goes_on.set()
    engine.wait(third)
    device.compute(lambda: seen.append(third.views[0].clone()))
    engine.release(third)
    engine.close()
    device.finish()
    assert [value[0].item() for value in seen] == [0.0, 2.0]


def test_thread_ends_with_close_and_with_a_forgotten_source() -> None:
    before = set(threading.enumerate())
    device = SlowLink(1)
    closed = StagedCopies(device, 4096, 1024)
    closed.start(StoredWeight((torch.ones(600),), cast_only), 0, ())
    forgotten = StagedCopies(SlowLink(2), 1024, 1024)
    started = set(threading.enumerate()) - before
    assert len(started) == 2
    closed.close()
    assert device.is_idle
    closed.close()
    del forgotten
    gc.collect()
    for thread in started:
        thread.join(timeout=10)
        assert not thread.is_alive()
