"""A growing log is read once, whole lines only, and a rewritten one from its start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.run_folders import lines_of, step_event
from trainer.files import write_bytes
from trainer.training.library.log_file import LogFile, LogFollower, finite, parse_line


class Kept:
    """A consumer that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.clears = 0

    def clear(self) -> None:
        """Forget."""
        self.lines = []
        self.clears += 1

    def take(self, line: bytes) -> None:
        """Keep."""
        self.lines.append(line)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of two lines."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"one\ntwo\n")
    return path


def append(path: Path, data: bytes) -> None:
    """Add to a file as the training does."""
    with path.open("ab") as stream:
        stream.write(data)


def test_read_goes_on_where_the_last_piece_ended(path: Path) -> None:
    log = LogFile(path)
    first = log.read(0)
    append(path, b"three\n")
    second = log.read(first.next, first.log_id)
    assert (first.lines, second.lines) == ([b"one", b"two"], [b"three"])
    assert not second.is_reset
    assert second.next == path.stat().st_size


def test_read_leaves_half_a_line_for_later(path: Path) -> None:
    log = LogFile(path)
    append(path, b"thr")
    first = log.read(0)
    assert first.lines == [b"one", b"two"]
    assert first.has_more
    append(path, b"ee\n")
    assert log.read(first.next, first.log_id).lines == [b"three"]


def test_read_of_a_missing_log_is_empty(tmp_path: Path) -> None:
    piece = LogFile(tmp_path / "events.jsonl").read(0)
    assert (piece.lines, piece.next, piece.is_reset) == ((), 0, False)


def test_read_of_a_log_that_is_a_link_or_a_folder_is_empty(path: Path) -> None:
    link, folder = path.with_name("link"), path.with_name("folder")
    os.symlink(path, link)
    folder.mkdir()
    assert [LogFile(place).read(0).lines for place in (link, folder)] == [(), ()]


def test_read_of_a_vanished_log_is_a_reset(path: Path) -> None:
    log = LogFile(path)
    first = log.read(0)
    path.unlink()
    assert log.read(first.next, first.log_id).is_reset


@pytest.mark.parametrize("after", [3, 6, 9, 10**12], ids=["newline", "inside", "end", "beyond"])
def test_read_from_a_place_that_is_no_line_start_is_a_reset(path: Path, after: int) -> None:
    piece = LogFile(path).read(after)
    assert piece.is_reset
    assert piece.lines == [b"one", b"two"]


@pytest.mark.parametrize(
    "content",
    [b"one\n", b"one\nTWO\n", b"one\ntwo!\nthree\n", b""],
    ids=["shrunk", "same size", "longer", "empty"],
)
@pytest.mark.parametrize("is_replaced", [True, False], ids=["replaced", "in place"])
def test_read_of_a_rewritten_log_is_a_reset(path: Path, content: bytes, is_replaced: bool) -> None:
    log = LogFile(path)
    first = log.read(0)
    if is_replaced:
        write_bytes(path, content)
    else:
        path.write_bytes(content)
    piece = log.read(first.next, first.log_id)
    assert piece.is_reset
    assert piece.log_id != first.log_id
    assert list(piece.lines) == content.splitlines()


def test_read_notices_a_log_replaced_twice_by_a_file_of_the_same_number(path: Path) -> None:
    log = LogFile(path)
    first = log.read(0)
    number = path.stat().st_ino
    other = path.with_name("other")
    for content in (b"a\nb\n", b"one\nnew\nthree\n"):
        other.write_bytes(content)
        os.replace(other, path)
    # Whether the system gives the number again or not, the end of the old log is not there.
    assert log.read(first.next, first.log_id).is_reset, number


def test_read_of_an_unchanged_log_keeps_its_id(path: Path) -> None:
    log = LogFile(path)
    write_bytes(path, b"one\nTWO\n")
    ids = {log.read(0).log_id for _ in range(3)}
    assert len(ids) == 1


def test_read_passes_over_a_line_longer_than_the_limit(path: Path) -> None:
    append(path, b"x" * 5000 + b"\nlast\n")
    log, place, found = LogFile(path), 0, []
    for _ in range(4):
        piece = log.read(place, limit=100)
        place = piece.next
        found += piece.lines
    assert found == [b"one", b"two", b"last"]


def test_read_waits_for_the_end_of_a_long_line(path: Path) -> None:
    append(path, b"x" * 5000)
    log = LogFile(path)
    place = log.read(0, limit=100).next
    assert log.read(place, limit=100).next == place
    append(path, b"\nlast\n")
    assert log.read(log.read(place, limit=100).next).lines == [b"last"]


def test_follower_reads_each_byte_once(path: Path) -> None:
    log, kept = LogFile(path), Kept()
    follower = LogFollower(log, kept)
    follower.catch_up()
    for number in range(20):
        follower.catch_up()
        append(path, b"line %d\n" % number)
        follower.catch_up()
    assert kept.lines[2:] == [b"line %d" % number for number in range(20)]
    assert log.bytes_read == path.stat().st_size
    assert kept.clears == 0


def test_follower_of_a_large_log_reads_in_pieces(path: Path) -> None:
    events = [step_event(step) for step in range(1, 20_001)]
    write_bytes(path, lines_of(events))
    kept = Kept()
    LogFollower(LogFile(path), kept).catch_up()
    assert kept.lines == lines_of(events).splitlines()


def test_follower_begins_again_when_the_log_was_rewritten(path: Path) -> None:
    kept = Kept()
    follower = LogFollower(LogFile(path), kept)
    follower.catch_up()
    write_bytes(path, b"one\n")
    follower.catch_up()
    assert (kept.lines, kept.clears) == ([b"one"], 1)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"rubbish",
        b"[1, 2]",
        b'{"no": "type"}',
        b'{"type": 7}',
        b'{"type": "step"',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"type": "step", "deep": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"type": "step", "step": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "text", "list", "untyped", "number", "half", "bytes", "deep", "nested", "digits"],
)
def test_parse_line_of_rubbish_is_none(line: bytes) -> None:
    assert parse_line(line) is None


def test_parse_line_has_no_number_that_json_lacks() -> None:
    record = parse_line(b'{"type": "a", "b": NaN, "c": [1e999, -Infinity, 2], "d": {"e": NaN}}')
    assert record == {"type": "a", "b": None, "c": [None, None, 2], "d": {"e": None}}


def test_finite_keeps_all_else() -> None:
    value = {"a": [1, 2.5, None, True, "x"], "b": {}}
    assert finite(value) == value
