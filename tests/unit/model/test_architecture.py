"""Which models are accepted, and what is said about the others."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from tests.unit.model.reference_model import TINY, make_sample, make_weights
from trainer.errors import ConfigError, ModelMismatchError
from trainer.model.activation_policy import ActivationPolicy
from trainer.model.architecture import HunyuanVideoConfig, expected_shapes
from trainer.model.hunyuan_video import HunyuanVideo
from trainer.model.weights import MappingSource
from trainer.planning.workload import RELEASED

Shapes = dict[str, tuple[int, ...]]


def tiny_shapes(**changes: tuple[int, ...] | None) -> Shapes:
    """Shapes of TINY with some changed or, for None, left out (names with / for dots)."""
    shapes = expected_shapes(TINY)
    for key, shape in changes.items():
        name = key.replace("/", ".")
        if shape is None:
            del shapes[name]
        else:
            shapes[name] = shape
    return shapes


@pytest.mark.parametrize("config", [TINY, RELEASED], ids=["tiny", "full"])
def test_from_shapes_reads_every_size(config: HunyuanVideoConfig) -> None:
    assert HunyuanVideoConfig.from_shapes(expected_shapes(config)) == config
    assert config.heads == config.hidden_size // 128


def test_from_shapes_sees_a_model_without_guidance_and_pooled_text() -> None:
    shapes = {
        name: shape
        for name, shape in expected_shapes(TINY).items()
        if not name.startswith(("guidance_in", "vector_in"))
    }
    config = HunyuanVideoConfig.from_shapes(shapes)
    assert not config.has_guidance
    assert config.pooled_width is None


def test_expected_shapes_full_model_has_the_published_size() -> None:
    # 12.82 billion in all, 339.8 million a double block and 141.6 million a single block: counted
    # on the released model, whose page calls it 13 B.
    shapes = expected_shapes(RELEASED)
    counts = {
        group: sum(math.prod(shape) for name, shape in shapes.items() if name.startswith(group))
        for group in ("", "double_blocks.7.", "single_blocks.7.")
    }
    assert counts[""] / 1e9 == pytest.approx(12.82, abs=0.005)
    assert counts["double_blocks.7."] / 1e6 == pytest.approx(339.8, abs=0.05)
    assert counts["single_blocks.7."] / 1e6 == pytest.approx(141.6, abs=0.05)


REFUSED = {
    "image_to_video": ({"img_in/proj/weight": (128, 33, 1, 2, 2)}, "33 input.*image-to-video"),
    "skyreels": ({"img_in/proj/weight": (128, 32, 1, 2, 2)}, "32 input.*image-to-video"),
    "fifteen_by_channels": ({"img_in/proj/weight": (128, 65, 1, 1, 1)}, "65 .*HunyuanVideo 1.5"),
    "fifteen_by_parts": (
        {"byt5_in/fc1/weight": (8, 8), "vision_in/proj/0/weight": (4,)},
        "16 input channels and has byt5_in, vision_in, so it is HunyuanVideo 1.5",
    ),
    "flat_pictures": ({"img_in/proj/weight": (128, 64, 1, 1)}, "HunyuanImage"),
    "mean_flow": ({"time_r_in/in_layer/weight": (128, 256)}, "mean-flow"),
    "other_channels": ({"img_in/proj/weight": (128, 20, 1, 2, 2)}, "20 input channels"),
    "odd_width": ({"img_in/proj/weight": (100, 16, 1, 2, 2)}, "tokens 100 wide"),
}


@pytest.mark.parametrize(("changes", "text"), REFUSED.values(), ids=REFUSED)
def test_from_shapes_other_kind_is_refused_with_what_works(
    changes: dict[str, tuple[int, ...]], text: str
) -> None:
    with pytest.raises(ModelMismatchError, match=f"{text}.*text-to-video.*Connect one"):
        HunyuanVideoConfig.from_shapes(tiny_shapes(**changes))


@pytest.mark.parametrize(
    "shapes",
    [{}, {"input_blocks.0.0.weight": (320, 4, 3, 3)}, {"img_in.weight": (3072, 64)}],
    ids=["empty", "unet", "flux"],
)
def test_from_shapes_other_model_is_not_hunyuan_video(shapes: Shapes) -> None:
    with pytest.raises(ModelMismatchError, match="not HunyuanVideo"):
        HunyuanVideoConfig.from_shapes(shapes)


def test_from_shapes_incomplete_model_names_the_fault() -> None:
    missing = tiny_shapes(**{"single_blocks/0/linear1/weight": None})
    with pytest.raises(ModelMismatchError, match=r"single_blocks\.0\.linear1\.weight is missing"):
        HunyuanVideoConfig.from_shapes(missing)
    wrong = tiny_shapes(**{"single_blocks/0/linear1/weight": (5, 128)})
    with pytest.raises(ModelMismatchError, match=r"is \[5, 128\] instead of \[896, 128\]"):
        HunyuanVideoConfig.from_shapes(wrong)


def bad_inputs() -> dict[str, tuple[dict[str, Tensor | None], str]]:
    return {
        "odd_height": ({"noisy_latents": torch.zeros(1, 16, 1, 5, 6)}, r"\[1, 5, 6\].*divisible"),
        "no_frames": ({"noisy_latents": torch.zeros(1, 16, 4, 6)}, r"\[1, 16, 4, 6\]"),
        "channels": ({"noisy_latents": torch.zeros(1, 32, 1, 4, 6)}, "takes .batch, 16"),
        "text_width": ({"text": torch.zeros(1, 3, 9)}, r"\[1, 3, 9\].*tokens, 24"),
        "no_text": ({"text": torch.zeros(1, 0, 24)}, r"\[1, 0, 24\]"),
        "float_mask": ({"text_mask": torch.ones(1, 5)}, r"torch\.float32.*must be bool"),
        "empty_caption": ({"text_mask": torch.zeros(1, 5).bool()}, "one real token"),
        "pooled_missing": ({"pooled": None}, "pooled text vector is missing"),
        "pooled_short": ({"pooled": torch.zeros(1, 4)}, r"of shape \[1, 4\]"),
    }


@pytest.mark.parametrize(("changes", "text"), bad_inputs().values(), ids=bad_inputs())
def test_velocity_unfitting_input_is_explained(
    changes: dict[str, Tensor | None], text: str
) -> None:
    names = ("noisy_latents", "timestep", "text", "text_mask", "pooled", "guidance")
    arguments = dict(zip(names, make_sample().arguments(), strict=True)) | changes
    model = HunyuanVideo(TINY, MappingSource(make_weights()), torch.float32)
    with pytest.raises(ModelMismatchError, match=text):
        model.velocity(**arguments)


def test_model_bad_settings_are_refused() -> None:
    source = MappingSource({})
    with pytest.raises(ConfigError, match=r"torch\.float16.*fp32 or bf16"):
        HunyuanVideo(TINY, source, torch.float16)
    with pytest.raises(ConfigError, match=r"\[4\].*4 blocks.*0 to 3"):
        HunyuanVideo(TINY, source, torch.float32, policy=ActivationPolicy(frozenset({4, 1})))
    with pytest.raises(ConfigError, match=r"attention_chunks is 2.*1 attention heads"):
        HunyuanVideo(TINY, source, torch.float32, policy=ActivationPolicy(attention_chunks=2))
