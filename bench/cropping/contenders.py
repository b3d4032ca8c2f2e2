"""Ways to make the crops of a plan: the pack's, and the plain way with Pillow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from trainer.data.captions.captioning import Captioned
from trainer.data.crops.crop_settings import CropSettings
from trainer.data.crops.planning import Crop, CropPlan, plan_crops
from trainer.data.crops.rendering import PNG_OPTIONS
from trainer.data.dataset.building import build_dataset
from trainer.data.pictures.media import scan_folder

CAPTION = "A photograph."
RIVALS: Mapping[str, Mapping[str, Any]] = {
    "pillow_one_thread": {},
    "pillow_one_thread_same_zip": PNG_OPTIONS,
}
"""The plain way with the options it saves PNG files with; Pillow's defaults come first."""


@dataclass(frozen=True, slots=True)
class Rig:
    """One contender."""

    build: Callable[[Path], list[Path]]
    """Makes all crops in a new folder; returns the pictures in the order of the plan."""
    scan: Callable[[], int]
    """Learns of each picture what a scan must know; returns their number."""


def plan_folder(folder: Path) -> CropPlan:
    """The crops that the pack proposes with its own settings."""
    return plan_crops(scan_folder(folder), CropSettings())


def rig(name: str, folder: Path, plan: CropPlan) -> Rig:
    """Get a contender ready: "ours", or one of `RIVALS`."""
    if name == "ours":
        return Rig(lambda target: build_ours(plan, target), lambda: len(scan_folder(folder).items))
    options = RIVALS[name]
    return Rig(lambda target: build_plainly(plan, target, options), lambda: scan_plainly(folder))


def build_ours(plan: CropPlan, target: Path) -> list[Path]:
    """As the node does it: numbered files with captions, a ledger, a manifest, all checked."""
    captioned = [Captioned(crop, CAPTION, "template") for crop in plan.crops]
    names: list[str] = []
    build_dataset(captioned, target, on_progress=lambda done, total, name: names.append(name))
    return [target / name for name in names]


def build_plainly(plan: CropPlan, target: Path, options: Mapping[str, Any]) -> list[Path]:
    """One picture after the other, opened once for all of its crops."""
    paths: list[Path] = []
    path: Path | None = None
    for number, crop in enumerate(plan.crops):
        if path != crop.item.path:
            path = crop.item.path
            with Image.open(path) as opened:
                image = ImageOps.exif_transpose(opened).convert("RGB")
        part = image.crop(crop.box.corners)
        part = part.resize((crop.bucket.width_px, crop.bucket.height_px), Image.Resampling.LANCZOS)
        paths.append(_plain_path(target, number, crop))
        part.save(paths[-1], **options)
        paths[-1].with_suffix(".txt").write_text(CAPTION, encoding="utf-8")
    return paths


def scan_plainly(folder: Path) -> int:
    """Size, digest of the pixels and perceptual hash of each picture, one after the other."""
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        digest = hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest()
        small = image.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
        waves = np.fft.rfft2(np.asarray(small, dtype=np.float64))[:8, :8].real
        found.append((image.size, digest, (waves > np.median(waves)).tobytes()))
    return len(found)


def _plain_path(target: Path, number: int, crop: Crop) -> Path:
    folder = target / str(crop.bucket)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{number:04d}.png"
