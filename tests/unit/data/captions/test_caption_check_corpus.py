"""Findings on captions written by hand, against what a careful reader would say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.captions.caption_check_sets import make_captioned
from trainer.data.captions.captioning import CaptionFields
from trainer.data.captions.checks.checking import check_captions
from trainer.data.captions.checks.view_traits import parse_view_traits

_GOLDEN = Path(__file__).parents[3] / "golden" / "caption_findings.json"
SETS: list[dict[str, Any]] = json.loads(_GOLDEN.read_text(encoding="utf-8"))["sets"]


@pytest.mark.parametrize("corpus", SETS, ids=lambda corpus: corpus["name"])
def test_corpus_findings_are_those_of_a_careful_reader(corpus: dict[str, Any]) -> None:
    captioned = [
        make_captioned(text, shot, view, f"{index}.png")
        for index, (shot, view, text, _) in enumerate(corpus["captions"])
    ]
    fields = CaptionFields(**corpus["fields"])
    found = check_captions(captioned, fields, None, parse_view_traits(corpus["view_traits"]))
    wrong = {}
    for index in (None, *range(len(captioned))):
        kinds = corpus["together"] if index is None else corpus["captions"][index][3]
        got = Counter(warning.kind for warning in found if warning.crop == index)
        if got != Counter(kinds):
            wrong[index] = (dict(got), kinds)
    assert wrong == {}


def test_corpus_has_captions_of_most_kinds_and_many_without_fault() -> None:
    rows = [row for corpus in SETS for row in corpus["captions"]]
    kinds = {kind for row in rows for kind in row[3]}
    assert len(rows) >= 60
    assert len(kinds) >= 12
    assert sum(not row[3] for row in rows) >= 50
