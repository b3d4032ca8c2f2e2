"""Writes what Python gives for boxes and repeats, against which the crop editor's page is tested.

Run it as `python -m tests.golden.crops.make_goldens`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from trainer.data.crops.by_hand.manual_boxes import ManualBox
from trainer.data.crops.by_hand.placing import place_box
from trainer.data.dataset.balance import balance_repeats
from trainer.data.pictures.boxes import Box, Frame, fit_box
from trainer.data.pictures.buckets import GUIDE_BUCKETS, Bucket

FOLDER = Path(__file__).parent
BUCKETS = (*GUIDE_BUCKETS, Bucket(64, 4096), Bucket(4096, 64), Bucket(96, 160), Bucket(848, 480))
SCRIPT = "python -m tests.golden.crops.make_goldens"


def fit_box_cases() -> list[dict[str, Any]]:
    """Frames with the boxes that `fit_box` lays, halves on purpose among them."""
    source = random.Random(11)
    cases = []
    for number in range(600):
        bucket = source.choice(BUCKETS)
        picture = (source.randint(1, 20_000), source.randint(1, 20_000))
        if number % 3 == 0:
            picture = (source.randint(1, 60), source.randint(1, 60))
        # Quarters hit the halves that Python and JavaScript round differently.
        part = 4 if number % 2 else 1000
        height = source.randint(1, 2 * picture[1] * part) / part
        x = source.randint(-picture[0], 2 * picture[0] * part) / part
        y = source.randint(-picture[1], 2 * picture[1] * part) / part
        anchor = source.choice((0.0, 0.4, 0.5, 1.0))
        box = fit_box(Frame(height, x, y, anchor), bucket, picture)
        cases.append(
            {"frame": [height, x, y, anchor], "bucket": str(bucket), "picture": picture,
             "box": _values(box)}
        )  # fmt: skip
    return cases


def place_box_cases() -> list[dict[str, Any]]:
    """Stored shares, of any shape, with the boxes that a run makes of them."""
    source = random.Random(12)
    cases = []
    for _ in range(400):
        bucket = source.choice(BUCKETS)
        picture = (source.randint(16, 20_000), source.randint(16, 20_000))
        left, top = source.randint(0, 990_000), source.randint(0, 990_000)
        width = source.randint(1, 1_000_000 - left)
        height = source.randint(1, 1_000_000 - top)
        shares = (left / 1e6, top / 1e6, width / 1e6, height / 1e6)
        _, box = place_box(ManualBox("a", shares, bucket=bucket), picture, BUCKETS)
        cases.append(
            {"shares": shares, "bucket": str(bucket), "picture": picture, "box": _values(box)}
        )
    return cases


def balance_cases() -> list[dict[str, Any]]:
    """Numbers of crops in each bucket with the repeats that are chosen for them."""
    source = random.Random(13)
    counts = [[1], [7, 7, 7], [24, 12, 8, 1], [3, 2], [600, 400], [1000, 1], [51, 1, 2]]
    counts += [
        [source.randint(1, source.choice((6, 60, 900))) for _ in range(source.randint(1, 6))]
        for _ in range(300)
    ]
    return [
        {"counts": case, "repeats": list(balance_repeats(dict(enumerate(case))).values())}
        for case in counts
    ]


def _values(box: Box) -> list[int]:
    return [box.left, box.top, box.width, box.height]


def write(name: str, cases: list[dict[str, Any]]) -> None:
    """One case on each line, so that a change can be read."""
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"made_by": "{SCRIPT}", "cases": [\n{lines}\n]}}\n'
    (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write("fit_box.json", fit_box_cases())
    write("place_box.json", place_box_cases())
    write("balance.json", balance_cases())
