"""What a person asks of a run while it runs: commands that the loop takes up between batches."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

from ..errors import ConfigError

Action = Literal["stop", "pause", "resume", "save", "sample", "set_steps", "rewind"]
ACTIONS: tuple[str, ...] = get_args(Action)
_WITH_VALUE = {"set_steps": "the number of steps of the whole run", "rewind": "a checkpoint's step"}
_URGENT = frozenset({"stop", "pause", "rewind"})
_MOST_STEPS = 10_000_000


@dataclass(frozen=True, slots=True)
class Command:
    """One wish."""

    action: Action
    """stop: end and keep everything. pause, resume: free the device for a while. save, sample: now.
    set_steps: the length of the whole run. rewind: go back to a saved step."""
    value: int | None = None
    """set_steps: steps of the whole run. rewind: the step to go back to."""
    by: str = ""
    """Who asked, as the log shows it."""


class RunControl:
    """A queue of commands that any thread may fill and the training thread empties."""

    def __init__(self) -> None:
        """No commands."""
        self._commands: deque[Command] = deque()
        self._changed = threading.Condition()

    def ask(self, action: str, value: int | None = None, by: str = "") -> Command:
        """Add a command; it takes effect within one batch.

        Raises:
            ConfigError: There is no such action, or its value is missing or out of range.
        """
        command = _checked(action, value, by)
        with self._changed:
            self._commands.append(command)
            self._changed.notify_all()
        return command

    def take(self) -> Command | None:
        """The oldest command not yet taken, or None."""
        with self._changed:
            return self._commands.popleft() if self._commands else None

    def wait(self, seconds: float) -> None:
        """Wait until there is a command, at most so long."""
        with self._changed:
            if not self._commands:
                self._changed.wait(seconds)

    @property
    def is_waiting(self) -> bool:
        """Whether a command has not been taken yet."""
        with self._changed:
            return bool(self._commands)

    @property
    def is_urgent(self) -> bool:
        """Whether a command waits for which other work than a step is given up as well."""
        with self._changed:
            return any(command.action in _URGENT for command in self._commands)


def _checked(action: str, value: int | None, by: str) -> Command:
    if action not in ACTIONS:
        raise ConfigError(f"'action' is '{action}', which is none of {', '.join(ACTIONS)}.")
    meaning = _WITH_VALUE.get(action)
    if meaning is None:
        return Command(action, None, by)  # type: ignore[arg-type]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 0 <= (value or 0) <= _MOST_STEPS:
        raise ConfigError(
            f"'value' must be {meaning}, from 0 to {_MOST_STEPS}, for '{action}', but is {value!r}."
        )
    return Command(action, value, by)  # type: ignore[arg-type]
