"""A YAML file as its author laid it out: values as they were spelled, with the comments and blank lines around them.

Comments on lines of their own are lists of strings without indentation, where "" stands for blank lines. A comment
that follows something on its line is one string that keeps the gap before it, such as `"  # why"`; "" is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True)
class Scalar:
    """A value as it was spelled. An empty `raw` is a value that was left out, which reads as null.

    `raw` is the first line, `more` are the lines after it: of a block scalar its text without indentation, of any
    other the continuation lines, whose indentation means nothing. `own_line` tells that it began below its key.
    """

    raw: str
    value: str = ""
    more: list[str] = field(default_factory=list)
    is_block: bool = False
    keeps_blanks: bool = False
    own_line: bool = False
    eol: str = ""


@dataclass(slots=True)
class Entry:
    """A member of a mapping, or an item of a list, which has no key.

    `eol` follows the colon or the dash, `between` stands above a value that begins below its key, `under` stands below
    the entry and deeper than it, `after` stands directly below it and apart from what follows.
    """

    key: Scalar | None
    value: Node
    above: list[str] = field(default_factory=list)
    eol: str = ""
    between: list[str] = field(default_factory=list)
    under: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def keeps_blanks(self) -> bool:
        """Whether a blank line below would become a part of the value (`|+`)."""
        return not self.under and not self.after and self.value.keeps_blanks


@dataclass(slots=True)
class Collection:
    """A mapping or a list. `one_line` tells that it was written in brackets on one line.

    `head` stands above the first entry without belonging to it, `tail` below the last one. `open_eol` follows the
    opening bracket, `eol` the closing one, unless the brackets become lines: then it is the end of the tail.
    """

    is_mapping: bool
    entries: list[Entry] = field(default_factory=list)
    one_line: bool = False
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
    open_eol: str = ""
    eol: str = ""

    @property
    def keeps_blanks(self) -> bool:
        """Whether a blank line below would become a part of its last value."""
        return not self.tail and bool(self.entries) and not self.one_line and self.entries[-1].keeps_blanks


Node: TypeAlias = Scalar | Collection


@dataclass(slots=True)
class Section:
    """What stands between two `---`. `root` is None where there are at most comments.

    `directive` is its `%YAML` line, `prefix` stands before its `---` (in the first section only), `marker_eol` follows
    the `---`, `head` stands above a root that is no block, `tail` below the root.
    """

    root: Node | None
    directive: str = ""
    prefix: list[str] = field(default_factory=list)
    marker_eol: str = ""
    head: list[str] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)
