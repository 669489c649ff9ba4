"""Lists of tools in which somebody's lifted tools are allowed, asked about no more, or denied no more.

Patterns have no complement: from `mcp__*` no single tool can be taken away. Where that would be needed there is no
such list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clawforge.decide.catalogue import Catalogue
from clawforge.decide.names import PLUGINS, NamePattern, intersect, normalise


class UnsayableError(Exception):
    """No list says it; `pattern` is what it would have to be taken away from."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.pattern = pattern


@dataclass(frozen=True, slots=True)
class LiftedNames:
    """`tools` without those of `never`; both are patterns without groups and aliases, in canonical form."""

    tools: tuple[str, ...]
    never: tuple[str, ...]
    catalogue: Catalogue

    @classmethod
    def of(cls, tools: Iterable[str], never: Iterable[str], catalogue: Catalogue) -> LiftedNames:
        """Groups and aliases are expanded. Tools that are never lifted are left out as far as names can say so."""
        core = catalogue.tools
        held = normalise(catalogue.expand_all(tuple(never)), core)
        wanted = normalise(catalogue.expand_all(tuple(tools)), core)
        lifted = tuple(name for name in wanted if not _covered(name, held, core))
        return cls(lifted, tuple(name for name in held if _meets(name, lifted, core)), catalogue)

    def meets(self, pattern: str) -> bool:
        """Whether a written pattern means anything that is lifted."""
        return any(_meets(name, self.tools, self.catalogue.tools) for name in self.catalogue.expand(pattern))

    def without(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """A list of denied or asked tools without what is lifted; what is not touched stays as it is written.

        Raises UnsayableError for a pattern that means more than is lifted.
        """
        core = self.catalogue.tools
        kept: list[str] = []
        for written in patterns:
            if not self.meets(written):
                kept.append(written)
                continue
            for name in self.catalogue.expand(written):
                if not _meets(name, self.tools, core):
                    kept.append(name)
                elif _covered(name, self.tools, core):
                    kept += intersect((name,), self.never, core)
                else:
                    raise UnsayableError(written)
        return self._sayable(kept)

    def added_to(self, allow: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """An allow list, without groups and aliases, with what is lifted; and what has to be denied beside it, because
        it is never lifted and was not allowed before.

        Raises UnsayableError for what was allowed in part.
        """
        core = self.catalogue.tools
        missing = tuple(name for name in self.tools if not _covered(name, allow, core))
        denied = []
        for name in self.never:
            if not _meets(name, missing, core) or _covered(name, allow, core):
                continue
            if _meets(name, allow, core):
                raise UnsayableError(name)
            denied.append(name)
        return self._sayable((*allow, *missing)), tuple(denied)

    def _sayable(self, names: Iterable[str]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(names))
        strange = next((name for name in found if name.startswith(f"{PLUGINS}&")), None)
        if strange is not None:
            raise UnsayableError(strange)
        return found


def _parsed(names: Iterable[str]) -> list[NamePattern]:
    return [pattern for name in names if (pattern := NamePattern.parse(name)) is not None]


def _covered(name: str, by: Iterable[str], core: frozenset[str]) -> bool:
    one = NamePattern.parse(name)
    return one is not None and any(pattern.covers(one, core) for pattern in _parsed(by))


def _meets(name: str, others: Iterable[str], core: frozenset[str]) -> bool:
    """A group that nobody knows may mean anything."""
    one = NamePattern.parse(name)
    return one is None or any(pattern.meet(one, core) is not None for pattern in _parsed(others))
