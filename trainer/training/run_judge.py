"""Judges a run while it runs, and says when it should end by itself."""

from __future__ import annotations

from .results.verdict import judge
from .runs.history import read_history
from .runs.saving import RunSaver


class RunJudge:
    """Gives a verdict after measurements and saves.

    The verdict is read from the run's own log, so that it is the same live and afterwards.
    """

    def __init__(self, saver: RunSaver, patience: int) -> None:
        """Judge the run of a saver.

        Args:
            saver: The run.
            patience: Measurements in a row that must say "stop" before `wants_to_stop`; 0 never.
        """
        self._saver = saver
        self._patience = patience
        self._stops_in_a_row = 0
        self._judged = 0

    @property
    def wants_to_stop(self) -> bool:
        """Whether more steps have been of no use for as long as was asked to wait."""
        return 0 < self._patience <= self._stops_in_a_row

    def judge(self, *, was_measured: bool = False) -> None:
        """Log a verdict on the run as it is now; without a new measurement once for each step.

        Args:
            was_measured: Whether there is a new measurement, which counts for the patience.
        """
        if not was_measured and self._judged == self._saver.steps_done:
            return
        self._judged = self._saver.steps_done
        try:
            verdict = judge(read_history(self._saver.folder))
        except Exception as error:  # a verdict is beside the point: hours of training are not
            self._saver.warn(f"No verdict could be given after step {self._judged}: {error}")
            return
        if was_measured:
            self._stops_in_a_row = self._stops_in_a_row + 1 if verdict.stop_now else 0
        self._saver.emit("verdict", after=self._judged, **verdict.to_dict())
