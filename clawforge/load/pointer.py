"""JSON pointers as a tree, so that documents of one shape share the strings that name their parts."""

from __future__ import annotations


def escape(token: str) -> str:
    """One reference token of a JSON pointer, escaped (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


class PointerTree:
    """A JSON pointer, and those of the members and items below it, each made once.

    Whoever reads many files passes the same root to all of them. It only grows: it lives as long as one load.
    """

    __slots__ = ("children", "name", "text")

    def __init__(self, name: str = "", text: str = "") -> None:
        self.name = name
        self.text = text
        self.children: dict[str | int, PointerTree] = {}

    def grow(self, token: str | int) -> PointerTree:
        """Add the child for a mapping's key or a sequence's index that has none yet."""
        name = str(token)
        child = self.children[token] = PointerTree(name, f"{self.text}/{escape(name)}")
        return child
