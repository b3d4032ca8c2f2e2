"""Reads the scalars of TensorBoard's event files, without TensorBoard.

A file is a row of records: 8 bytes length, 4 bytes checksum, the data, 4 bytes checksum. The data
is an Event in protocol buffer form, of which only step and scalar values are looked at.

Source: the record format and the fields of event.proto, summary.proto and tensor.proto as
TensorFlow documents them. Own code; nothing is unpickled.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

from ...errors import DatasetError

_HEAD, _TAIL = 12, 4
_EVENT_STEP, _EVENT_SUMMARY = 2, 5
_SUMMARY_VALUE = 1
_VALUE_TAG, _VALUE_NUMBER, _VALUE_TENSOR = 1, 2, 8
_TENSOR_TYPE, _TENSOR_BYTES, _TENSOR_FLOATS, _TENSOR_DOUBLES = 1, 4, 5, 6
_DOUBLE = 2
_SIZES = {1: 8, 5: 4}
Field = tuple[int, int, int, bytes]


def find_event_files(source: Path) -> list[Path]:
    """The event files that `source` is or has, also in folders below it, oldest first."""
    if source.is_file():
        return [source]
    # The names carry the time at which each was begun.
    return sorted(path for path in source.rglob("*tfevents*") if path.is_file())


def read_scalars(source: Path) -> dict[str, dict[int, float]]:
    """Every scalar by its tag, as step to value; of two values of one step the later one counts.

    Raises:
        DatasetError: The files are of several runs, damaged, or without scalars.
    """
    files = find_event_files(source)
    folders = sorted({path.parent for path in files})
    if len(folders) > 1:
        raise DatasetError(
            f"'{source}' has event files in {len(folders)} folders. Choose one of them, such as "
            f"'{folders[0]}'."
        )
    curves: dict[str, dict[int, float]] = {}
    for path in files:
        try:
            for step, tag, value in _scalars(path.read_bytes()):
                if math.isfinite(value):
                    curves.setdefault(tag, {})[step] = value
        except (OSError, ValueError, struct.error, IndexError, UnicodeDecodeError) as error:
            raise DatasetError(
                f"'{path}' cannot be read as an event file of TensorBoard: {error}. Take the file "
                "as the training wrote it, or export the loss as CSV."
            ) from error
    if not curves:
        raise DatasetError(
            f"'{source}' holds no scalars. Choose the event file of the training that logged its "
            "loss."
        )
    return curves


def _scalars(data: bytes) -> Iterator[tuple[int, str, float]]:
    for record in _records(data):
        step, summaries = 0, []
        for number, _, whole, part in _fields(record):
            if number == _EVENT_STEP:
                step = whole
            elif number == _EVENT_SUMMARY:
                summaries.append(part)
        for summary in summaries:
            for number, _, _, part in _fields(summary):
                if number == _SUMMARY_VALUE:
                    tag, value = _value(part)
                    if value is not None:
                        yield step, tag, value


def _records(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEAD <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        end = at + _HEAD + length + _TAIL
        if end > len(data):
            if at == 0:
                raise ValueError("its first record is longer than the file")
            return  # the last record is still being written
        yield data[at + _HEAD : end - _TAIL]
        at = end


def _fields(data: bytes) -> Iterator[Field]:
    """(number, wire type, whole number, bytes) of each field."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            whole, at = _varint(data, at)
            yield number, kind, whole, b""
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in _SIZES:
            size = _SIZES[kind]
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if at + size > len(data):
            raise ValueError("a field is cut off")
        yield number, kind, 0, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    whole = 0
    for place in range(10):
        byte = data[at + place]
        whole |= (byte & 127) << (7 * place)
        if byte < 128:
            return whole, at + place + 1
    raise ValueError("a number is too long")


def _value(data: bytes) -> tuple[str, float | None]:
    tag, value = "", None
    for number, kind, _, part in _fields(data):
        if number == _VALUE_TAG:
            tag = part.decode("utf-8")
        elif number == _VALUE_NUMBER and kind == 5:
            (value,) = struct.unpack("<f", part)
        elif number == _VALUE_TENSOR:
            value = _scalar_tensor(part)
    return tag, value


def _scalar_tensor(data: bytes) -> float | None:
    """The number of a tensor that holds just one, in any of the ways it may be written."""
    is_double, found = False, b""
    for number, _, whole, part in _fields(data):
        if number == _TENSOR_TYPE:
            is_double = whole == _DOUBLE
        elif number in (_TENSOR_BYTES, _TENSOR_FLOATS, _TENSOR_DOUBLES):
            found = part
    if len(found) != (8 if is_double else 4):
        return None
    return float(struct.unpack("<d" if is_double else "<f", found)[0])
