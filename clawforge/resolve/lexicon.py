"""How members of lists are read and compared, by what they are: tools, other names, domains, or plain
strings."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.decide import domains, names
from clawforge.decide.catalogue import Catalogue
from clawforge.resource.merge import Vocabulary

GROUP_PREFIX = "group:"


class Lexicon:
    """The algebra of patterns under one host's catalogue. Immutable."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._core = catalogue.tools

    def expand(self, of: Vocabulary, item: str) -> tuple[str, ...] | None:
        """What an item written in a list stands for: the members of a group of tools, the canonical name of
        an alias, or itself. None for a group that the catalogue does not know."""
        if of is not Vocabulary.TOOLS:
            return (item,)
        if item.startswith(GROUP_PREFIX) and item not in self._catalogue.groups:
            return None
        return self._catalogue.expand(item)

    def profile(self, name: str) -> tuple[str, ...] | None:
        """The tools of a profile; None for the profile that constrains nothing."""
        return self._catalogue.profile(name)

    def normalise(self, of: Vocabulary, items: Sequence[str]) -> tuple[str, ...]:
        """Sorted, without members that another one covers."""
        match of:
            case Vocabulary.TOOLS:
                return names.normalise(items, self._core)
            case Vocabulary.NAMES:
                return names.normalise(items)
            case Vocabulary.DOMAINS:
                return domains.normalise(items)
            case Vocabulary.LITERALS:
                return tuple(sorted(set(items)))

    def intersect(self, of: Vocabulary, left: Sequence[str], right: Sequence[str]) -> tuple[str, ...]:
        """What both lists mean, normalised."""
        match of:
            case Vocabulary.TOOLS:
                return names.intersect(left, right, self._core)
            case Vocabulary.NAMES:
                return names.intersect(left, right)
            case Vocabulary.DOMAINS:
                return domains.intersect(left, right)
            case Vocabulary.LITERALS:
                return tuple(sorted(set(left) & set(right)))

    def covering(self, of: Vocabulary, members: Sequence[str], narrow: str) -> list[str]:
        """Those members that mean everything that `narrow` means."""
        return [member for member in members if member == narrow or self._covers(of, member, narrow)]

    def _covers(self, of: Vocabulary, wide: str, narrow: str) -> bool:
        match of:
            case Vocabulary.TOOLS | Vocabulary.NAMES:
                left, right = names.NamePattern.parse(wide), names.NamePattern.parse(narrow)
                core = self._core if of is Vocabulary.TOOLS else frozenset[str]()
                return left is not None and right is not None and left.covers(right, core)
            case Vocabulary.DOMAINS:
                return domains.covers(wide, narrow)
            case Vocabulary.LITERALS:
                return wide == narrow
