"""Carries out what a person asks of a running training, between batches and between steps."""

from __future__ import annotations

from ..errors import ExportError
from .control import Command, RunControl
from .reports import HookCaller, SampleOccasion
from .runs.saving import RunSaver
from .steps.step_order import StepOrder

_PATIENCE_SECONDS = 0.25
"""While paused, cancelling is looked for this often."""


class CommandDesk:
    """Takes commands; what can be done in the middle of a step is done there, the rest after it.

    stop, pause and rewind give up the step that is being made: nothing of it has happened yet.
    """

    def __init__(
        self, control: RunControl | None, saver: RunSaver, order: StepOrder, hooks: HookCaller
    ) -> None:
        """Wait for commands of `control`; without one only cancelling is looked for."""
        self._control = control or RunControl()
        self._saver = saver
        self._order = order
        self._hooks = hooks
        self._held: Command | None = None
        self.stop_reason = ""

    @property
    def is_called(self) -> bool:
        """Whether a command waits for the end of the step; takes up the others."""
        self._take_up()
        return self._held is not None

    def must_leave(self) -> bool:
        """Whether the step must be given up. Asked before every pass through the model."""
        return self._hooks.should_stop() or self.is_called

    def must_leave_between_items(self) -> bool:
        """As `must_leave`, for measuring: a pause is waited for on the spot."""
        if self._hooks.should_stop():
            return True
        self._take_up()
        if self._held is not None and self._held.action == "pause":
            self.serve()
        return self._held is not None or self.stop_reason != ""

    def serve(self) -> None:
        """Carry out the command that waits."""
        command, self._held = self._held, None
        if command is None:
            return
        if command.action == "pause":
            self._pause(command)
        elif command.action == "rewind":
            self._rewind(command)
        else:
            self._note(command)
            self.stop_reason = "stopped"

    def stop_by_itself(self) -> None:
        """End the run after this step, because more steps no longer help."""
        self.stop_reason = self.stop_reason or "auto_stopped"

    def sample(self, *, at_start: bool = False) -> None:
        """Have previews made; a failure becomes a warning and the run goes on."""
        saver = self._saver
        if not self._hooks.makes_samples:
            return
        try:
            with saver.lora_file(at_start) as path:
                occasion = SampleOccasion(saver.steps_done, saver.epochs_done, path)
                records, problem = self._hooks.on_sample(occasion)
        except (OSError, ExportError) as error:  # the LoRA could not be written for it
            records, problem = (), str(error)
        for record in records:
            saver.emit("sample", **{"step": saver.steps_done, **record})
        if problem:
            saver.warn(f"The previews of step {saver.steps_done} were not made: {problem}")

    def close(self) -> None:
        """Answer what nobody took up any more."""
        while (command := self._control.take()) is not None:
            if command.action not in ("stop", "resume"):
                self._saver.warn(f"'{command.action}' came too late: the run had ended.")

    def _take_up(self) -> None:
        while self._held is None and (command := self._control.take()) is not None:
            if command.action in ("stop", "pause", "rewind"):
                self._held = command
            else:
                self._do_now(command)

    def _do_now(self, command: Command) -> None:
        if command.action == "resume":
            return  # nothing is paused
        if command.action == "set_steps" and not self._may_end_at(command.value or 0):
            return
        self._note(command)
        if command.action == "save":
            self._saver.try_save()
        elif command.action == "sample":
            self._sample_now()
        else:
            self._order.set_total(self._saver.steps_done, command.value or 0)

    def _sample_now(self) -> None:
        if not self._hooks.makes_samples:
            self._saver.warn(
                "No previews can be made: connect Preview Settings to 'previews' and start again."
            )
            return
        self.sample()

    def _may_end_at(self, steps: int) -> bool:
        done = self._saver.steps_done
        if steps > done:
            return True
        self._saver.warn(
            f"The run cannot end at step {steps}, because {done} steps are done. Give a larger "
            "number, or stop it."
        )
        return False

    def _pause(self, command: Command) -> None:
        self._note(command)
        with self._saver.parked(), self._hooks.paused():
            resumed = self._wait_for_resume()
        if resumed is not None:
            self._note(resumed)

    def _wait_for_resume(self) -> Command | None:
        """The command to go on; None when the run ends or another command comes first."""
        while not self._hooks.should_stop():
            self._control.wait(_PATIENCE_SECONDS)
            command = self._control.take()
            if command is None or command.action == "pause":
                continue
            if command.action == "resume":
                return command
            if command.action in ("stop", "rewind"):
                self._held = command
                return None
            if command.action == "sample":
                self._saver.warn("No previews are made while the run is paused. Resume it first.")
                continue
            self._do_now(command)
        return None

    def _rewind(self, command: Command) -> None:
        step = command.value or 0
        problem = self._saver.rewind(step)
        if problem:
            self._saver.warn(f"The run was not taken back to step {step}: {problem}")
            return
        self._order.go_back(step)
        self._note(command)

    def _note(self, command: Command) -> None:
        value = {} if command.value is None else {"value": command.value}
        self._saver.emit(
            "control",
            step=self._saver.steps_done,
            action=command.action,
            **value,
            by=command.by,
        )
