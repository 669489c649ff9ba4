"""The kinds of tools that several lists tell apart together: those of each list, and for every prefix a name that no
other list picks out, for what stands for all others on one side may be named on the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from clawforge.analysis.sections.tools import OTHER_TOOL, ToolKind, ToolRules, kinds_of_patterns
from clawforge.analysis.sections.unnamed import unnamed
from clawforge.decide.catalogue import MCP_PREFIX, catalogue, folded
from clawforge.decide.names import NamePattern

_OTHER, _BETWEEN = "other", "__"


@lru_cache(maxsize=4096)
def told_apart(sides: tuple[ToolRules, ...], patterns: tuple[str, ...] = ()) -> tuple[ToolKind, ...]:
    """The kinds that the sides and further patterns of tools tell apart."""
    found = {name: kind for side in sides for name, kind in side.kinds.items()}
    found.update((kind.name, kind) for kind in kinds_of_patterns(patterns))
    named = _Named.by(sides, patterns)
    found.update((kind.name, kind) for kind in named.others())
    return tuple(found.values())


@dataclass(frozen=True)
class _Named:
    """Every name and every prefix that is written; a server stands for the prefix of its tools."""

    exact: frozenset[str]
    prefixes: frozenset[str]

    @classmethod
    def by(cls, sides: Sequence[ToolRules], patterns: Iterable[str]) -> _Named:
        """All that the sides and some patterns of tools write."""
        exact, prefixes = set(catalogue().tools), set[str]()
        for text in (*patterns, *(text for side in sides for text in _tools_of(side))):
            pattern = NamePattern.parse(text)
            if pattern is not None:
                (prefixes if pattern.open else exact).add(pattern.stem)
        for text in (text for side in sides for text in (*(side.mcp.allow or ()), *side.mcp.deny)):
            pattern = NamePattern.parse(text)
            if pattern is not None:
                stem = MCP_PREFIX + pattern.stem
                prefixes.add(stem if pattern.open else stem + _BETWEEN)
        return cls(frozenset(exact), frozenset((*prefixes, "", MCP_PREFIX)))

    def others(self) -> Iterator[ToolKind]:
        """For each prefix a name that starts so and that nothing else means, where the usual one is meant."""
        for prefix in sorted(self.prefixes):
            usual = OTHER_TOOL if not prefix else _OTHER
            end = f"{_BETWEEN}{_OTHER}" if prefix.startswith(MCP_PREFIX) else ""
            word = unnamed(usual, partial(self._means, prefix, end))
            if word != usual:
                yield ToolKind(f"{prefix}{word}{end}", f"{prefix}*" if prefix else "any other tool")

    def _means(self, prefix: str, end: str, word: str) -> bool:
        """Whether more than the prefix and what it begins with means the name, in any spelling."""
        name = f"{prefix}{word}{end}"
        return any(self._picks(len(prefix), spelling) for spelling in {name, folded(name)})

    def _picks(self, known: int, name: str) -> bool:
        return name in self.exact or any(name[:size] in self.prefixes for size in range(known + 1, len(name) + 1))


def _tools_of(side: ToolRules) -> tuple[str, ...]:
    return (*(side.tools.allow or ()), *side.tools.ask, *side.tools.deny)
