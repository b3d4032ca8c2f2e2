"""Settings: ranges, gathered faults, the TOML round trip and the explanations of fields."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from trainer.config import (
    LoraSettings,
    OptimizerSettings,
    OutputSettings,
    RunConfig,
    TimestepSettings,
    TrainSettings,
    field_docs,
)
from trainer.errors import ConfigError
from trainer.settings import Settings, field_rules

GROUPS = [type(getattr(RunConfig(), item.name)) for item in dataclasses.fields(RunConfig)]


def test_defaults_are_the_guides() -> None:
    config = RunConfig()
    assert (config.lora.rank, config.lora.alpha) == (32, 32.0)
    optimizer = config.optimizer
    assert optimizer.name == "prodigy"
    assert (optimizer.beta1, optimizer.beta2, optimizer.weight_decay) == (0.9, 0.99, 0.01)
    assert (optimizer.slice_p, optimizer.d_coef, optimizer.d0) == (11, 0.5, 1e-6)
    assert optimizer.decouple
    assert optimizer.use_bias_correction
    assert optimizer.base_learning_rate == 1
    assert OptimizerSettings(name="adamw").base_learning_rate == 1e-4
    assert config.schedule.name == "cosine"
    assert config.timestep.distribution == "sigmoid"


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        (LoraSettings, "rank", 0),
        (LoraSettings, "rank", 257),
        (LoraSettings, "rank", 8.0),
        (LoraSettings, "rank", True),
        (LoraSettings, "alpha", math.nan),
        (LoraSettings, "alpha", "32"),
        (LoraSettings, "dtype", "fp8"),
        (OptimizerSettings, "beta2", 1.0),
        (OptimizerSettings, "decouple", 1),
        (TimestepSettings, "std", 0),
        (TrainSettings, "steps", -1),
        (TrainSettings, "batch_size", 0),
        (TrainSettings, "caption_dropout", 1.01),
        (OutputSettings, "name", "a/b"),
        (OutputSettings, "name", ""),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_settings_bad_value_is_refused_by_name(
    group: type[Settings], name: str, value: object
) -> None:
    with pytest.raises(ConfigError, match=f"'{name}'"):
        group(**{name: value})


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_settings_ends_of_every_range_are_allowed_and_beyond_is_not(group: type[Settings]) -> None:
    for name, rule in field_rules(group).items():
        if rule.range is None:
            continue
        low, high = rule.kind(rule.range.low), rule.kind(rule.range.high)
        step = 1 if rule.kind is int else 1e-6 * max(1.0, abs(high))
        assert not any(f"'{name}' must be" in text for text in group.find_faults({name: low}))
        assert not any(f"'{name}' must be" in text for text in group.find_faults({name: high}))
        assert group.find_faults({name: low - step})
        assert group.find_faults({name: high + step})


def test_adamw_at_prodigys_learning_rate_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"prodigy.*AdamW needs at most 0\.1"):
        OptimizerSettings(name="adamw", learning_rate=1.0)


def test_empty_sigma_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'min_sigma' \(0\.5\) must be below"):
        TimestepSettings(min_sigma=0.5, max_sigma=0.5)


def test_whole_number_for_a_float_becomes_one() -> None:
    alpha = LoraSettings(alpha=16).alpha
    assert isinstance(alpha, float)
    assert alpha == 16


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_field_is_explained_below_it(group: type[Settings]) -> None:
    docs = field_docs(group)
    assert set(docs) == {item.name for item in dataclasses.fields(group)}
    assert all(text.strip() for text in docs.values())


def changed_everywhere() -> RunConfig:
    """A configuration in which no value is its default."""
    # These become part of file names or go to trackers, and so allow fewer signs.
    plain = {"name": "größe 1", "project": "größe 2", "tags": "ä, ö", "other": "aim"}
    groups: dict[str, Any] = {}
    for item in dataclasses.fields(RunConfig):
        group = type(getattr(RunConfig(), item.name))
        values: dict[str, Any] = {}
        for name, rule in field_rules(group).items():
            default = getattr(group(), name)
            if rule.choices:
                values[name] = next(choice for choice in rule.choices if choice != default)
            elif rule.kind is bool:
                values[name] = not default
            elif rule.kind is str:
                values[name] = plain.get(name, 'Ä "quoted" \\ back\x7f\n\ttab')
            elif rule.kind is int:
                values[name] = default + 1
            else:
                values[name] = default * 0.7 + 1e-3
        groups[item.name] = group(**values)
    return RunConfig(**groups)


@pytest.mark.parametrize("config", [RunConfig(), changed_everywhere()], ids=["default", "changed"])
def test_toml_round_trip_keeps_every_value(tmp_path: Path, config: RunConfig) -> None:
    path = tmp_path / "run.toml"
    config.save(path)
    assert RunConfig.load(path) == config


def test_from_toml_gathers_all_faults_with_near_names() -> None:
    text = "[lora]\nrnk = 3\nalpha = 'x'\n[train]\nsteps = -1\n[optimzer]\n"
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_toml(text, "'run.toml'")
    message = str(caught.value)
    assert message.startswith("'run.toml' has 4 fault(s)")
    assert "'lora.rnk' is not a known setting. Did you mean rank?" in message
    assert "'lora.alpha' must be a number, but is 'x'." in message
    assert "'train.steps' must be from 0" in message
    assert "Did you mean optimizer" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[lora\nrank = 3", "not valid TOML"),
        ("lora = 3", r"must be a section, written as \[lora\]"),
        ("[lora]\nzzz = 1", "Known: rank"),
    ],
    ids=["syntax", "no section", "nothing near"],
)
def test_from_toml_bad_text_is_explained(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        RunConfig.from_toml(text)


def test_load_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        RunConfig.load(tmp_path / "nothing.toml")


def test_digest_changes_with_what_resuming_needs_only() -> None:
    config = RunConfig()
    longer = dataclasses.replace(config, train=TrainSettings(epochs=400, save_every_epochs=1))
    other = dataclasses.replace(config, train=TrainSettings(seed=1))
    assert config.digest() == longer.digest()
    assert config.digest() != other.digest()


def test_raw_guidance_is_a_thousandth_in_sampling_units() -> None:
    assert TrainSettings(guidance=1.0).sampling_guidance == 1.0
    assert TrainSettings(guidance=1.0, guidance_units="raw").sampling_guidance == 0.001
