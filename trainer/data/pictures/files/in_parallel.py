"""The same work on many pictures, on all cores, without holding all of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Entry = TypeVar("Entry")
Result = TypeVar("Result")

MOST_PIXELS = 200_000_000
"""Most pixels of all pictures in work together; a larger one is worked on alone."""


def usable_cores() -> int:
    """Cores that this process may use: at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def in_parallel(
    work: Callable[[Entry], Result],
    entries: Iterable[Entry],
    *,
    weigh: Callable[[Entry], int] | None = None,
    workers: int | None = None,
    ahead: int | None = None,
) -> Generator[Result, None, None]:
    """Do work on each entry in threads and give the results in the order of the entries.

    Threads are enough: Pillow, zlib and the digests let go of Python's lock while they work. An
    entry is only taken when there is room for it, so `entries` may be made while they are used.

    The first error in that order is raised and nothing more is begun. Close the iterator (with
    `contextlib.closing`) where the loop over it may be left early: it then waits for what is
    under way, at most one entry on each core, and drops the rest.

    Args:
        work: Called in a thread with one entry.
        entries: What to work on; taken on the caller's thread.
        weigh: Pixels of an entry; together those in work stay below `MOST_PIXELS`.
        workers: Threads, at least 1; all usable cores when not given.
        ahead: Most entries begun and not yet given out; twice the workers when not given.
    """
    threads = workers or usable_cores()
    most_waiting = ahead or 2 * threads
    waiting: deque[tuple[Future[Result], int]] = deque()
    pixels = 0
    pool = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
    failures: list[Exception] = []
    source = _up_to_failure(entries, failures)
    try:
        for entry in source:
            weight = 0 if weigh is None else weigh(entry)
            while waiting and (len(waiting) >= most_waiting or pixels + weight > MOST_PIXELS):
                pixels -= waiting[0][1]
                # Not kept in a name: the result would stay in memory while the next is made.
                yield waiting.popleft()[0].result()
            waiting.append((pool.submit(work, entry), weight))
            pixels += weight
            del entry
        while waiting:
            yield waiting.popleft()[0].result()
        # Only now: whatever came before an entry that could not be made is given out first.
        for failure in failures:
            raise failure
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        source.close()


def _up_to_failure(
    entries: Iterable[Entry], failures: list[Exception]
) -> Generator[Entry, None, None]:
    try:
        yield from entries
    except Exception as error:
        failures.append(error)
