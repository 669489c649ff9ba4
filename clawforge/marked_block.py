"""Lines of a text file that are written by us, between two marks; what people wrote around them stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawforge.errors import InputError

_BEGIN, _END = "# BEGIN clawforge ", "# END clawforge "


@dataclass(frozen=True, slots=True)
class Marks:
    """The first and the last line of a block, as comments. `name` tells it from other blocks of the file."""

    name: str
    hint: str

    @property
    def begin(self) -> str:
        """The first line."""
        return f"{_BEGIN}{self.name}: {self.hint}"

    @property
    def end(self) -> str:
        """The last line."""
        return f"{_END}{self.name}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A text with the block in it, before which `start` lines stand, and whether lines that are no comments follow."""

    text: str
    start: int
    followed: bool


def put_block(text: str, marks: Marks, lines: Sequence[str], *, at: int | None = None, indent: str = "") -> Placed:
    """The text with these lines in place of those between the marks. If there are no marks yet, the block goes before
    the line `at`, or to the end behind an empty line.

    Line ends stay as they are. Raises InputError for marks that are not one pair.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    present = text.replace("\r\n", "\n").split("\n")
    if present[-1] == "":
        present.pop()
    block = [f"{indent}{line}".rstrip() for line in (marks.begin, *lines, marks.end)]
    span = _span(present, marks)
    if span is not None:
        before, after = present[: span[0]], present[span[1] + 1 :]
    elif at is not None:
        before, after = present[:at], present[at:]
    else:
        before, after = [*present, *([""] if present and present[-1].strip() else [])], []
    followed = any(line.strip() and not line.lstrip().startswith("#") for line in after)
    return Placed(ending.join([*before, *block, *after]) + ending, len(before), followed)


def room_before(lines: Sequence[str], at: int) -> int:
    """Where a new block goes that has to stand before a line: above the comments right over the line, and above the
    block of ours that it may be in."""
    for number in range(at, 0, -1):
        if lines[number - 1].strip().startswith(_END):
            break
        if lines[number - 1].strip().startswith(_BEGIN):
            at = number - 1
            break
    while at and lines[at - 1].lstrip().startswith("#") and not lines[at - 1].strip().startswith(_END):
        at -= 1
    return at


def _span(lines: Sequence[str], marks: Marks) -> tuple[int, int] | None:
    """The numbers of the first and the last line of the block; None if it is not there."""
    opening = f"{_BEGIN}{marks.name}:"
    begins = [number for number, line in enumerate(lines) if line.strip().startswith(opening)]
    ends = [number for number, line in enumerate(lines) if line.strip() == marks.end]
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise InputError(
            f"The marks `{opening} ...` and `{marks.end}` are not there once each, one after the other.",
            hint="Remove what is left of the block, and run this again.",
            code="damaged-block",
        )
    return begins[0], ends[0]
