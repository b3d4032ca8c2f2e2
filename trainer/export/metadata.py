"""Text fields of a LoRA file: what LoRA managers show, in the names they look for.

No times are written: the same run gives the same file, so a resumed run can be compared with an
unbroken one byte for byte.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from ..config import RunConfig

ARCHITECTURE = "hunyuan-video/lora"


def lora_metadata(
    config: RunConfig, step: int, epoch: int, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The `ss_*` and `modelspec.*` fields of a checkpoint.

    Args:
        config: The run's settings.
        step: Steps done.
        epoch: Epochs done or begun, counted from 1.
        extra: More fields; they win over the ones made here.

    Source: the field names of kohya-ss/sd-scripts and of Stability-AI/ModelSpec 1.0.1.
    """
    lora, train = config.lora, config.train
    fields = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": ARCHITECTURE,
        "modelspec.implementation": "https://github.com/Tencent/HunyuanVideo",
        "modelspec.title": config.output.name,
        "ss_base_model_version": "hunyuan_video",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(lora.rank),
        "ss_network_alpha": f"{lora.alpha:g}",
        "ss_output_name": config.output.name,
        "ss_steps": str(step),
        "ss_epoch": str(epoch),
        "ss_num_epochs": str(train.epochs) if not train.steps else "",
        "ss_max_train_steps": str(train.steps) if train.steps else "",
        **_training_fields(config),
    }
    if config.output.trigger:
        fields["modelspec.trigger_phrase"] = config.output.trigger
    fields.update(extra or {})
    # An empty field shows as a blank row in LoRA managers.
    return {name: value for name, value in fields.items() if value != ""}


def dataset_metadata(captions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Summary of a dataset: pictures a folder, and how often each part of a caption occurs.

    Args:
        captions: Folder name to the captions of its items.
    """
    frequency = {
        folder: dict(Counter(part for text in texts for part in _caption_parts(text)).most_common())
        for folder, texts in sorted(captions.items())
    }
    folders = {
        folder: {"n_repeats": 1, "img_count": len(texts)}
        for folder, texts in sorted(captions.items())
    }
    return {
        "ss_tag_frequency": json.dumps(frequency, ensure_ascii=False),
        "ss_dataset_dirs": json.dumps(folders, ensure_ascii=False),
        "ss_num_train_images": str(sum(len(texts) for texts in captions.values())),
    }


def _training_fields(config: RunConfig) -> dict[str, str]:
    train, optimizer = config.train, config.optimizer
    return {
        "ss_seed": str(train.seed),
        "ss_learning_rate": f"{optimizer.base_learning_rate:g}",
        "ss_lr_scheduler": config.schedule.name,
        "ss_lr_warmup_steps": str(config.schedule.warmup_steps),
        "ss_optimizer": _optimizer_text(config),
        "ss_batch_size_per_device": str(train.batch_size),
        "ss_gradient_accumulation_steps": str(train.accumulation),
        "ss_max_grad_norm": f"{train.max_grad_norm:g}",
        "ss_timestep_sampling": config.timestep.distribution,
        "ss_sigmoid_scale": f"{config.timestep.scale:g}",
        "ss_discrete_flow_shift": f"{config.timestep.shift:g}",
        "ss_guidance_scale": f"{train.guidance:g} ({train.guidance_units} units)",
        "ss_mixed_precision": train.compute_dtype,
    }


def _caption_parts(caption: str) -> list[str]:
    return [part.strip() for part in caption.split(",") if part.strip()]


def _optimizer_text(config: RunConfig) -> str:
    optimizer = config.optimizer
    if optimizer.name == "adamw":
        betas = f"betas=({optimizer.beta1:g}, {optimizer.beta2:g})"
        return f"torch.optim.AdamW({betas}, weight_decay={optimizer.weight_decay:g})"
    return (
        f"prodigyopt.Prodigy(betas=({optimizer.beta1:g}, {optimizer.beta2:g}), "
        f"weight_decay={optimizer.weight_decay:g}, d_coef={optimizer.d_coef:g}, "
        f"slice_p={optimizer.slice_p}, decouple={optimizer.decouple}, "
        f"use_bias_correction={optimizer.use_bias_correction})"
    )
