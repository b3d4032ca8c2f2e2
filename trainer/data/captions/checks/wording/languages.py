"""Languages of captions, told by their small words."""

from __future__ import annotations

from collections.abc import Iterable

# Words that are common in captions of one language and not English words as well.
_SMALL_WORDS = {
    "English": "the with and her his wearing of is standing from holding while she he they which "
    "has are its their behind white black woman",
    "German": "und mit der das ein eine einer einem einen ist auf im von dem vor steht trägt ihre "
    "ihr ihrem frau mann sitzt hält mädchen sich zum zur über weiße schwarze",
    "French": "le la les un une et avec des du est dans sur elle femme cheveux portant devant aux "
    "au qui ses homme fille noir blanc blanche debout assise",
    "Spanish": "el la los las un una con y del es está mujer lleva pelo por su sobre una hombre "
    "chica blanco negro fondo de pie vestido sentada",
    "Italian": "il lo gli la le un una con di che è donna capelli nel nella della del indossa sul "
    "sulla uomo ragazza bianco nero sfondo seduta piedi",
    "Portuguese": "os um uma com da não mulher cabelo na no está vestido homem garota branco preto "
    "fundo ao pelo sentada pé segurando sobre o e",
}
_LANGUAGES: dict[str, tuple[str, ...]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in dict.fromkeys(_words.split()):
        _LANGUAGES[_word] = (*_LANGUAGES.get(_word, ()), _language)

LEAST_WORDS = 3
"""Small words of a language that a text must have to count as written in it."""
_MARGIN = 1


def count_languages(words: Iterable[str]) -> dict[str, int]:
    """Count the different small words of each language among words in lower case."""
    counts: dict[str, int] = {}
    for word in set(words):
        for language in _LANGUAGES.get(word, ()):
            counts[language] = counts.get(language, 0) + 1
    return counts


def language_of(words: Iterable[str]) -> str:
    """Name the language of a text; "" when too few words tell, or two languages are close."""
    counts = sorted(count_languages(words).items(), key=lambda pair: -pair[1])
    if not counts or counts[0][1] < LEAST_WORDS:
        return ""
    if len(counts) > 1 and counts[0][1] - counts[1][1] < _MARGIN:
        return ""
    return counts[0][0]


def families_of(words: Iterable[str]) -> list[str]:
    """Name the languages that are surely in a text, at most one of those that share many words.

    French, Spanish, Italian and Portuguese share small words, so two of them are never told apart
    within one text.
    """
    found = set(words)
    counts = count_languages(found)
    romance = [name for name in counts if name not in ("English", "German")]
    best = max(romance, key=lambda name: counts[name], default="")
    names = [name for name in ("English", "German", best) if counts.get(name, 0) >= LEAST_WORDS]
    return [name for name in names if _own_words(found, name, names) >= LEAST_WORDS]


def _own_words(words: set[str], language: str, among: Iterable[str]) -> int:
    others = set(among) - {language}
    return sum(
        language in _LANGUAGES.get(word, ()) and others.isdisjoint(_LANGUAGES[word])
        for word in words
    )
