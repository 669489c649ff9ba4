"""Finds what rules look for in one text: keyword gate (Aho-Corasick), RE2, then the detector's own checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clawforge.decide.dlp.detector import Detector, Match, Span
from clawforge.decide.dlp.neighbour import has_neighbour
from clawforge.decide.dlp.pattern import compile_pattern
from clawforge.decide.dlp.registry import detector_named


@dataclass(frozen=True, slots=True)
class ScanRule:
    """One rule as the scanner needs it: what to look for (a detector or a pattern) and for which tools."""

    id: str
    detector: str | None = None
    pattern: str | None = None
    keywords: tuple[str, ...] = ()
    """If given, one must occur in the text, ASCII case ignored; a detector's own gate applies as well."""
    label: str = ""
    """What findings of a pattern call their detector; the rule's id if empty."""
    tools: tuple[str, ...] = ()
    """Canonical names, or prefixes with a trailing `*`; the caller expands groups. Empty: every tool."""

    def __post_init__(self) -> None:
        """Raises ValueError for a rule that would silently find nothing or something else than it says."""
        if (self.detector is None) == (self.pattern is None):
            raise ValueError(f"rule {self.id!r} needs either a detector or a pattern")
        if any(tool.startswith("group:") for tool in self.tools):
            raise ValueError(f"rule {self.id!r} names a tool group; groups are expanded before a scan")
        if any(not keyword for keyword in self.keywords):
            raise ValueError(f"rule {self.id!r} has an empty keyword")

    def applies_to(self, tool: str) -> bool:
        """Whether calls of this tool are scanned for it."""
        return not self.tools or any(
            tool.startswith(name[:-1]) if name.endswith("*") else tool == name for name in self.tools
        )


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """`text[start:end]` is what the rule looks for; a pattern's `detector` is the rule's label or id."""

    start: int
    end: int
    rule_id: str
    detector: str


@dataclass(frozen=True, slots=True)
class _LiveRule:
    rule: ScanRule
    gates: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Search:
    """One compiled pattern with the rules that share it: it runs once a text, however many rules want it."""

    detector: Detector | None
    compiled: Any
    rules: tuple[_LiveRule, ...]


class Scanner:
    """A set of rules, compiled once; immutable afterwards, and safe to use from several threads.

    Raises ValueError for an unknown detector, a pattern that `compile_pattern` refuses, two rules of one id.
    """

    __slots__ = ("_gates", "_searches")

    def __init__(self, rules: Sequence[ScanRule]) -> None:
        ids = [rule.id for rule in rules]
        if len(set(ids)) != len(ids):
            raise ValueError("two rules have the same id, so their findings could not be told apart")
        gates: dict[tuple[str, ...], int] = {}
        grouped: dict[tuple[str | None, str], list[_LiveRule]] = {}
        for rule in rules:
            detector = detector_named(rule.detector) if rule.detector is not None else None
            keywords = [rule.keywords, detector.keywords if detector else ()]
            mine = frozenset(gates.setdefault(_folded(words), len(gates)) for words in keywords if words)
            pattern = detector.pattern if detector else rule.pattern or ""
            grouped.setdefault((rule.detector, pattern), []).append(_LiveRule(rule, mine))
        self._searches = tuple(
            _Search(detector_named(name) if name else None, compile_pattern(pattern), tuple(live))
            for (name, pattern), live in grouped.items()
        )
        self._gates = _automaton(gates)

    def scan(self, text: str, tool: str | None = None) -> list[RuleMatch]:
        """All findings, sorted by start, end and rule; offsets count code points.

        With `tool`, rules for other tools are left out. A lone surrogate is read as U+FFFD.
        """
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError:
            text = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
            data = text.encode("utf-8")
        opened = self._opened(data)
        found = [
            RuleMatch(match.start, match.end, live.rule.id, match.detector or live.rule.label or live.rule.id)
            for search in self._searches
            if (wanted := [live for live in search.rules if _wants(live, opened, tool)])
            for match in _matches(search, text, data)
            for live in wanted
        ]
        found.sort(key=lambda match: (match.start, match.end, match.rule_id))
        return found

    def _opened(self, data: bytes) -> set[int]:
        """The gates of which a keyword occurs."""
        opened: set[int] = set()
        if self._gates is not None:
            # Lower-casing bytes touches ASCII only, and Latin-1 keeps one character a byte: the gate means
            # the same in every implementation, whatever its tables of Unicode case say.
            for _, indexes in self._gates.iter(data.lower().decode("latin-1")):
                opened.update(indexes)
        return opened


def _wants(live: _LiveRule, opened: set[int], tool: str | None) -> bool:
    return live.gates <= opened and (tool is None or live.rule.applies_to(tool))


def _folded(keywords: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({keyword.encode("utf-8").lower().decode("latin-1") for keyword in keywords}))


def _automaton(gates: dict[tuple[str, ...], int]) -> Any:
    """Aho-Corasick over every keyword, giving the gates that it opens; None without any."""
    if not gates:
        return None
    import ahocorasick

    opened_by: dict[str, list[int]] = {}
    for keywords, gate in gates.items():
        for keyword in keywords:
            opened_by.setdefault(keyword, []).append(gate)
    automaton = ahocorasick.Automaton()
    for keyword, opened in opened_by.items():
        automaton.add_word(keyword, tuple(opened))
    automaton.make_automaton()
    return automaton


def _matches(search: _Search, text: str, data: bytes) -> Iterator[Match]:
    detector = search.detector
    group = detector.group if detector else 0
    spans = [match.span(group) for match in search.compiled.finditer(data)]
    if not spans:
        return
    for start, end in _in_code_points(spans, text, data):
        if detector is None:
            yield Match("", start, end)
            continue
        if start < 0 or (detector.alone and has_neighbour(text, start, end)):
            continue
        for value in detector.refine(text, start, end) if detector.refine else ((start, end),):
            if detector.validate is None or detector.validate(text[slice(*value)]):
                yield Match(detector.id, *value)


def _in_code_points(spans: list[Span], text: str, data: bytes) -> Iterator[Span]:
    """Byte offsets into UTF-8, ascending, as code points: one pass over the text, none if it is ASCII."""
    if len(text) == len(data):
        yield from spans
        return
    at_byte = at_point = 0
    for start, end in spans:
        if start < 0:
            yield start, end
            continue
        first = at_point + len(data[at_byte:start].decode("utf-8"))
        at_byte, at_point = end, first + len(data[start:end].decode("utf-8"))
        yield first, at_point
