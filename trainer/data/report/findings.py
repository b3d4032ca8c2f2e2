"""What is wrong with a dataset, in sentences: what, where, why it matters, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..captions.captioning import Captioned
from .epoch import Epoch
from .judging import CropState
from .repeating import Repeat
from .traits import TraitCount

_RUNS_SHOWN = 6
_WEAK_QUALITY = 50
_RARE_SEVERITY = 0.9
_TWICE = (
    "What they share is trained twice as often, pose and background with it. Take one out unless "
    "the difference matters."
)
_GRAVE = {"dataset": 10.0, "duplicate": 3.0, "near_duplicate": 1.1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before training."""

    kind: str
    """dataset, enlarged, blurred, soft, compressed, duplicate, near_duplicate, trait or
    harmless."""
    severity: float
    """1: just beyond its limit; more is worse. Below 1: good to know."""
    text: str
    """A sentence or a few."""
    crops: tuple[int, ...] = ()
    """Positions of the crops that it is about, the worst first."""


def find_all(
    captioned: Sequence[Captioned],
    states: Sequence[CropState],
    repeats: Sequence[Repeat],
    epoch: Epoch,
    traits: Sequence[TraitCount],
) -> list[Finding]:
    """List everything that was found, the worst first.

    Args:
        captioned: The crops.
        states: What is wrong with each of them.
        repeats: Pictures and crops that repeat others.
        epoch: Its notes become findings.
        traits: Rare ones become findings.
    """
    found = [Finding("dataset", _GRAVE["dataset"], note) for note in epoch.notes]
    found += _by_picture(captioned, states)
    found += _repeated(captioned, repeats)
    total = sum(epoch.repeats)
    found += [_rare(trait, total) for trait in traits if trait.is_rare]
    return sorted(found, key=lambda one: -one.severity)


def crop_name(captioned: Sequence[Captioned], number: int) -> str:
    """Such as "#3 front.png, headshot 768x1024"; numbers count from 1."""
    crop = captioned[number].crop
    return f"#{number + 1} {crop.item.path.name}, {crop.shot.replace('_', ' ')} {crop.bucket}"


def number_words(numbers: Sequence[int]) -> str:
    """Positions as numbers from 1, those in a row as a range: "#2, #4-#7"; of many only six."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    words = [f"#{a + 1}" if a == b else f"#{a + 1}-#{b + 1}" for a, b in runs[:_RUNS_SHOWN]]
    return ", ".join(words) + (", ..." if len(runs) > _RUNS_SHOWN else "")


def _by_picture(captioned: Sequence[Captioned], states: Sequence[CropState]) -> Iterator[Finding]:
    """One finding for all crops of a picture that have the same trouble."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number, state in enumerate(states):
        digest = captioned[number].crop.item.digest
        if state.softness:
            groups.setdefault((digest, state.softness), []).append(number)
        if state.is_damaged:
            groups.setdefault((digest, "compressed"), []).append(number)
        elif state.look.quality is not None and state.look.quality <= _WEAK_QUALITY:
            groups.setdefault((digest, "harmless"), []).append(number)
    damaged = {digest for digest, kind in groups if kind == "compressed"}
    for (digest, kind), numbers in groups.items():
        if kind == "harmless" and digest in damaged:
            continue
        numbers.sort(key=lambda number: -_severity(states[number], kind))
        where = _where(captioned, numbers)
        worst = states[numbers[0]]
        text = f"{where}: {_WORDS[kind](worst)}"
        yield Finding(kind, _severity(worst, kind), text, tuple(numbers))


def _severity(state: CropState, kind: str) -> float:
    if kind == "compressed":
        return state.damage_severity
    # Harmless ones are told apart by what is left, far below everything that matters.
    return 0.1 * state.damage_severity if kind == "harmless" else state.soft_severity


def _where(captioned: Sequence[Captioned], numbers: Sequence[int]) -> str:
    """The picture and its crops; the first number is the worst one."""
    if len(numbers) == 1:
        return crop_name(captioned, numbers[0])
    name = captioned[numbers[0]].crop.item.path.name
    crop = captioned[numbers[0]].crop
    worst = f"#{numbers[0] + 1} {crop.shot.replace('_', ' ')} {crop.bucket}"
    return f"{name}, {len(numbers)} crops ({number_words(numbers)}), worst {worst}"


def _enlarged_words(state: CropState) -> str:
    words = f"enlarged {state.enlargement:.2f} times"
    if state.is_blurred:
        words += f" and its edges come out {state.look.blur_px:.1f} pixels wide"
    hidden = (
        f" The picture itself already holds detail for only 1/{state.look.hidden_enlargement:.1f} "
        "of its size."
    )
    return (
        f"{words}.{hidden if state.is_soft_source else ''} The LoRA learns softness as "
        "part of the look. Use a larger picture, a wider shot or a smaller bucket."
    )


def _blurred_words(state: CropState) -> str:
    enlarged = f" and enlarged {state.enlargement:.2f} times" if state.enlargement > 1.01 else ""
    hidden = (
        f" The picture holds detail for only 1/{state.look.hidden_enlargement:.1f} of its size: "
        "out of focus, or enlarged before."
    )
    return (
        f"blurred{enlarged}; its sharpest edges are {state.look.blur_px:.1f} pixels wide, sharp "
        f"ones have less than 0.9.{hidden if state.is_soft_source else ''} The LoRA learns the "
        "blur. Use a sharper picture, or take this one out."
    )


def _soft_words(state: CropState) -> str:
    return (
        f"the picture holds detail for only 1/{state.look.hidden_enlargement:.1f} of its size, as "
        f"if it had been enlarged before; here that makes {state.total_enlargement:.1f} times. "
        "Being a little out of focus looks the same. Look at it at 100%, and use the original "
        "where there is one."
    )


def _compressed_words(state: CropState) -> str:
    return (
        f"{_quality_words(state)}. After resizing, grey levels are still off by about "
        f"{state.look.damage:.0f} where it is worst, and the LoRA learns blocks and halos as part "
        "of the look. Use the original file."
    )


def _harmless_words(state: CropState) -> str:
    return (
        f"{_quality_words(state)}, but of the damage only about {state.look.damage:.1f} grey "
        "levels are left at the size of the crop, where it is worst. It does little harm."
    )


def _quality_words(state: CropState) -> str:
    quality = state.look.quality
    if state.look.was_jpeg:
        return f"strongly compressed before it was saved as it is, about as JPEG quality {quality}"
    return f"a JPEG of quality {quality}"


_WORDS = {
    "enlarged": _enlarged_words,
    "blurred": _blurred_words,
    "soft": _soft_words,
    "compressed": _compressed_words,
    "harmless": _harmless_words,
}


def _repeated(captioned: Sequence[Captioned], repeats: Sequence[Repeat]) -> Iterator[Finding]:
    """One finding for each picture, and one for the crops that two pictures share."""
    shared: dict[tuple[str, str], list[Repeat]] = {}
    for repeat in repeats:
        if repeat.is_picture:
            yield _repeated_picture(captioned, repeat)
        else:
            digests = (captioned[at].crop.item.digest for at in (repeat.earlier, repeat.later))
            shared.setdefault((next(digests), next(digests)), []).append(repeat)
    for group in shared.values():
        yield _repeated_crops(captioned, group)


def _repeated_picture(captioned: Sequence[Captioned], repeat: Repeat) -> Finding:
    earlier, later = (captioned[at].crop.item.path.name for at in (repeat.earlier, repeat.later))
    kind = "duplicate" if repeat.is_exact else "near_duplicate"
    text = (
        f"{later} is the same picture as {earlier}. It is trained twice as often as the others. "
        "Take one out."
        if repeat.is_exact
        else f"{later} looks nearly the same as {earlier}. {_TWICE}"
    )
    return Finding(kind, _GRAVE[kind], text, (repeat.later, repeat.earlier))


def _repeated_crops(captioned: Sequence[Captioned], group: Sequence[Repeat]) -> Finding:
    first, crops = group[0], tuple(repeat.later for repeat in group)
    if len(group) == 1:
        what = f"{crop_name(captioned, first.later)} looks nearly the same as "
        what += crop_name(captioned, first.earlier)
    else:
        earlier = [repeat.earlier for repeat in group]
        what = f"{captioned[first.later].crop.item.path.name}, {len(group)} crops "
        what += f"({number_words(crops)}) look nearly the same as those of "
        what += f"{captioned[first.earlier].crop.item.path.name} ({number_words(earlier)})"
    text = f"{what}, though the whole pictures differ. {_TWICE}"
    return Finding("near_duplicate", _GRAVE["near_duplicate"], text, crops)


def _rare(trait: TraitCount, total: int) -> Finding:
    if not trait.samples:
        text = (
            f"No caption mentions '{trait.name}'. It cannot be called up by name later. Name it "
            "where it is seen, or leave it out on purpose if it belongs to the character."
        )
        return Finding("trait", 1.0, text)
    text = (
        f"'{trait.name}' is in {trait.samples} of {total} samples of an epoch "
        f"({100 * trait.share:.0f}%). So rare a trait is learnt late or not at all. Add pictures "
        "that show it, or name it wherever it is seen."
    )
    return Finding("trait", _RARE_SEVERITY, text)
