"""What a run measured beside training, as one table for each part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...runs.history import Floats, History, Measurement

MOST_PLACES = 120
"""Neighbouring measurements are averaged beyond this many, so that judging stays quick."""


@dataclass(frozen=True)
class Measured:
    """Losses by place and item, averaged over the noise levels.

    steps: [K]. items: [K, N]. is_mean: there is one column, the mean of an unknown number.
    """

    steps: Floats
    items: Floats
    is_mean: bool = False

    @property
    def losses(self) -> Floats:
        """Mean over the items [K]."""
        return np.asarray(self.items.mean(axis=1))


def held_out(history: History) -> Measured | None:
    """The items that are never trained on, or None where there are none.

    Runs from before single items were logged have one mean, which counts as one item.
    """
    if not history.measurements:
        pairs = [(step, np.array([[loss]])) for step, loss in history.validation]
        table = _table(pairs)
        return None if table is None else replace(table, is_mean=True)
    return _table([(m.step, m.held_out) for m in _of_last_kind(history, "held_out")])


def probe(history: History) -> Measured | None:
    """The items that are trained on, or None where none were measured."""
    return _table([(m.step, m.probe) for m in _of_last_kind(history, "probe")])


def _of_last_kind(history: History, part: str) -> list[Measurement]:
    """The measurements made as the last one was: after a change of items none compares."""
    if not history.measurements:
        return []
    last = history.measurements[-1]
    wanted = (last.sigmas, getattr(last, part).shape)
    return [m for m in history.measurements if (m.sigmas, getattr(m, part).shape) == wanted]


def _table(pairs: list[tuple[int, Floats]]) -> Measured | None:
    """One table of measurements that all have one shape; those that are no numbers are left out."""
    if not pairs or not pairs[0][1].size:
        return None
    steps = np.array([step for step, _ in pairs], dtype=np.float64)
    items = np.stack([rows for _, rows in pairs]).mean(axis=2)
    is_good = np.isfinite(items).all(axis=1)
    steps, items = steps[is_good], items[is_good]
    if not len(steps):
        return None
    if len(steps) > MOST_PLACES:
        groups = np.linspace(0, len(steps), MOST_PLACES + 1).astype(int)[:-1]
        sizes = np.diff(np.append(groups, len(steps)))
        steps = np.round(np.add.reduceat(steps, groups) / sizes)
        items = np.add.reduceat(items, groups) / sizes[:, None]
    return Measured(steps, items)
