"""The LoRA: which layers, which numbers at the start, and what is stored."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from tests.unit.model.reference_model import TINY
from trainer.errors import ConfigError, ModelMismatchError, StateError
from trainer.model.architecture import HunyuanVideoConfig, expected_shapes
from trainer.model.lora import LoraNetwork, LoraTarget, select_targets
from trainer.planning.workload import RELEASED

GOLDEN = Path(__file__).parents[2] / "golden" / "lora_keys.json"
SHAPES = expected_shapes(TINY)
TARGETS = [LoraTarget("a", 6, 4), LoraTarget("b", 9, 3)]


def names(preset: str) -> list[str]:
    return [target.name for target in select_targets(SHAPES, preset)]


def test_default_targets_equal_musubi_names_and_shapes() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["lora_keys"]
    config = HunyuanVideoConfig(64, 2, 2, 16, 16, (1, 2, 2), 32, 768, True, 256)
    network = LoraNetwork(select_targets(expected_shapes(config)), rank=4, alpha=4.0)
    found = {}
    for key, value in network.state().items():
        name, _, part = key.partition(".lora_") if ".lora_" in key else key.rpartition(".")
        suffix = f"lora_{part}" if ".lora_" in key else part
        theirs = name.replace("mlp.0", "mlp.fc1").replace("mlp.2", "mlp.fc2").replace(".", "_")
        found[f"lora_unet_{theirs}.{suffix}"] = list(value.shape)
    assert found == golden


def test_default_targets_full_model_are_240_modules() -> None:
    targets = select_targets(expected_shapes(RELEASED))
    assert len(targets) == 240
    # musubi-tuner reports 3 686 400 parameters for each unit of rank on this model.
    assert sum(target.in_features + target.out_features for target in targets) == 3_686_400
    assert [target.name for target in targets[:8]] == [
        f"double_blocks.0.{name}"
        for name in (
            "img_attn.proj",
            "img_attn.qkv",
            "img_mlp.0",
            "img_mlp.2",
            "txt_attn.proj",
            "txt_attn.qkv",
            "txt_mlp.0",
            "txt_mlp.2",
        )
    ]
    assert targets[16].name.startswith("double_blocks.2.")


@pytest.mark.parametrize(
    ("preset", "count", "pattern"),
    [
        ("musubi", 20, r"(double|single)_blocks"),
        ("double", 16, r"double_blocks\.\d\.(img|txt)_(attn|mlp)"),
        ("single", 4, r"single_blocks\.\d\.linear[12]$"),
        ("attention", 8, r"double_blocks\.\d\.(img|txt)_attn\.(qkv|proj)$"),
        (r"double_blocks\.1\..*attn, single_blocks.0.linear2", 5, r"(1\..*attn|linear2$)"),
        ("_mod.lin", 4, r"(img|txt)_mod\.lin$"),
    ],
)
def test_targets_preset_chooses_layers(preset: str, count: int, pattern: str) -> None:
    found = names(preset)
    assert len(found) == count
    assert all(re.search(pattern, name) for name in found)


def test_targets_do_not_depend_on_the_order_of_the_weights() -> None:
    backwards = dict(reversed(SHAPES.items()))
    assert select_targets(backwards, ".") == select_targets(SHAPES, ".")


@pytest.mark.parametrize(
    ("preset", "text"),
    [
        ("double_blocks, attn9", "'attn9' match no linear layer"),
        ("norm1", "'norm1' match no"),
        ("", "'' match no"),
        ("img_(attn", r"'img_\(attn', which is not a regular expression"),
    ],
)
def test_targets_useless_pattern_is_refused(preset: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        names(preset)


def test_targets_preset_on_another_model_is_refused() -> None:
    with pytest.raises(ModelMismatchError, match="'default' match no layer"):
        select_targets({"blocks.0.weight": (3, 3)})


def test_network_seed_decides_every_bit() -> None:
    first, again, other = (LoraNetwork(TARGETS, 3, 3.0, seed=seed) for seed in (7, 7, 8))
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert not torch.equal(first.parameters()[0], other.parameters()[0])


def test_network_seed_leaves_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    LoraNetwork(TARGETS, 3, 3.0, seed=7)
    assert torch.equal(before, torch.get_rng_state())


def test_network_starts_uniform_down_and_zero_up() -> None:
    network = LoraNetwork([LoraTarget("wide", 400, 8)], rank=64, alpha=64.0, seed=2)
    down, up = (parameter.detach() for parameter in network.parameters())
    assert up.abs().max() == 0
    assert 0.0499 < float(down.abs().max()) <= 0.05
    # Uniform on +-1/sqrt(400): standard deviation 0.05 / sqrt(3); 25600 draws.
    assert float(down.std()) == pytest.approx(0.05 / 3**0.5, rel=0.02)
    assert float(down.mean()) == pytest.approx(0, abs=0.001)


def test_network_delta_is_scaled_by_alpha_over_rank() -> None:
    network = LoraNetwork([LoraTarget("a", 2, 2)], rank=2, alpha=3.0)
    network.load_state(
        {
            "a.lora_down.weight": torch.tensor([[1.0, 2.0], [0.0, 1.0]]),
            "a.lora_up.weight": torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
            "a.alpha": torch.tensor(3.0),
        }
    )
    assert network.scale == 1.5
    # down x = [3, 1] for x = [1, 1]; up gives [3, 4]; times 1.5.
    assert torch.equal(network.delta("a", torch.ones(2)), torch.tensor([4.5, 6.0]))


def test_network_state_survives_a_round_trip() -> None:
    first = LoraNetwork(TARGETS, 3, 0.1, seed=1)
    second = LoraNetwork(TARGETS, 3, 0.1, seed=2)
    state = first.state()
    second.load_state(state)
    assert set(state) == {
        f"{name}.{part}"
        for name in "ab"
        for part in ("lora_down.weight", "lora_up.weight", "alpha")
    }
    assert all(torch.equal(second.state()[name], value) for name, value in state.items())
    state["a.lora_down.weight"].zero_()
    assert first.parameters()[0].abs().max() > 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"a.alpha": None}, r"1 tensors missing \(a\.alpha\)"),
        ({"c.alpha": torch.tensor(1.0)}, r"1 tensors too many \(c\.alpha\)"),
        ({"b.lora_up.weight": torch.zeros(3, 5)}, r"b\.lora_up.*\[3, 5\] instead of \[3, 3\]"),
        ({"b.alpha": torch.tensor(9.0)}, r"b\.alpha is 9 instead of 3"),
    ],
    ids=["missing", "extra", "shape", "alpha"],
)
def test_network_unfitting_state_changes_nothing(
    change: dict[str, torch.Tensor | None], text: str
) -> None:
    network = LoraNetwork(TARGETS, 3, 3.0, seed=1)
    before = network.state()
    other = LoraNetwork(TARGETS, 3, 3.0, seed=2).state() | change
    with pytest.raises(StateError, match=text):
        network.load_state({name: value for name, value in other.items() if value is not None})
    assert all(torch.equal(network.state()[name], value) for name, value in before.items())


@pytest.mark.parametrize(
    ("rank", "alpha", "targets", "text"),
    [
        (0, 1.0, TARGETS, "rank must be 1 or more, but is 0"),
        (4, 0.0, TARGETS, "alpha must be above 0, but is 0.0"),
        (4, float("nan"), TARGETS, "alpha must be above 0, but is nan"),
        (4, 4.0, [], "no target layers"),
    ],
    ids=["rank", "alpha", "nan", "targets"],
)
def test_network_bad_size_is_refused(
    rank: int, alpha: float, targets: list[LoraTarget], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        LoraNetwork(targets, rank, alpha)
