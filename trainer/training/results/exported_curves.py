"""Loss curves that other tools exported: tables from wandb and TensorBoard, and event files.

A table (CSV) has a column of steps and one of losses:
- wandb's chart: "Step", "<run> - loss", "<run> - loss__MIN", "<run> - loss__MAX";
- wandb's history: "_step", "loss/current", "loss/average" and others;
- TensorBoard: "Wall time", "Step", "Value".
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import DatasetError
from ..runs.history import History, read_history
from .lora_folder import find_loras
from .tensorboard_events import find_event_files, read_scalars

MOST_BYTES = 500_000_000
Points = dict[int, float]
_STEP_NAMES = ("step", "_step", "trainer/global_step", "global_step", "global step", "steps")
_LOSS_NAMES = ("loss/current", "loss/step", "train/loss", "train_loss", "loss", "value")
_NOT_RAW = re.compile(r"(average|avg|ema|smooth|epoch|__min$|__max$)")
_VALIDATION = re.compile(r"(^|[^a-z])(val|validation|valid|eval|held.?out)([^a-z]|$)")


def read_any_history(source: Path, loras: Path | None = None) -> History:
    """The course of a run: from a run folder, or from what another tool exported.

    Args:
        source: A run folder, a CSV file, an event file of TensorBoard or a folder with one.
        loras: A folder of LoRA files with their step or epoch in the name or the metadata; used
            where the source knows no saved checkpoints.

    Raises:
        StateError: A run folder has no event log.
        DatasetError: The exported curve or the folder of LoRA files cannot be used.
    """
    if source.is_dir() and not (source / "events.jsonl").exists() and find_event_files(source):
        history = _from_scalars(source)
    elif source.is_file() and "tfevents" in source.name:
        history = _from_scalars(source)
    elif source.is_file():
        history = read_exported_table(source)
    else:
        history = read_history(source)
    if history.checkpoints or loras is None:
        return history
    last = max(history.steps, default=0)
    return History(**{**vars(history), "checkpoints": find_loras(loras, last)})


def is_exported(history: History) -> bool:
    """Whether this is a curve without a run of ours behind it, so that it may have no LoRA."""
    return not (history.run_folder / "events.jsonl").exists()


def read_exported_table(path: Path) -> History:
    """Steps and losses of a CSV file; rows with an empty or unreadable loss are left out.

    Raises:
        DatasetError: It is no such table; the message says which column is missing.
    """
    rows = _read_rows(path)
    head = [name.strip() for name in rows[0]]
    step_at = _step_column(path, head)
    columns = {name: at for at, name in enumerate(head) if at != step_at}
    curves: dict[str, Points] = {name: {} for name in columns}
    for row in rows[1:]:
        step = _number(row, step_at)
        if step is None or step < 0 or step != int(step):
            continue
        for name, at in columns.items():
            value = _number(row, at)
            if value is not None:
                curves[name][int(step)] = value
    return _history(path, {name: points for name, points in curves.items() if points}, head)


def _from_scalars(source: Path) -> History:
    curves = read_scalars(source)
    return _history(source, curves, list(curves))


def _read_rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(
                f"'{path}' is larger than {MOST_BYTES // 1_000_000} MB, which no loss curve needs. "
                "Export only the loss."
            )
        with path.open(encoding="utf-8-sig", newline="") as stream:
            first = stream.readline()
            stream.seek(0)
            delimiter = max(",;\t", key=first.count)
            rows = [row for row in csv.reader(stream, delimiter=delimiter) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(
            f"'{path}' cannot be read as a table: {error}. Export the loss from wandb or "
            "TensorBoard as CSV."
        ) from error
    if len(rows) < 2:
        raise DatasetError(
            f"'{path}' has no rows. Export a chart with steps and losses as CSV, with its header."
        )
    return rows


def _step_column(path: Path, head: Sequence[str]) -> int:
    lowered = [name.lower() for name in head]
    for wanted in _STEP_NAMES:
        if wanted in lowered:
            return lowered.index(wanted)
    raise DatasetError(
        f"'{path}' has no column of steps. Its columns are {_listed(head)}; one of them must be "
        "called 'Step'. In wandb choose Step as the x axis before you export."
    )


def _number(row: Sequence[str], at: int) -> float | None:
    if at >= len(row):
        return None
    text = row[at].strip()
    # Spreadsheets of many countries write a decimal comma, and ';' between columns.
    text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _history(source: Path, curves: Mapping[str, Points], head: Sequence[str]) -> History:
    loss = _loss_name(source, [name for name in curves if not _is_validation(name)], head)
    points = curves[loss]
    steps = tuple(sorted(points))
    validation = [name for name in curves if _is_validation(name) and "loss" in name.lower()]
    pairs = curves[validation[0]] if len(validation) == 1 else {}
    return History(
        run_folder=source,
        steps=steps,
        losses=tuple(points[step] for step in steps),
        epochs=(0,) * len(steps),
        validation=tuple(sorted(pairs.items())),
        steps_total=steps[-1],
    )


def _loss_name(source: Path, names: Sequence[str], head: Sequence[str]) -> str:
    """The column with the loss of each step, not an average of it."""
    short = {name: name.lower().rsplit(" - ", 1)[-1].strip() for name in names}
    raw = [name for name in names if not _NOT_RAW.search(short[name])]
    for wanted in _LOSS_NAMES:
        found = [name for name in raw if short[name] == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise DatasetError(
                f"'{source}' holds the losses of several runs: {_listed(found)}. Export one run."
            )
    found = [name for name in raw if "loss" in short[name]]
    averages = [name for name in names if "loss" in short[name]]
    if len(found or averages) == 1:
        return (found or averages)[0]
    what = f"several columns that may be it ({_listed(found)})" if found else "none"
    raise DatasetError(
        f"'{source}' must have one column of numbers with the loss, but has {what}. Its columns "
        f"are {_listed(head)}. Name the right one 'loss', or export only that."
    )


def _is_validation(name: str) -> bool:
    return bool(_VALIDATION.search(name.lower().rsplit(" - ", 1)[-1]))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return (shown + (" and more" if len(names) > 8 else "")) or "none"
