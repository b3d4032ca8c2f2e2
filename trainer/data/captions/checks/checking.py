"""Checks of captions: what would teach the wrong thing, and what the text encoders cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from ..captioning import Captioned, CaptionFields
from .against_crop.framing import check_framing
from .against_crop.ratios import check_ratio
from .against_crop.views import check_view
from .findings import ALL_CAPTIONS, CaptionWarning, Found, Kind
from .lengths import LengthCheck, TokenCounter
from .single.draft import Draft, Wanted
from .single.mixed_languages import check_mixed_languages
from .single.repeats import check_repeats
from .single.scripts import check_script
from .single.slots import check_empty, check_slots, check_spacing
from .single.subject import check_class_word, check_trigger
from .single.traits import check_hidden_traits, check_omitted_traits
from .together.languages import Languages, check_languages
from .together.same_captions import SameCaptions, check_same_captions
from .together.trigger_word import check_trigger_word
from .together.uneven_traits import check_uneven_traits, named_traits
from .view_traits import ViewTraits

_SINGLE_CHECKS = (
    check_trigger,
    check_class_word,
    check_omitted_traits,
    check_hidden_traits,
    check_framing,
    check_view,
    check_ratio,
    check_slots,
    check_repeats,
    check_spacing,
    check_script,
    check_mixed_languages,
)
_NO_VIEW_TRAITS = ViewTraits()


def check_captions(
    captioned: Sequence[Captioned],
    fields: CaptionFields,
    counter: TokenCounter | None = None,
    view_traits: ViewTraits = _NO_VIEW_TRAITS,
    own_fields: Sequence[CaptionFields] = (),
) -> list[CaptionWarning]:
    """Check all captions.

    A mend is only given when it was tried: it takes its own finding away and brings no other.

    Args:
        captioned: Crops with captions.
        fields: What to check against; an empty trigger or class word is not checked.
        counter: Without one, lengths are not checked, and the trigger only by a list of words.
        view_traits: Traits that only some views show.
        own_fields: What each caption is checked against, where pictures or crops have fields of
            their own; none when all share `fields`.

    Returns:
        Findings about the whole set first, then those of each caption in order.
    """
    each = list(own_fields) or [fields] * len(captioned)
    wanted = {own: Wanted(own, view_traits) for own in (fields, *each)}
    drafts = [
        Draft(entry.caption, entry.crop, wanted[own])
        for entry, own in zip(captioned, each, strict=True)
    ]
    return _Checker(drafts, list(wanted), counter).check()


class _Checker:
    def __init__(
        self, drafts: Sequence[Draft], fields: Sequence[CaptionFields], counter: TokenCounter | None
    ) -> None:
        self._drafts = drafts
        self._fields = fields
        self._counter = counter
        self._lengths = None if counter is None else LengthCheck(counter)
        self._same = SameCaptions(drafts)
        self._languages = Languages(drafts)
        self._names = [_name(draft) for draft in drafts]

    def check(self) -> list[CaptionWarning]:
        together: dict[int | None, list[Found]] = {}
        for index, found in self._check_together():
            together.setdefault(index, []).append(found)
        warnings = [
            CaptionWarning(ALL_CAPTIONS, found.kind, found.text, about=found.about)
            for found in together.get(None, ())
        ]
        for index, draft in enumerate(self._drafts):
            warnings += self._warnings(index, draft, together.get(index, []))
        return warnings

    def _check_together(self) -> Iterator[tuple[int | None, Found]]:
        for fields in {own.trigger.strip(): own for own in reversed(self._fields)}.values():
            yield from ((None, found) for found in check_trigger_word(fields, self._counter))
        yield from check_uneven_traits(self._drafts, self._names)
        yield from check_same_captions(self._drafts, self._names, self._same)
        yield from check_languages(self._languages)

    def _check_single(self, draft: Draft) -> list[Found]:
        empty = list(check_empty(draft))
        if empty:
            return empty
        found = chain.from_iterable(check(draft) for check in _SINGLE_CHECKS)
        lengths = [] if self._lengths is None else self._lengths(draft.caption)
        return [*found, *lengths]

    def _warnings(
        self, index: int, draft: Draft, together: Sequence[Found]
    ) -> Iterator[CaptionWarning]:
        single = self._check_single(draft)
        keys = {found.key for found in single}
        for found in (*single, *together):
            mend = None if found.mend is None else self._tried(found.mend(), found, draft, keys)
            yield CaptionWarning(
                self._names[index], found.kind, found.text, index, mend, found.about
            )

    def _tried(
        self, mend: str | None, found: Found, draft: Draft, keys: set[tuple[Kind, str]]
    ) -> str | None:
        """The mend, unless it leaves its finding or makes another in this caption or the set."""
        if mend is None or mend == draft.caption:
            return None
        changed = Draft(mend, draft.crop, draft.wanted)
        after = {found.key for found in self._check_single(changed)}
        if not after <= keys - {found.key} or self._same.is_shared(changed):
            return None
        named = named_traits(draft)
        if found.kind == "uneven_trait":
            named |= {found.about}
        is_even = named_traits(changed) == named
        return mend if is_even and self._languages.allow(draft, changed) else None


def _name(draft: Draft) -> str:
    return f"{draft.crop.item.path.name} ({draft.crop.shot.replace('_', ' ')})"
