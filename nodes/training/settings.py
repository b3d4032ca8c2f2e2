"""LoRA, optimizer, schedule and timestep settings: all optional, all with the guide's defaults."""

from __future__ import annotations

from dataclasses import fields

from comfy_api.latest import io

from ...trainer.config import (
    LoraSettings,
    OptimizerSettings,
    ScheduleSettings,
    TimestepSettings,
)
from ...trainer.settings import Settings, field_docs, field_rules
from .. import wires

# Inputs that came after the first release: graphs saved before know nothing of them.
_ADDED_LATER = frozenset({"state_dtype"})


class LoraOptions(io.ComfyNode):
    """Size and reach of the LoRA."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _schema(
            LoraSettings,
            wires.out(wires.LoraSettings, "lora_settings", "For training."),
            ("HunyuanLoraSettings", "LoRA Settings", "Rank, alpha and which layers are trained."),
        )

    @classmethod
    def execute(cls, **values: object) -> io.NodeOutput:
        """Check the ranges and pass the settings on."""
        return io.NodeOutput(LoraSettings(**values))


class OptimizerOptions(io.ComfyNode):
    """How the LoRA's weights follow the gradient."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _schema(
            OptimizerSettings,
            wires.out(wires.OptimizerSettings, "optimizer_settings", "For training."),
            (
                "HunyuanLoraOptimizer",
                "Optimizer Settings",
                "Prodigy finds its own learning rate; AdamW needs one.",
            ),
        )

    @classmethod
    def execute(cls, **values: object) -> io.NodeOutput:
        """Check the ranges and pass the settings on."""
        return io.NodeOutput(OptimizerSettings(**values))


class ScheduleOptions(io.ComfyNode):
    """How the learning rate changes over the run."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _schema(
            ScheduleSettings,
            wires.out(wires.ScheduleSettings, "schedule_settings", "For training."),
            (
                "HunyuanLoraSchedule",
                "Schedule Settings",
                "Cosine falls to zero over the real number of steps, which the training node "
                "works out by itself.",
            ),
        )

    @classmethod
    def execute(cls, **values: object) -> io.NodeOutput:
        """Check the ranges and pass the settings on."""
        return io.NodeOutput(ScheduleSettings(**values))


class TimestepOptions(io.ComfyNode):
    """Which noise levels are practised, and how often."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _schema(
            TimestepSettings,
            wires.out(wires.TimestepSettings, "timestep_settings", "For training."),
            (
                "HunyuanLoraTimesteps",
                "Timestep Settings",
                "Distribution of sigma, the share of noise in what the model sees.",
            ),
        )

    @classmethod
    def execute(cls, **values: object) -> io.NodeOutput:
        """Check the ranges and pass the settings on."""
        return io.NodeOutput(TimestepSettings(**values))


def setting_inputs(settings: type[Settings], names: list[str] | None = None) -> list[io.Input]:
    """Node inputs for the fields of a settings class, with its defaults, ranges and explanations.

    Args:
        settings: A settings class of the trainer.
        names: Which fields, in which order; None means all, in the order of declaration.
    """
    defaults = {item.name: item.default for item in fields(settings)}
    return [_input_of(settings, name, defaults[name]) for name in names or list(defaults)]


def _schema(settings: type[Settings], output: io.Output, texts: tuple[str, str, str]) -> io.Schema:
    node_id, display_name, description = texts
    return io.Schema(
        node_id=node_id,
        display_name=display_name,
        category=wires.CATEGORY,
        description=description,
        inputs=setting_inputs(settings),
        outputs=[output],
    )


def _input_of(settings: type[Settings], name: str, default: object) -> io.Input:
    rule = field_rules(settings)[name]
    tooltip = " ".join(field_docs(settings)[name].split())
    if rule.choices:
        return io.Combo.Input(
            name,
            options=list(rule.choices),
            default=default,
            tooltip=tooltip,
            optional=name in _ADDED_LATER,
        )
    if rule.kind is bool:
        return io.Boolean.Input(name, default=default, tooltip=tooltip)
    if rule.kind is str:
        return io.String.Input(name, default=default, tooltip=tooltip)
    if rule.kind is int:
        low, high = int(rule.range.low), int(rule.range.high)
        return io.Int.Input(name, default=default, min=low, max=high, tooltip=tooltip)
    # Without round=False the page would round 1e-6 to 0.
    return io.Float.Input(
        name,
        default=default,
        min=rule.range.low,
        max=rule.range.high,
        step=_step_of(default),
        round=False,
        tooltip=tooltip,
    )


def _step_of(default: float) -> float:
    """The page shows as many digits as the step has: enough for what people type there."""
    if default == 0:
        return 0.0001
    return 0.01 if default >= 0.01 else default
