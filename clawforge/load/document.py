"""One YAML document: its plain value, and where every part of it was written."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.diagnostic import Location

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_COLUMN_BITS = 12
_LARGEST_COLUMN = (1 << _COLUMN_BITS) - 1


def pack(line: int, col: int) -> int:
    """A 1-based position as one small integer. Columns beyond 4095 become 4095."""
    return line << _COLUMN_BITS | (col if col < _LARGEST_COLUMN else _LARGEST_COLUMN)


def unpack(packed: int) -> tuple[int, int]:
    """The line and column, both 1-based, of what `pack` made."""
    return packed >> _COLUMN_BITS, packed & _LARGEST_COLUMN


@dataclass(frozen=True, slots=True)
class Document:
    """A document that keeps every rule of `clawforge.load.yaml`.

    `file` is a project-relative posix path; `value` keeps keys in the order written; `line` and `col` are the
    1-based start of the content, after any `---`. `positions` maps JSON pointers (RFC 6901) to packed
    positions: of the key for a member of a mapping, of the value for an item of a sequence and for the
    document itself (the pointer ""). `value_positions` holds the packed positions of the values, in the order
    of `positions`.
    """

    file: str
    value: JsonValue
    line: int
    col: int
    positions: Mapping[str, int]
    value_positions: array[int]

    def location(self, pointer: str = "") -> Location:
        """Where the pointer's key or item stands; for what was not written, the nearest ancestor that was."""
        return Location(self.file, *unpack(self.positions[self._written(pointer)]))

    def value_location(self, pointer: str = "") -> Location:
        """Where the pointer's value starts, which for a mapping's member is after its key.

        Takes time in proportion to the size of the document: it is meant for diagnostics.
        """
        written = self._written(pointer)
        index = next(at for at, candidate in enumerate(self.positions) if candidate == written)
        return Location(self.file, *unpack(self.value_positions[index]))

    def _written(self, pointer: str) -> str:
        while pointer and pointer not in self.positions:
            pointer = pointer.rpartition("/")[0]
        return pointer
