"""What a comparison shows: checkpoints by strengths by prompts, read from words, laid on axes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import ConfigError, StateError

AXES = ("checkpoints", "strengths", "prompts")
MOST_CELLS = 64
_STEP_IN_NAME = re.compile(r"step[_-]?0*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoraChoice:
    """A LoRA file to compare. step: None where its name does not tell."""

    path: Path
    label: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class ComparedSample:
    """One picture or clip: the LoRA (None: without), its strength, the prompt's number from 0."""

    lora: LoraChoice | None
    strength: float
    prompt: int


@dataclass(frozen=True, slots=True)
class ComparedBlock:
    """A table of the comparison. cells: [rows][columns]."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    cells: tuple[tuple[ComparedSample, ...], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Values on three axes. x and y: two of AXES; the third is stacked as blocks."""

    loras: tuple[LoraChoice | None, ...]
    strengths: tuple[float, ...]
    prompts: tuple[str, ...]
    x: str
    y: str

    def __post_init__(self) -> None:
        if self.x == self.y:
            raise ConfigError(
                f"'x' and 'y' are both {self.x}. Choose two different ones; the third is stacked."
            )
        cells = len(self.loras) * len(self.strengths) * len(self.prompts)
        if cells > MOST_CELLS:
            raise ConfigError(
                f"{len(self.loras)} checkpoints, {len(self.strengths)} strengths and "
                f"{len(self.prompts)} prompts make {cells} cells, but at most {MOST_CELLS} fit "
                "into one comparison. Choose fewer of them."
            )

    @property
    def samples(self) -> tuple[ComparedSample, ...]:
        """Every sample to be made, each once, those of one patched model beside each other."""
        found = [
            _sample(lora, strength, prompt)
            for lora in self.loras
            for strength in self.strengths
            for prompt in range(len(self.prompts))
        ]
        return tuple(dict.fromkeys(found))

    def blocks(self) -> tuple[ComparedBlock, ...]:
        """The tables, one for each value of the third axis."""
        counts = dict(zip(AXES, map(len, (self.loras, self.strengths, self.prompts)), strict=True))
        (third,) = [axis for axis in AXES if axis not in (self.x, self.y)]
        return tuple(self._block(third, number, counts) for number in range(counts[third]))

    def _block(self, third: str, number: int, counts: dict[str, int]) -> ComparedBlock:
        cells = [
            [self._cell({third: number, self.y: row, self.x: column})
             for column in range(counts[self.x])]
            for row in range(counts[self.y])
        ]  # fmt: skip
        return ComparedBlock(
            title=self._label(third, number),
            columns=tuple(self._label(self.x, place) for place in range(counts[self.x])),
            rows=tuple(self._label(self.y, place) for place in range(counts[self.y])),
            cells=tuple(map(tuple, cells)),
        )

    def _cell(self, places: dict[str, int]) -> ComparedSample:
        lora = self.loras[places["checkpoints"]]
        return _sample(lora, self.strengths[places["strengths"]], places["prompts"])

    def _label(self, axis: str, place: int) -> str:
        if axis == "checkpoints":
            lora = self.loras[place]
            return "without LoRA" if lora is None else lora.label
        if axis == "strengths":
            return f"strength {self.strengths[place]:g}"
        return self.prompts[place]


def _sample(lora: LoraChoice | None, strength: float, prompt: int) -> ComparedSample:
    # A LoRA at strength 0 is no LoRA, and without one the strength says nothing.
    if lora is None or strength == 0:
        return ComparedSample(None, 0.0, prompt)
    return ComparedSample(lora, strength, prompt)


def read_numbers(text: str, field: str, lowest: float, highest: float) -> tuple[float, ...]:
    """Numbers separated by commas, spaces or lines, each once, in the order given.

    Raises:
        ConfigError: There is none, or one is not a number or out of range.
    """
    words = [word for word in re.split(r"[,;\s]+", text) if word]
    if not words:
        raise ConfigError(f"'{field}' is empty. Type one or more numbers, separated by commas.")
    found = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not lowest <= value <= highest:
            raise ConfigError(
                f"'{field}' holds '{word}', but takes numbers from {lowest:g} to {highest:g}, "
                "separated by commas. Change it."
            )
        found.append(value)
    return tuple(dict.fromkeys(found))


def read_seeds(text: str, field: str = "seeds") -> tuple[int, ...]:
    """Whole numbers from 0, separated by commas.

    Raises:
        ConfigError: There is none, or one is not a whole number from 0 to 2^53.
    """
    numbers = read_numbers(text, field, 0, 2**53)
    for number in numbers:
        if number != int(number):
            raise ConfigError(f"'{field}' holds {number:g}, but seeds are whole numbers. Round it.")
    return tuple(map(int, numbers))


def lora_choice(path: Path) -> LoraChoice:
    """A LoRA file by its name; a step in the name becomes its label."""
    found = _STEP_IN_NAME.search(path.stem)
    if found is None:
        return LoraChoice(path, path.stem)
    return LoraChoice(path, f"step {int(found[1])}", int(found[1]))


def choose_loras(
    wanted: str, files: Sequence[LoraChoice], best_step: int | None = None
) -> tuple[LoraChoice | None, ...]:
    """Choose files by words: all, last N, first N, every N, best, a step, a name; 0 or none.

    Args:
        wanted: The words, separated by commas or lines.
        files: What there is, oldest first.
        best_step: The step that "best" means; None where nobody can say.

    Returns:
        Each choice once, in the order given; None stands for "without LoRA".

    Raises:
        ConfigError: A word means none of the files.
        StateError: There are no files.
    """
    words = [" ".join(word.split()) for word in re.split(r"[,;\n]+", wanted) if word.strip()]
    if not words:
        raise ConfigError("'checkpoints' is empty. Type all, last 4, best, or steps: 20, 40.")
    found: list[LoraChoice | None] = []
    for word in words:
        found.extend(_chosen(word, files, best_step))
    return tuple(dict.fromkeys(found))


def _chosen(
    word: str, files: Sequence[LoraChoice], best_step: int | None
) -> Sequence[LoraChoice | None]:
    lower = word.lower()
    if lower in ("none", "0", "without"):
        return [None]
    if not files:
        raise StateError("There is no checkpoint to compare yet. Train until the first one.")
    if lower == "all":
        return files
    if lower == "best":
        return [_best(files, best_step)]
    counted = re.fullmatch(r"(last|first|every)(?: ([1-9]\d*))?(?:st|nd|rd|th)?", lower)
    if counted:
        count = int(counted[2] or 1)
        parts = {"last": files[-count:], "first": files[:count], "every": files[count - 1 :: count]}
        return parts[counted[1]] or [files[-1]]
    named = [one for one in files if word in (one.path.stem, one.path.name, one.label)]
    if re.fullmatch(r"(step )?\d+", lower):
        step = int(lower.removeprefix("step "))
        named = [one for one in files if one.step == step] or named
    if not named:
        raise ConfigError(
            f"'checkpoints' holds '{word}', but there is no such checkpoint. There are: "
            f"{_listed(files)}. Type some of them, or all, last 4, best, none."
        )
    return named[-1:]


def _best(files: Sequence[LoraChoice], best_step: int | None) -> LoraChoice:
    for one in files:
        if best_step is not None and one.step == best_step:
            return one
    raise ConfigError(
        "'checkpoints' says best, but there is no run whose log could tell which one that is. "
        "Connect 'run' once it has a few steps, or type steps or file names."
    )


def _listed(files: Sequence[LoraChoice]) -> str:
    names = [str(one.step) if one.step is not None else one.label for one in files]
    return ", ".join(names if len(names) <= 12 else [*names[:6], "...", *names[-5:]])
