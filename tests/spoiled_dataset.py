"""A made-up dataset of which it is known what is wrong with each picture, and its report.

    python -m tests.spoiled_dataset OUT.png

draws the report, as README.md shows it.
"""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFilter

from demo.pictures import View, draw_character
from trainer.data.captions.captioning import (
    Captioned,
    CaptionFields,
    CaptionSources,
    caption_crops,
)
from trainer.data.crops.by_hand.edits import CropEdits
from trainer.data.crops.by_hand.manual_boxes import ManualBox
from trainer.data.crops.planning import CropSettings, plan_crops
from trainer.data.pictures.buckets import parse_buckets
from trainer.data.pictures.media import scan_folder
from trainer.data.report.length import PlannedStep, RunWish
from trainer.data.report.reporting import ReportWish, make_report
from trainer.data.sheets.report_sheet import draw_report
from trainer.planning.budget import Budget
from trainer.planning.choosing import make_plan
from trainer.planning.weight_kinds import weight_kind
from trainer.planning.workload import RELEASED, SampleShape, Workload

BUCKETS = "960x1712, 768x1024, 1024x1024"
# The same crops of every picture, whatever would be proposed: what is known of them stays known.
BOXES = (
    ("full_body", "960x1712", (0.0102, 0.0, 0.9796, 0.9828)),
    ("waist_up", "768x1024", (0.205, 0.0224, 0.5898, 0.4422)),
    ("waist_up", "1024x1024", (0.107, 0.0224, 0.7861, 0.4422)),
    ("detail", "768x1024", (0.1722, 0.4672, 0.6546, 0.4911)),
    ("detail", "1024x1024", (0.063, 0.4672, 0.8731, 0.4911)),
)
FIELDS = CaptionFields(
    style="Anime style",
    trigger="alva",
    class_word="woman",
    named_traits="teal hair, purple dress, gold boots",
    pose="standing",
    background="plain white background",
)
# A lantern in one of many captions is a rare trait.
OVERRIDES = '{"alva_front.png": {"detail": {"extra": "A lantern shines"}}}'


def write_spoiled_pictures(folder: Path) -> None:
    """Write pictures of Alva, five of them spoiled in one known way each."""
    folder.mkdir(parents=True, exist_ok=True)
    good: dict[View, Image.Image] = {view: draw_character(view) for view in ("front", "behind")}
    width, height = good["front"].size
    half = (width // 2, height // 2)
    good["front"].save(folder / "alva_front.png")
    good["behind"].save(folder / "alva_behind.png")
    blurred = good["front"].filter(ImageFilter.GaussianBlur(3))
    blurred.save(folder / "blurred_front.png")
    good["behind"].resize((360, 640)).save(folder / "small_behind.png")
    grown = good["behind"].resize(half, Image.Resampling.LANCZOS)
    grown.resize((width, height), Image.Resampling.BICUBIC).save(folder / "grown_behind.png")
    good["front"].save(folder / "compressed_front.jpg", quality=10)
    stored = BytesIO()
    good["behind"].save(stored, "JPEG", quality=10)
    Image.open(stored).save(folder / "was_compressed_behind.png")


def caption_spoiled(folder: Path) -> list[Captioned]:
    """Crops of the pictures in a folder, with captions."""
    media = scan_folder(folder)
    boxes = tuple(
        ManualBox(item.path.name, box, shot, parse_buckets(bucket)[0])
        for item in media.items
        for shot, bucket, box in BOXES
    )
    settings = CropSettings(parse_buckets(BUCKETS), max_enlargement=4.0, by_hand=CropEdits(boxes))
    plan = plan_crops(media, settings)
    return caption_crops(plan.crops, FIELDS, CaptionSources(overrides=OVERRIDES))


def planned_step() -> PlannedStep:
    """A step of the released model on the largest bucket, on a card of 24 GiB."""
    workload = Workload.of_sizes(RELEASED, [SampleShape.of_pixels(960, 1712)])
    plan = make_plan(workload, weight_kind("fp8"), Budget.of_card(24.0, 64.0))
    return PlannedStep(plan.seconds, batch_size=1)


def main(target: Path) -> None:
    """Draw the report."""
    with tempfile.TemporaryDirectory() as folder:
        write_spoiled_pictures(Path(folder))
        wish = ReportWish(RunWish(length=100), planned_step())
        report = make_report(caption_spoiled(Path(folder)), wish=wish)
    page = draw_report(report)[0]
    # A palette is enough for a page, and makes a third of the file.
    page.quantize(256, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
