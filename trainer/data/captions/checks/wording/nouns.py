"""Nouns that captions of figures are made of, and which framings can show them."""

from __future__ import annotations

from functools import lru_cache

from .words import split_words, word_forms

_HEAD = (
    "hair eye ear face nose mouth lip tooth cheek brow eyebrow eyelash lash forehead chin beard "
    "moustache mustache freckle fringe bang braid ponytail pigtail bun horn antler hat cap helmet "
    "crown tiara hood glasses goggle mask earring headband hairband ribbon bow clip hairpin veil "
    "lipstick makeup head skin mole"
)
_LOWER = (
    "shoe boot sandal heel sneaker sock stocking tights legging foot toe ankle leg knee thigh "
    "trouser pants jeans shorts skirt hem tail paw hoof slipper garter hip"
)
_UPPER = (
    "dress shirt blouse top jacket coat cape cloak sweater jumper hoodie vest waistcoat suit tie "
    "armour armor belt corset robe kimono gown uniform glove sleeve collar scarf necklace "
    "shoulder arm hand finger chest back waist wing tattoo scar bag backpack apron tunic bra "
    "bikini swimsuit bracelet ring watch button pocket zip strap bodysuit neck"
)
_OTHER = (
    "fur scale feather flower stripe spot pattern wall background sky tree door window chair table "
    "lamp line eyeshadow umbrella sword staff book cup"
)


def _forms(words: str) -> frozenset[str]:
    return frozenset(form for word in words.split() for form in word_forms(word))


_HEAD_FORMS, _LOWER_FORMS, _UPPER_FORMS = _forms(_HEAD), _forms(_LOWER), _forms(_UPPER)
_ALL_FORMS = _HEAD_FORMS | _LOWER_FORMS | _UPPER_FORMS | _forms(_OTHER)
_HIDES = (
    (_HEAD_FORMS, frozenset({"torso", "detail"})),
    (_LOWER_FORMS, frozenset({"headshot", "waist_up", "torso"})),
    (_UPPER_FORMS, frozenset({"headshot", "detail"})),
)


def is_noun(word: str) -> bool:
    """Tell whether a word in lower case is a noun that takes the adjectives before it."""
    return not _ALL_FORMS.isdisjoint(word_forms(word))


@lru_cache(maxsize=4096)
def framings_without(trait: str) -> frozenset[str]:
    """Framings that may leave out a trait, from its last known noun; none for unknown nouns.

    A headshot need not name boots, nor a detail of the legs a hat.
    """
    for word in reversed(split_words(trait)):
        forms = word_forms(word.text)
        for nouns, framings in _HIDES:
            if not nouns.isdisjoint(forms):
                return framings
    return frozenset()
