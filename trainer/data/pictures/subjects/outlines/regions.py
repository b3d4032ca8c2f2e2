"""Connected regions of a mask: parting a figure from specks of dirt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def without_specks(mask: Mask, smallest_share: float = 0.02) -> Mask:
    """Keep the largest connected region and those that are not tiny beside it.

    Args:
        mask: [H,W].
        smallest_share: Smaller regions, as a share of the largest one's area, go.
    """
    labels, areas = label_regions(_with_company(mask))
    if areas.size == 0:
        return np.zeros_like(mask)
    kept = areas >= areas.max() * smallest_share
    return np.concatenate([[False], kept])[labels]


def without_pinholes(mask: Mask, largest_share: float = 0.006) -> Mask:
    """Fill holes that are tiny beside the mask: eyes as white as the paper, noise.

    Args:
        mask: [H,W].
        largest_share: Larger holes, as a share of the mask's area, stay: gaps between limbs.
    """
    labels, areas = label_regions(~mask)
    if areas.size == 0:
        return mask
    is_small = areas <= largest_share * mask.sum()
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    is_small[edge[edge > 0] - 1] = False
    return np.asarray(mask | np.concatenate([[False], is_small])[labels])


def label_regions(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the connected regions; neighbours also touch over corners.

    Args:
        mask: [H,W].

    Returns:
        [H,W] with 0 outside and 1, 2, ... in the regions; and the area of each in pixels [n].
    """
    rows, starts, ends = _runs(mask)
    parents = list(range(len(rows)))
    _join_touching(parents, rows, starts, ends)
    roots = np.array([_root(parents, run) for run in range(len(rows))], dtype=np.int64)
    names, numbers = np.unique(roots, return_inverse=True)
    labels = np.zeros(mask.shape, dtype=np.int64)
    areas = np.zeros(len(names), dtype=np.int64)
    for row, start, end, number in zip(rows, starts, ends, numbers.tolist(), strict=True):
        labels[row, start:end] = number + 1
        areas[number] += end - start
    return labels, areas


def _with_company(mask: Mask) -> Mask:
    # A pixel of a figure has at least two others around it; noise mostly stands alone.
    padded = np.pad(mask, 1).astype(np.int64)
    height, width = mask.shape
    around = sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3))
    return mask & (np.asarray(around) >= 3)


def _runs(mask: Mask) -> tuple[list[int], list[int], list[int]]:
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    return rows.tolist(), starts.tolist(), ends.tolist()


def _join_touching(parents: list[int], rows: list[int], starts: list[int], ends: list[int]) -> None:
    above = 0
    for run in range(len(rows)):
        # Skip runs that can touch neither this run nor one after it.
        while above < run and (
            rows[above] < rows[run] - 1
            or (rows[above] == rows[run] - 1 and ends[above] < starts[run])
        ):
            above += 1
        other = above
        while other < run and rows[other] == rows[run] - 1 and starts[other] <= ends[run]:
            parents[_root(parents, other)] = _root(parents, run)
            other += 1


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run
