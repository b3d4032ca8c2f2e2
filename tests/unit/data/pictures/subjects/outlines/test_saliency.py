"""What stands out: the distance against brute force, and silence where nothing does."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage.measure import label

from trainer.data.pictures.subjects.outlines.saliency import _barrier_distance, find_salient


def true_distance(channel: np.ndarray) -> np.ndarray:
    """Minimum barrier distance by trying every range that may join a pixel to the edge."""
    found = np.full(channel.shape, np.inf)
    levels = np.unique(channel)
    for low in levels:
        for high in levels[levels >= low]:
            regions = label((channel >= low) & (channel <= high), connectivity=1)
            edge = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
            joined = np.isin(regions, np.setdiff1d(edge, [0]))
            found[joined] = np.minimum(found[joined], high - low)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_barrier_distance_is_that_of_brute_force_or_a_little_more(seed: int) -> None:
    channel = np.random.default_rng(seed).integers(0, 6, (9, 11)).astype(np.float64)
    ours, truth = _barrier_distance(channel), true_distance(channel)
    # The sweeps never find a range that is too small; they may miss a detour.
    assert (ours >= truth).all()
    assert (ours == truth).mean() > 0.9


def test_barrier_distance_of_an_island_is_its_shore() -> None:
    channel = np.full((20, 30), 50.0)
    channel[5:12, 8:20] = 90.0
    distance = _barrier_distance(channel)
    np.testing.assert_array_equal(distance, channel - 50.0)


def test_find_salient_island_on_rough_ground_is_near_truth() -> None:
    draw = np.random.default_rng(2)
    pixels = np.clip(120 + draw.normal(0, 15, (300, 400, 3)), 0, 255)
    pixels[80:220, 150:260] = np.array([200, 40, 60]) + draw.normal(0, 15, (140, 110, 3))
    found = find_salient(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    assert found is not None
    truth = np.zeros((300, 400), bool)
    truth[80:220, 150:260] = True
    grown = np.asarray(Image.fromarray(found).resize((400, 300)))
    assert (grown & truth).sum() / (grown | truth).sum() > 0.9


@pytest.mark.parametrize("size", [(400, 300), (16, 16), (15, 400), (1, 16), (3000, 20)])
@pytest.mark.parametrize("kind", ["plain", "noise", "ramp"])
def test_find_salient_says_nothing_where_nothing_stands_out(
    size: tuple[int, int], kind: str
) -> None:
    shape = (size[1], size[0], 3)
    pixels = {
        "plain": np.full(shape, 90.0),
        "noise": np.random.default_rng(4).uniform(0, 255, shape),
        "ramp": np.broadcast_to(np.linspace(0, 255, size[0])[None, :, None], shape),
    }[kind]
    assert find_salient(Image.fromarray(pixels.astype(np.uint8))) is None
