"""The groups of settings of a run, each with the ranges and explanations of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from .settings import Range, Settings, looks_like_key

PRODIGY_LEARNING_RATE = 1.0
ADAMW_LEARNING_RATE = 1e-4


@dataclass(frozen=True)
class LoraSettings(Settings):
    """Size and place of the LoRA."""

    rank: Annotated[int, Range(1, 256)] = 32
    """Inner size of every LoRA pair. Higher learns finer detail, needs more memory and overfits
    sooner; 16 to 32 suits one character."""
    alpha: Annotated[float, Range(0.001, 1024)] = 32.0
    """Strength constant: the LoRA is scaled by alpha / rank. Equal to rank means scale 1."""
    targets: str = "default"
    """Which linear layers get a LoRA: the name of a preset of the model part."""
    dtype: Literal["fp32", "bf16"] = "fp32"
    """Number format of the LoRA and its gradients while training. bf16 halves their memory; steps
    are still calculated in fp32 and rounded at random, so that fine updates count on average."""


@dataclass(frozen=True)
class OptimizerSettings(Settings):
    """The optimizer and its arguments."""

    name: Literal["prodigy", "adamw"] = "prodigy"
    """prodigy finds the learning rate itself; adamw needs one."""
    learning_rate: Annotated[float, Range(0, 10)] = 0.0
    """0 takes the optimizer's own: 1 for prodigy (a factor on what it finds), 0.0001 for adamw."""
    beta1: Annotated[float, Range(0, 0.9999)] = 0.9
    """Decay of the running mean of gradients."""
    beta2: Annotated[float, Range(0, 0.99999)] = 0.99
    """Decay of the running mean of squared gradients."""
    weight_decay: Annotated[float, Range(0, 1)] = 0.01
    """Pull of the LoRA's weights towards zero."""
    eps: Annotated[float, Range(1e-16, 0.01)] = 1e-8
    """Small number that keeps a division from failing."""
    d_coef: Annotated[float, Range(0.01, 10)] = 0.5
    """Prodigy only: factor on the learning rate it finds. Lower is more careful."""
    d0: Annotated[float, Range(1e-12, 0.1)] = 1e-6
    """Prodigy only: the learning rate it starts its search from."""
    slice_p: Annotated[int, Range(1, 1000)] = 11
    """Prodigy only: look at every n-th weight when searching the learning rate. 11 saves about a
    third of the optimizer's memory, 1 is exact."""
    decouple: bool = True
    """Prodigy only: weight decay apart from the gradient, as AdamW does."""
    use_bias_correction: bool = True
    """Prodigy only: Adam's correction of the first steps."""
    safeguard_warmup: bool = False
    """Prodigy only: keep a warm-up from inflating the learning rate. Use it with warmup_steps."""
    state_dtype: Literal["fp32", "bf16"] = "fp32"
    """Number format of what the optimizer remembers. bf16 halves that memory; steps are still
    calculated in fp32 and rounded at random, so that fine changes count on average."""

    @property
    def base_learning_rate(self) -> float:
        """The learning rate in force before the schedule: the setting, or the optimizer's own."""
        if self.learning_rate > 0:
            return self.learning_rate
        return PRODIGY_LEARNING_RATE if self.name == "prodigy" else ADAMW_LEARNING_RATE

    @classmethod
    def cross_faults(cls, values: Mapping[str, Any], prefix: str) -> list[str]:
        """AdamW at a Prodigy learning rate destroys the LoRA in a few steps."""
        if values["name"] == "adamw" and values["learning_rate"] > 0.1:
            return [
                f"'{prefix}learning_rate' is {values['learning_rate']:g}, which is a value for "
                "prodigy. AdamW needs at most 0.1; 0.0001 is a sound start."
            ]
        return []


@dataclass(frozen=True)
class ScheduleSettings(Settings):
    """How the learning rate changes over the run."""

    name: Literal["cosine", "constant"] = "cosine"
    """cosine falls to 0 exactly at the last step of this run, by itself; constant stays."""
    warmup_steps: Annotated[int, Range(0, 1_000_000)] = 0
    """Steps over which the learning rate rises from nothing to its full value."""


@dataclass(frozen=True)
class TimestepSettings(Settings):
    """Which noise levels (sigma: 0 clean, 1 pure noise) the model is trained on."""

    distribution: Literal["sigmoid", "uniform", "logit_normal", "shift", "logsnr"] = "sigmoid"
    """sigmoid favours the middle, uniform takes all alike, shift favours much noise, logit_normal
    and logsnr are set by mean and std."""
    scale: Annotated[float, Range(0.01, 10)] = 1.0
    """sigmoid and shift: how wide the draw is around its middle."""
    shift: Annotated[float, Range(0.01, 100)] = 7.0
    """shift only: flow shift. 1 changes nothing, 7 is what HunyuanVideo is sampled with."""
    mean: Annotated[float, Range(-20, 20)] = 0.0
    """logit_normal: mean of logit(sigma), above 0 is more noise. logsnr: mean of the log
    signal-to-noise ratio, above 0 is less noise."""
    std: Annotated[float, Range(0.001, 20)] = 1.0
    """logit_normal and logsnr: spread around the mean."""
    min_sigma: Annotated[float, Range(0, 1)] = 0.0
    """Draws are squeezed into the range from here ..."""
    max_sigma: Annotated[float, Range(0, 1)] = 1.0
    """... to here."""

    @classmethod
    def cross_faults(cls, values: Mapping[str, Any], prefix: str) -> list[str]:
        """The range of sigma must not be empty."""
        low, high = values["min_sigma"], values["max_sigma"]
        if low < high:
            return []
        return [f"'{prefix}min_sigma' ({low:g}) must be below '{prefix}max_sigma' ({high:g})."]


@dataclass(frozen=True)
class TrainSettings(Settings):
    """Length of the run, batches, checkpoints and what the model is told."""

    epochs: Annotated[int, Range(1, 100_000)] = 200
    """Passes over the dataset. Not used when steps is above 0."""
    steps: Annotated[int, Range(0, 10_000_000)] = 0
    """Optimizer steps in all; 0 means: as many as the epochs make."""
    batch_size: Annotated[int, Range(1, 256)] = 1
    """Items that go through the model together; each batch is of one bucket."""
    accumulation: Annotated[int, Range(1, 256)] = 1
    """Batches whose gradients are averaged into one step: a larger batch without more memory."""
    save_every_epochs: Annotated[int, Range(0, 100_000)] = 5
    """Save a checkpoint each time this many epochs are done; 0 is off."""
    save_every_steps: Annotated[int, Range(0, 1_000_000)] = 0
    """Save a checkpoint each time this many steps are done; 0 is off."""
    validate_every_steps: Annotated[int, Range(0, 1_000_000)] = 0
    """Measure the loss on the items held out, and on a few trained ones, each time this many steps
    are done; 0 is off."""
    probe_items: Annotated[int, Range(0, 64)] = 3
    """So many trained items are measured beside the held-out ones: a growing distance between the
    two shows overfitting, and without held-out items they are all there is to measure."""
    patience: Annotated[int, Range(0, 1000)] = 0
    """Stop by itself when so many measurements in a row say that more steps no longer help; 0 is
    off."""
    sample_every_epochs: Annotated[int, Range(0, 100_000)] = 0
    """Make previews each time this many epochs are done; 0 is off."""
    sample_every_steps: Annotated[int, Range(0, 1_000_000)] = 0
    """Make previews each time this many steps are done; 0 is off."""
    sample_at_checkpoints: bool = False
    """Make previews of every checkpoint."""
    sample_at_start: bool = False
    """Make previews without the LoRA first, to compare with."""
    seed: Annotated[int, Range(0, 2**53)] = 42
    """Same seed and same data give the same run."""
    guidance: Annotated[float, Range(0, 100)] = 1.0
    """Guidance value that the model is told while training (models with guidance embedding)."""
    guidance_units: Literal["sampling", "raw"] = "sampling"
    """sampling: the number as you would set it when sampling. raw: the number as musubi-tuner
    feeds it, a thousand times smaller."""
    max_grad_norm: Annotated[float, Range(0, 1000)] = 1.0
    """Longer gradients are shortened to this length; 0 is off."""
    compute_dtype: Literal["bf16", "fp32"] = "bf16"
    """Number format of the base model's calculations."""
    caption_dropout: Annotated[float, Range(0, 1)] = 0.0
    """Share of items that are trained with the empty caption instead of their own."""
    accumulate_together: bool = False
    """Send all batches of a step through each block together: the base weights are fetched once a
    step instead of once a batch, which is faster where they are streamed, and takes the memory of
    all batches at once."""
    compile: bool = False
    """Run the element-wise work through torch.compile: faster after a slow first step, equal but
    for rounding. Without a working compiler, training says so once and goes on without it."""

    @property
    def sampling_guidance(self) -> float:
        """Guidance in the unit used for sampling, whatever unit it was given in."""
        return self.guidance if self.guidance_units == "sampling" else self.guidance / 1000


@dataclass(frozen=True)
class ModelSettings(Settings):
    """The base model, for the command line; in the graph it is the connected model."""

    path: str = ""
    """A HunyuanVideo .safetensors file."""
    device: str = "cpu"
    """Where to calculate: cpu, cuda, cuda:1, mps."""
    latent_scale: Annotated[float, Range(0.001, 100)] = 0.476986
    """Factor from raw VAE latents to the latents that the model works on."""
    device_memory_gib: Annotated[float, Range(0, 1024)] = 0.0
    """Memory of the device that a run may take, in GiB; 0 means what is free there."""


@dataclass(frozen=True)
class DataSettings(Settings):
    """The prepared data, for the command line; in the graph it is connected."""

    dataset: str = ""
    """The dataset's TOML file."""
    latent_cache: str = ""
    """Folder with the cached latents."""
    text_cache: str = ""
    """Folder with the cached captions."""
    hold_out: Annotated[int, Range(-1, 1000)] = 0
    """Crops kept out of training to measure the loss on, whole pictures at a time; -1 chooses by
    the number of pictures."""


@dataclass(frozen=True)
class OutputSettings(Settings):
    """Names of what the run leaves behind."""

    name: str = "lora"
    """Start of every checkpoint's file name."""
    folder: str = ""
    """The run folder, for the command line; empty: runs/<name> beside the configuration file."""
    trigger: str = ""
    """Trigger word, written into the LoRA's metadata."""
    file_dtype: Literal["bf16", "fp16", "fp32"] = "bf16"
    """Number format of saved LoRA files. Resuming does not use them, so nothing is lost there."""

    @classmethod
    def cross_faults(cls, values: Mapping[str, Any], prefix: str) -> list[str]:
        """The name becomes part of file names on every system."""
        name = values["name"]
        if name and not set(name) & set('<>:"/\\|?*\n\r\t') and name == name.strip(" ."):
            return []
        return [
            f"'{prefix}name' is {name!r}, which cannot be part of a file name. "
            'Leave out < > : " / \\ | ? * and spaces or dots at its ends.'
        ]


@dataclass(frozen=True)
class TrackerSettings(Settings):
    """What follows the run beside the run folder itself.

    There is no place for a key on purpose: settings end up in workflows and pictures.
    """

    tensorboard: bool = False
    """Write TensorBoard files into the run folder. Nothing leaves this machine."""
    wandb: Literal["off", "online", "offline"] = "off"
    """online sends the run to wandb, with the key from 'wandb login' or WANDB_API_KEY; offline
    writes files only, which 'wandb sync' can send later."""
    other: str = ""
    """Other trackers that accelerate knows, separated by commas: aim, clearml, comet_ml, dvclive,
    mlflow, swanlab, trackio. Some of them send the run to their service."""
    project: str = "hunyuan-lora"
    """The project that the run is filed under in trackers."""
    name: str = ""
    """The run's name in trackers; empty takes the name of the run folder."""
    tags: str = ""
    """Tags in trackers, separated by commas."""

    @property
    def tag_list(self) -> tuple[str, ...]:
        """The tags, each once."""
        return _split(self.tags)

    @property
    def other_list(self) -> tuple[str, ...]:
        """The names of the other trackers, each once."""
        return _split(self.other.lower())

    @classmethod
    def cross_faults(cls, values: Mapping[str, Any], prefix: str) -> list[str]:
        """No keys, no signs that a tracker refuses, and no tracker twice."""
        faults = []
        for name in ("other", "project", "name", "tags"):
            text = values[name]
            if looks_like_key(text):
                faults.append(
                    f"'{prefix}{name}' seems to hold a key or password. It would be saved in the "
                    "workflow and shown to others. Put keys into an environment variable such as "
                    "WANDB_API_KEY, or use the tracker's own login."
                )
            elif len(text) > 120 or not text.isprintable():
                faults.append(f"'{prefix}{name}' must be one line of at most 120 characters.")
        if faults:
            return faults  # a key must not be repeated in a sentence about something else
        project = values["project"]
        if not project.strip() or set(project) & set("/\\#?%:"):
            faults.append(
                f"'{prefix}project' is {project!r}, but trackers need a name there without "
                "/ \\ # ? % and :."
            )
        for name in _split(values["other"].lower()):
            if name in ("tensorboard", "wandb"):
                faults.append(f"'{prefix}other' names {name}. Turn on '{prefix}{name}' instead.")
            elif not set(name) <= _TRACKER_SIGNS:
                faults.append(f"'{prefix}other' names {name!r}, which is no tracker's name.")
        return faults


_TRACKER_SIGNS = set("abcdefghijklmnopqrstuvwxyz0123456789_")


def _split(text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
