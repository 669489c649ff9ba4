"""Characters and their cases, as far as the globs of names tell them apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.other_words import by_looks, fresh_characters
from clawforge.decide.paths import MANY, CharacterSet, NameGlob, Token, fits_character

_LAST_CASED = 0x1F000
"""No character from here on has another case."""
_MOST_SKIPPED = 64
"""Characters at the start of a range among which one without case is looked for."""


def is_usable(character: str) -> bool:
    """Whether names can hold it: no separator, no control character, and no spelling that Unicode replaces."""
    return (
        character != "/"
        and unicodedata.category(character) not in ("Cc", "Cs")
        and unicodedata.normalize("NFC", character) == character
    )


def has_other_spelling(character: str) -> bool:
    """Whether another character is the same one without regard to case."""
    return other_spelling(character) != character


def other_spelling(text: str) -> str:
    """The same without regard to case, spelled otherwise; the text itself if there is no other."""
    for other in (text.swapcase(), text.upper(), text.lower(), text.casefold()):
        usable = unicodedata.normalize("NFC", other) == other
        if other != text and usable and other.casefold() == text.casefold():
            return other
    return text


@cache
def cased() -> dict[str, tuple[str, ...]]:
    """By what they fold to: the characters that fold to something else, or differ from their upper or lower case."""
    found: dict[str, list[str]] = {}
    for code in range(_LAST_CASED):
        character = chr(code)
        folded = character.casefold()
        if (folded != character or character.upper() != character) and is_usable(character):
            found.setdefault(folded, []).append(character)
    return {folded: tuple(characters) for folded, characters in found.items()}


def telling_characters(globs: Iterable[NameGlob], budget: Budget) -> list[str]:
    """A character of every sort that the parts of these globs, and the names that they spell, tell apart. Plain ones
    come first. Raises TooComplexError.
    """
    tokens = {token for glob in globs for token in glob.tokens if token is not MANY}
    spelled = {character for token in tokens if isinstance(token, str) for character in token + token.casefold()}
    every = [*(token for token in tokens if not isinstance(token, str)), *sorted({*spelled, "."})]
    found: dict[tuple[object, ...], str] = {}
    candidates = by_looks(filter(is_usable, _candidates(every)))
    budget.spend(len(candidates) * len(every) // 2)
    for character in candidates:
        folded = character.casefold()
        alike = tuple(fits_character(token, one) for token in every for one in (character, *folded))
        several = folded if len(folded) > 1 else ""
        found.setdefault((alike, several, has_other_spelling(character)), character)
    return list(found.values())


def _candidates(tokens: Iterable[Token]) -> set[str]:
    spelled = {token for token in tokens if isinstance(token, str)}
    ranges = [span for token in tokens if isinstance(token, CharacterSet) for span in token.ranges]
    bounds = {ord(character) + nearby for span in ranges for character in span for nearby in (-1, 0, 1)}
    bounds.update(ord(character) + nearby for character in spelled for nearby in (0, 1))
    found = {chr(code) for code in range(0x20, 0x7F)} | spelled | {*fresh_characters(spelled), "é", "É"}
    for code in bounds:
        if 0 <= code <= 0x10FFFF:
            found.update((chr(code), *_plain_after(code)))
    for folded, characters in cased().items():
        for character in characters:
            spellings = {folded, character, character.lower(), character.upper()}
            if len(folded) > 1 or not spelled.isdisjoint("".join(spellings)) or _in_ranges(spellings, ranges):
                found.update((character, *folded))
    return found


def _plain_after(code: int) -> Iterator[str]:
    """The first usable character from a code on that has no case."""
    for following in range(code, min(code + _MOST_SKIPPED, 0x110000)):
        character = chr(following)
        if is_usable(character) and not has_other_spelling(character):
            yield character
            return


def _in_ranges(spellings: Iterable[str], ranges: Iterable[tuple[str, str]]) -> bool:
    return any(low <= spelling <= high for low, high in ranges for spelling in spellings)
