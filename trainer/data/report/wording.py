"""The report as plain text."""

from __future__ import annotations

from collections.abc import Mapping

from ..captions.words import view_words
from .epoch import BucketRow
from .findings import crop_name
from .length import RunLength, duration_words
from .reporting import DatasetReport
from .traits import TraitCount


def report_lines(report: DatasetReport) -> list[str]:
    """The report as lines: totals, buckets, findings, traits, and every crop with its caption."""
    lines = [*summary_lines(report), "", "Buckets"]
    lines += [f"  {bucket_words(row, report.epoch.samples)}" for row in report.epoch.rows]
    lines += ["", "Findings"]
    lines += [f"  {one.text}" for one in report.findings] or ["  None. Nothing stands out."]
    if report.traits:
        lines += ["", "Samples per epoch that mention"]
        lines += [f"  {trait_words(trait)}" for trait in report.traits]
    lines += ["", "Crops"]
    for number, entry in enumerate(report.captioned):
        lines += [f"  {_crop_words(report, number)}", f"      {entry.caption or '(no caption)'}"]
    return lines


def brief_lines(report: DatasetReport) -> list[str]:
    """Totals, buckets and findings, for the node itself."""
    rows = [bucket_words(row, report.epoch.samples) for row in report.epoch.rows]
    return [*summary_lines(report), *rows, *(one.text for one in report.findings)]


def summary_lines(report: DatasetReport) -> list[str]:
    """Totals, the length of the run, and how much was found: three lines."""
    return [
        f"{count_words(len(report.captioned), 'crop')} from "
        f"{count_words(report.pictures, 'picture')} in "
        f"{count_words(len(report.epoch.rows), 'bucket')}, "
        f"{count_words(report.epoch.samples, 'sample')} per epoch",
        length_words(report.length),
        finding_words(report),
    ]


def finding_words(report: DatasetReport) -> str:
    """How much was found, such as "3 findings: 2 blurred, 1 compressed"."""
    if not report.findings:
        return "No findings: nothing stands out"
    kinds: dict[str, int] = {}
    for one in report.findings:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    listed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.items())
    return f"{count_words(len(report.findings), 'finding')}: {listed}"


def length_words(length: RunLength) -> str:
    """Steps of an epoch and of the run, and the time that they take at most."""
    batch = f"batch {length.batch_size}"
    batch += f" x accumulation {length.accumulation}" if length.accumulation > 1 else ""
    epochs = f"{length.epochs:.0f}" if length.epochs >= 10 else f"{length.epochs:.2g}"
    words = (
        f"{count_words(length.steps_per_epoch, 'step')} per epoch ({batch}), "
        f"{count_words(length.steps, 'step')} in {epochs} epoch{'' if epochs == '1' else 's'}"
    )
    if length.seconds is not None:
        return f"{words}, at most about {duration_words(length.seconds)} by the plan"
    if length.is_planned:
        return f"{words}; the plan is for a CPU, whose time it does not foresee"
    return f"{words}; connect Plan Training for the time"


def bucket_words(row: BucketRow, total: int) -> str:
    """Such as "768x1024: 4 crops x 3 repeats = 12 samples (25%)"."""
    repeats = f"{row.repeats} repeat{'' if row.repeats == '1' else 's'}"
    return (
        f"{row.bucket}: {count_words(row.crops, 'crop')} x {repeats} = "
        f"{count_words(row.samples, 'sample')} ({100 * row.samples / total:.0f}%)"
    )


def trait_words(trait: TraitCount) -> str:
    """Such as "teal hair: 24 (100%); front 12, behind 12; full body 16, headshot 8"."""
    parts = [f"{trait.name}: {trait.samples} ({100 * trait.share:.0f}%)"]
    if trait.samples:
        parts += [view_counts(trait.by_view), shot_counts(trait.by_shot)]
    return "; ".join(parts) + (" (rare)" if trait.is_rare else "")


def view_counts(by_view: Mapping[str, int]) -> str:
    """Such as "front 12, behind 12"; pictures whose names tell no view are "unknown"."""
    return _counts({view or "unknown": by_view[view] for view in by_view})


def shot_counts(by_shot: Mapping[str, int]) -> str:
    """Such as "full body 16, headshot 8"."""
    return _counts({shot.replace("_", " "): by_shot[shot] for shot in by_shot})


def count_words(number: int, word: str) -> str:
    """Such as "1 crop" or "12 crops"; large numbers get commas."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _counts(counts: Mapping[str, int]) -> str:
    largest_first = sorted(counts.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {count}" for name, count in largest_first)


def _crop_words(report: DatasetReport, number: int) -> str:
    entry, state = report.captioned[number], report.states[number]
    parts = [crop_name(report.captioned, number)]
    parts += [view_words(entry.crop.view)] if entry.crop.view else []
    parts.append(f"x{state.enlargement:.2f}")
    parts += [] if state.look.blur_px is None else [f"edges {state.look.blur_px:.2f} px"]
    parts.append(count_words(report.epoch.repeats[number], "repeat"))
    parts += state.marks()
    earlier = report.repeated_by().get(number)
    parts += [] if earlier is None else [f"repeats #{earlier + 1}"]
    return ", ".join(parts)
