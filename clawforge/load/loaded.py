"""A resource together with the document that it was written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic import BaseModel

from clawforge.diagnostic import Location
from clawforge.load.document import Document, unpack
from clawforge.load.pointer import unescape
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Resource


class Repeated(NamedTuple):
    """An item that its list has already: where it stands, where it stood first, and what it says."""

    pointer: str
    first: str
    item: str


@dataclass(frozen=True)
class LoadedResource:
    """Pointers are those of the canonical resource, where sets are sorted; the document keeps them as written. What a
    set repeats has an index past its end: in `[b, a, b]`, whose canonical form is `[a, b]`, the last item is `/2`.
    """

    resource: Resource
    document: Document

    @property
    def address(self) -> str:
        """`Kind/name`."""
        return self.resource.address

    def written(self, pointer: str) -> str:
        """The pointer in the document of a field of the canonical resource."""
        return self._moves.get(pointer, pointer)

    def location(self, pointer: str = "") -> Location:
        """Where a field was written, or the nearest field around it."""
        return self.document.location(self.written(pointer))

    def value_location(self, pointer: str = "") -> Location:
        """Where the value of a field begins."""
        return self.document.value_location(self.written(pointer))

    def position(self) -> ResourcePosition:
        """File and line of the resource and of each of its fields."""
        fields = {pointer: unpack(packed)[0] for pointer, packed in self.document.positions.items() if pointer}
        moves = self._index_moves()
        if moves:
            parents = {pointer.rpartition("/")[0] for pointer in moves}
            lines = {pointer: fields[written] for pointer, written in moves.items()}
            fields = {name: line for name, line in fields.items() if name.rpartition("/")[0] not in parents} | lines
        # Of a document that was read: its lines need no second look, and a project has a hundred thousand.
        return ResourcePosition.model_construct(file=self.document.file, line=self.document.line, fields=fields)

    def repeated(self) -> Iterator[Repeated]:
        """The items of lists of texts that stand there a second time, in the order written."""
        for pointer, written, kept in self._unsorted_lists():
            for index, again, first in _repeats(written, kept):
                yield Repeated(f"{pointer}/{index}", f"{pointer}/{first}", written[again])

    @cached_property
    def _moves(self) -> dict[str, str]:
        moves = self._index_moves()
        for pointer, written, kept in self._unsorted_lists():
            moves |= {f"{pointer}/{index}": f"{pointer}/{again}" for index, again, _ in _repeats(written, kept)}
        return moves

    def _index_moves(self) -> dict[str, str]:
        """Pointers of list items in the canonical resource -> where they were written, for lists that differ."""
        moves: dict[str, str] = {}
        for pointer, written, kept in self._unsorted_lists():
            if list(kept) != written:
                first = {item: index for index, item in reversed(list(enumerate(written)))}
                for index, item in enumerate(kept):
                    moves[f"{pointer}/{index}"] = f"{pointer}/{first.get(item, min(index, len(written) - 1))}"
        return moves

    def _unsorted_lists(self) -> Iterator[tuple[str, list[str], tuple[Any, ...]]]:
        """Lists of texts as written that are not sorted or repeat an item: pointer, what was written, what is kept."""
        # Only lists of two and more can be, and those have an item of index 1.
        for pointer in [item[:-2] for item in self.document.positions if item.endswith("/1")]:
            tokens = [unescape(token) for token in pointer.split("/")[1:]]
            written: Any = _follow(self.document.value, tokens)
            if not isinstance(written, list) or not all(isinstance(item, str) for item in written):
                continue
            if all(left < right for left, right in pairwise(written)):
                continue
            kept = _follow(self.resource, tokens)
            if isinstance(kept, tuple):
                yield pointer, written, kept


def _repeats(written: list[str], kept: tuple[Any, ...]) -> Iterator[tuple[int, int, int]]:
    """Of each item that the list has already: its index for the canonical resource, as written, and the first one's."""
    if len(set(written)) == len(written):
        return
    ordered = len(kept) == len(written)
    firsts: dict[str, int] = {}
    found = 0
    for at, item in enumerate(written):
        first = firsts.setdefault(item, at)
        if first != at:
            yield (at if ordered else len(kept) + found), at, first
            found += 1


def _follow(value: Any, tokens: list[str]) -> Any:
    """What stands at a place of a document or of a resource; None if there is nothing."""
    for token in tokens:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, BaseModel):
            value = getattr(value, _attributes(type(value)).get(token, ""), None)
        elif isinstance(value, list | tuple) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value


@cache
def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """Fields as they are written -> as the model calls them."""
    return {field.alias or name: name for name, field in model.model_fields.items()}
