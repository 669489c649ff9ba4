"""A resource together with the document that it was written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clawforge.diagnostic import Location
from clawforge.load.document import Document, unpack
from clawforge.load.pointer import escape
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Resource


@dataclass(frozen=True, slots=True)
class LoadedResource:
    """Pointers are those of the canonical resource, where sets are sorted; the document keeps them as written."""

    resource: Resource
    document: Document

    @property
    def address(self) -> str:
        """`Kind/name`."""
        return self.resource.address

    def location(self, pointer: str = "") -> Location:
        """Where a field was written, or the nearest field around it."""
        return self.document.location(self._moves().get(pointer, pointer))

    def value_location(self, pointer: str = "") -> Location:
        """Where the value of a field begins."""
        return self.document.value_location(self._moves().get(pointer, pointer))

    def position(self) -> ResourcePosition:
        """File and line of the resource and of each of its fields."""
        positions = self.document.positions
        fields = {pointer: unpack(packed)[0] for pointer, packed in positions.items() if pointer}
        moves = self._moves()
        if moves:
            lines = {pointer: fields[written] for pointer, written in moves.items()}
            for parent in {pointer.rpartition("/")[0] for pointer in moves}:
                for pointer in [item for item in fields if item.rpartition("/")[0] == parent]:
                    del fields[pointer]
            fields |= lines
        return ResourcePosition(file=self.document.file, line=self.document.line, fields=fields)

    def _moves(self) -> dict[str, str]:
        """Pointers of list items in the canonical resource -> where they were written, for lists that differ."""
        unsorted = list(_unsorted_lists("", self.document.value))
        if not unsorted:
            return {}
        canonical = self.resource.model_dump(mode="json", by_alias=True)
        moves: dict[str, str] = {}
        for pointer, tokens, written in unsorted:
            kept = _follow(canonical, tokens)
            if isinstance(kept, list) and kept != written:
                first = {item: index for index, item in reversed(list(enumerate(written)))}
                moves |= {
                    f"{pointer}/{index}": f"{pointer}/{first.get(item, min(index, len(written) - 1))}"
                    for index, item in enumerate(kept)
                }
        return moves


def _unsorted_lists(
    pointer: str, value: Any, tokens: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, tuple[str | int, ...], list[str]]]:
    """Lists of strings that a set would keep in another order. Depth is bounded by the composer."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _unsorted_lists(f"{pointer}/{escape(key)}", item, (*tokens, key))
    elif all(isinstance(item, str) for item in value):
        if any(left >= right for left, right in zip(value, value[1:], strict=False)):
            yield pointer, tokens, value
    else:
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _unsorted_lists(f"{pointer}/{index}", item, (*tokens, index))


def _follow(value: Any, tokens: tuple[str | int, ...]) -> Any:
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and isinstance(token, int) and token < len(value):
            value = value[token]
        else:
            return None
    return value
