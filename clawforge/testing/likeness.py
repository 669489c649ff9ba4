"""Which written rule is spelt most like what a call does, and which tool was meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice

from clawforge.decide.catalogue import MCP_PREFIX, Catalogue, catalogue
from clawforge.spelling import nearest
from clawforge.testing.rule_book import WrittenRule

MOST_COMPARED = 2_000
"""Rules that are held against one call."""

_ALIKE = 0.6
"""Two texts that `difflib` finds less alike than this have nothing to do with one another."""
_SAME_NAME = 0.7
"""For names of tools, which are short and have parts in common."""
_LONGEST = 200
_PLUGIN_MARKS = frozenset(".:/@")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A rule and how much it looks like what a call does, from 0 to 1."""

    rule: WrittenRule
    ratio: float


def most_alike(rules: Iterable[WrittenRule], wanted: tuple[str, ...]) -> Likeness | None:
    """The rule that is spelt most like one of these texts; None if none is alike. Where both the pattern and the text
    are tools that exist, neither is a misspelling of the other, however alike they are."""
    compared = (Likeness(rule, _ratio_of(rule, wanted)) for rule in islice(rules, MOST_COMPARED))
    best = max(compared, key=lambda item: item.ratio, default=None)
    return best if best is not None and best.ratio >= _ALIKE else None


@lru_cache(maxsize=1024)
def meant_tool(name: str, named: frozenset[str]) -> str | None:
    """The tool of the catalogue that a name was probably meant to be. None for a name that exists, that policies name
    (`named`) or that looks like a plugin's, and where nothing is alike."""
    names = catalogue()
    if name in named or is_tool(name, names) or not _PLUGIN_MARKS.isdisjoint(name):
        return None
    guess = names.lookalike(name) or nearest(name, (*names.tools, *names.aliases))
    if guess is None:
        return None
    alike = sorted(guess) == sorted(name) or SequenceMatcher(None, name, guess, autojunk=False).ratio() >= _SAME_NAME
    return guess if alike else None


def is_tool(name: str, names: Catalogue) -> bool:
    """Whether the host has a tool of that name, or an MCP server may."""
    return name in names.tools or name in names.aliases or names.canonical_name(name).startswith(MCP_PREFIX)


def _ratio_of(rule: WrittenRule, wanted: tuple[str, ...]) -> float:
    if rule.path.startswith("tools."):
        names = catalogue()
        if rule.text.startswith("group:"):
            return 0.0
        if is_tool(rule.text, names):
            wanted = tuple(value for value in wanted if not is_tool(value, names))
    text = _plain(rule.text)
    return max((_ratio(text, value) for value in wanted), default=0.0)


def _plain(pattern: str) -> str:
    return pattern.replace("**", "").rstrip("*/ ")


def _ratio(pattern: str, value: str) -> float:
    """Against the whole of a text and against its beginning, for patterns leave their rest open."""
    matcher = SequenceMatcher(None, "", pattern[:_LONGEST].casefold(), autojunk=False)
    best = 0.0
    for text in {value[:_LONGEST].casefold(), value[: len(pattern) + 2][:_LONGEST].casefold()}:
        matcher.set_seq1(text)
        if pattern and text and matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            best = max(best, matcher.ratio())
    return best
