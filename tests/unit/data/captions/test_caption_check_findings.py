"""The closed list of kinds, lines of findings, files that ship, and the cost of checking."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tests.unit.data.captions.caption_check_sets import WordCounter, make_captioned
from trainer.data.captions.captioning import Captioned, CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.findings import (
    ALL_CAPTIONS,
    KINDS,
    CaptionWarning,
    Kind,
    finding_lines,
)
from trainer.data.captions.template import SLOTS

ROOT = Path(__file__).resolve().parents[4]
CHECKS = ROOT / "trainer" / "data" / "captions" / "checks"
FIELDS = CaptionFields(trigger="alvari", class_word="woman", omitted_traits="freckles, horns")


def test_kinds_are_one_closed_list_with_a_meaning_each() -> None:
    assert tuple(KINDS) == get_args(Kind)
    assert all(text.endswith(".") for text in KINDS.values())
    made = {
        name
        for path in CHECKS.rglob("*.py")
        for name in re.findall(
            r'(?:Found|contradictions)\(\s*"(\w+)"', path.read_text(encoding="utf-8")
        )
    }
    assert made == set(KINDS)


def test_kinds_are_all_explained_on_the_page_about_captions() -> None:
    page = (ROOT / "docs" / "captions.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(KINDS)
    assert {slot for slot in SLOTS if "`{" + slot + "}`" not in page} == set()


def test_lines_say_the_same_text_once_and_the_whole_set_first() -> None:
    found = [
        CaptionWarning(f"{name}.png (torso)", "slot", "Replace it.", index)
        for index, name in enumerate("abcde")
    ]
    found += [
        CaptionWarning("f.png (torso)", "empty", "Is empty.", 5),
        CaptionWarning(ALL_CAPTIONS, "trigger_word", "Choose another."),
    ]
    assert finding_lines(found) == [
        "All captions: Choose another.",
        "a.png (torso), b.png (torso), c.png (torso) and 2 more: Replace it.",
        "f.png (torso): Is empty.",
    ]
    assert finding_lines([]) == []


def test_word_list_lies_in_the_package_and_is_installed_with_it() -> None:
    files = [path.relative_to(ROOT) for path in CHECKS.rglob("*.txt")]
    assert [path.name for path in files] == ["known_words.txt"]
    for name in (".comfyignore", ".gitignore"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            pattern = line.strip().rstrip("/")
            assert not any(path.match(pattern) for path in files if pattern)
            assert pattern not in {part for path in files for part in path.parts}


class CallCounter(WordCounter):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def clip_tokens(self, text: str) -> list[str]:
        self.calls += 1
        return super().clip_tokens(text)


def _many(count: int, fault: str) -> list[Captioned]:
    return [
        make_captioned(f"alvari, a woman with hat {index}{fault}, smiling.", name=f"{index}.png")
        for index in range(count)
    ]


def test_tokens_are_counted_once_for_each_text() -> None:
    counter = CallCounter()
    check_captions([*_many(50, ""), *_many(50, "")], FIELDS, counter)
    # Each text asks twice (CLIP-L and Llama use the same words here); the trigger asks once.
    assert counter.calls == 2 * 50 + 1


def test_tokens_of_mends_are_counted_once_for_each_mend() -> None:
    counter = CallCounter()
    found = check_captions(_many(50, ", freckles"), FIELDS, counter)
    mends = sum(warning.mend is not None for warning in found)
    assert mends == 50
    assert counter.calls == 2 * (50 + mends) + 1


def _python_calls(captioned: Sequence[Captioned]) -> int:
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        check_captions(captioned, FIELDS)
    finally:
        sys.setprofile(before)
    return calls


def test_work_grows_with_the_number_of_captions_only() -> None:
    for fault in ("", ", freckles and horns, {pose}, 16:9, front view of her, full body"):
        _python_calls(_many(10, fault))
        small, large = _python_calls(_many(50, fault)), _python_calls(_many(400, fault))
        assert large < 8.2 * small


def test_work_grows_little_more_than_the_length_of_a_caption() -> None:
    def calls(words: int) -> int:
        text = "alvari, a woman, " + ", ".join(f"thing{index} red" for index in range(words))
        return _python_calls([make_captioned(text)])

    assert calls(800) < 8.5 * calls(100)
