"""Everything that decides how a run trains, with ranges checked on creation, and its TOML file."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from .errors import ConfigError
from .files import write_text
from .setting_groups import (
    ADAMW_LEARNING_RATE,
    PRODIGY_LEARNING_RATE,
    DataSettings,
    LoraSettings,
    ModelSettings,
    OptimizerSettings,
    OutputSettings,
    ScheduleSettings,
    TimestepSettings,
    TrackerSettings,
    TrainSettings,
)
from .settings import field_docs, unknown_name_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class RunConfig:
    """One run, whole: what `config.toml` in a run folder holds."""

    lora: LoraSettings = field(default_factory=LoraSettings)
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    timestep: TimestepSettings = field(default_factory=TimestepSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    data: DataSettings = field(default_factory=DataSettings)
    output: OutputSettings = field(default_factory=OutputSettings)
    trackers: TrackerSettings = field(default_factory=TrackerSettings)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "configuration") -> RunConfig:
        """Settings from nested mappings; all faults are gathered into one error.

        Raises:
            ConfigError: Unknown section or setting, wrong type, out of range, contradiction.
        """
        hints = get_type_hints(cls)
        faults: list[str] = []
        for section, content in values.items():
            if section not in hints:
                faults.append(unknown_name_text(section, section, list(hints), "section"))
            elif not isinstance(content, Mapping):
                faults.append(f"'{section}' must be a section, written as [{section}].")
            else:
                faults += hints[section].find_faults(content, section)
        if faults:
            raise ConfigError("\n".join([f"{source} has {len(faults)} fault(s):", *faults]))
        return cls(**{name: hints[name](**content) for name, content in values.items()})

    @classmethod
    def from_toml(cls, text: str, source: str = "configuration") -> RunConfig:
        """Settings from TOML text.

        Raises:
            ConfigError: The text is not TOML, or `from_dict` refuses its content.
        """
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{source} is not valid TOML: {error}. Mend that line.") from error
        return cls.from_dict(values, source)

    @classmethod
    def load(cls, path: Path) -> RunConfig:
        """Settings from a TOML file.

        Raises:
            ConfigError: The file cannot be read, or its content is refused.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"Cannot read the configuration '{path}': {error}. Give the path of a TOML file."
            ) from error
        return cls.from_toml(text, f"'{path}'")

    def save(self, path: Path) -> None:
        """Write the settings as TOML, whole or not at all."""
        write_text(path, self.to_toml())

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """All settings by section and name."""
        return {item.name: getattr(self, item.name).to_dict() for item in fields(self)}

    def to_toml(self) -> str:
        """All settings as TOML text with every value written out."""
        parts = []
        for section, values in self.to_dict().items():
            lines = [f"{name} = {_toml_value(value)}" for name, value in values.items()]
            parts.append("\n".join([f"[{section}]", *lines]) + "\n")
        return "\n".join(parts)

    def resume_values(self) -> dict[str, Any]:
        """The settings that a resumed run must share with the run it goes on from.

        Length, saving, file places and trackers may change: a run may be continued for longer or
        elsewhere.
        """
        free = {
            *("epochs", "steps", "save_every_epochs", "save_every_steps", "validate_every_steps"),
            *("probe_items", "patience", "sample_every_epochs", "sample_every_steps"),
            *("sample_at_checkpoints", "sample_at_start"),
        }
        groups = self.to_dict()
        kept = {name: groups[name] for name in ("lora", "optimizer", "schedule", "timestep")}
        train = {name: value for name, value in groups["train"].items() if name not in free}
        return {**kept, "train": train}

    def digest(self) -> str:
        """32 hexadecimal digits that change when a setting that resuming depends on changes."""
        text = json.dumps(self.resume_values(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or "e" in repr(value) else f"{value!r}.0"
    if isinstance(value, int):
        return str(value)
    # A JSON string is a valid TOML basic string, save for DEL, which JSON leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


__all__ = [
    "ADAMW_LEARNING_RATE",
    "PRODIGY_LEARNING_RATE",
    "DataSettings",
    "LoraSettings",
    "ModelSettings",
    "OptimizerSettings",
    "OutputSettings",
    "RunConfig",
    "ScheduleSettings",
    "TimestepSettings",
    "TrackerSettings",
    "TrainSettings",
    "field_docs",
]
