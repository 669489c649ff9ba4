"""JSON pointers as a tree, so that documents of one shape share the strings that name their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue


def escape(token: str) -> str:
    """One reference token of a JSON pointer, escaped (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def unescape(token: str) -> str:
    """A reference token as it was before `escape`."""
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def steps(value: JsonValue, pointer: str) -> tuple[str | int, ...] | None:
    """The keys and indexes on the way to a part of a document; None if there is no such part."""
    path: list[str | int] = []
    for token in map(unescape, pointer.split("/")[1:]):
        if isinstance(value, dict) and token in value:
            path.append(token)
            value = value[token]
        elif isinstance(value, list) and token.isascii() and token.isdecimal() and int(token) < len(value):
            path.append(int(token))
            value = value[int(token)]
        else:
            return None
    return tuple(path)


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
