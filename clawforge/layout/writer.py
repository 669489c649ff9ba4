"""A layout as text in the one style: two columns of indentation, dashes indented too, brackets only where they fit.

What authors chose stays: quotes, block scalars, brackets on one line, the gap before a comment behind a value, and
whether there is a blank line. Functions take the column at which they write; lists of lines come back indented, but
for what is called `above` or `lead`, which the caller indents, as it may have to go before a dash.
"""

from __future__ import annotations

from clawforge.layout.node import Collection, Entry, Node, Scalar, Section
from clawforge.layout.remark import is_remark

WIDTH = 120
"""Columns that a list or mapping in brackets may fill. A comment behind it is not counted."""

_STEP = 2


def write_layout(sections: list[Section]) -> str:
    """The text of a file; empty if nothing is in it."""
    lines: list[str] = []
    waiting: list[str] = []
    for section in sections:
        marker = [section.marker_eol.strip()] if section.marker_eol else []
        if section.root is None:
            waiting = _joined(waiting, section.prefix, marker, section.head, section.tail)
            continue
        if not lines and not section.directive:
            waiting = _joined(waiting, section.prefix, marker)
        else:
            if not lines:
                lines, waiting = _trimmed(_joined(waiting, section.prefix)), []
            elif section.directive:
                lines.append("...")
            lines += [section.directive] if section.directive else []
            lines.append("---" + section.marker_eol)
        lines += _document(section, waiting)
        waiting = []
    lines += _trimmed(waiting)
    return "\n".join(lines) + "\n" if lines else ""


def _document(section: Section, waiting: list[str]) -> list[str]:
    lead, lines = _root(section)
    tail = _folded(section.tail)
    if section.root is not None and section.root.keeps_blanks:
        tail = _without_first_blanks(tail)
    return [*_trimmed(_joined(waiting, lead), last=False), *lines, *_trimmed(tail, first=False)]


def _root(section: Section) -> tuple[list[str], list[str]]:
    root = section.root
    pinned = isinstance(root, Collection) and any(map(is_remark, (*section.head, root.eol)))
    if isinstance(root, Collection) and not _in_brackets(root, 0, pinned=pinned):
        lead, lines = _collection(root, 0)
        ends = [text.strip() for text in (root.open_eol, root.eol) if text]
        return [*ends, *section.head, *lead], lines
    if isinstance(root, Collection):
        return [*section.head, *_notes(root)], [_inline(root) + root.eol]
    return section.head, [] if root is None else _scalar(root, 0)


# --- entries --------------------------------------------------------------------------------------------------------


def _collection(collection: Collection, column: int, *, pinned: bool = False) -> tuple[list[str], list[str]]:
    """The comments above the first entry, and the lines from it on. `pinned` holds for the first entry."""
    lead: list[str] = []
    lines: list[str] = []
    previous: Entry | None = None
    for entry in collection.entries:
        above, own = _entry(entry, column, pinned=pinned and previous is None)
        if previous is None:
            lead = _joined(collection.head, above)
        else:
            apart = [""] if previous.after else []
            blankless = previous.keeps_blanks
            lines += _indented(_without_first_blanks(above) if blankless else _folded([*apart, *above]), column)
        lines += own
        previous = entry
    tail = collection.tail
    if previous is not None and previous.after:
        tail = ["", *tail]
    elif previous is not None and previous.keeps_blanks:
        tail = _without_first_blanks(tail)
    tail = _trimmed(tail, first=False)
    return _without_first_blanks(lead), [*lines, *_indented(tail, column)]


def _entry(entry: Entry, column: int, *, pinned: bool) -> tuple[list[str], list[str]]:
    """The comments above an entry, and its lines. What is `pinned` stays on its line, as a remark acts on that line."""
    mark = "-" if entry.key is None else entry.key.raw + ":"
    value = entry.value
    above = entry.above
    under = entry.under
    pinned = pinned or any(map(is_remark, (*above, entry.eol, value.eol)))
    if isinstance(value, Collection) and not _in_brackets(value, column + len(mark) + 1, pinned=pinned):
        lead, lines = _block(entry, mark, value, column, pinned=pinned and entry.key is None)
        above = [*above, *lead]
    else:
        lines = _leaf(entry, mark, value, column)
        if isinstance(value, Collection):
            under = [*_notes(value), *under]
    under = _without_first_blanks(under) if value.keeps_blanks else _folded(under)
    return above, [*lines, *_indented(under, column + _STEP), *_indented(_folded(entry.after), column)]


def _block(entry: Entry, mark: str, value: Collection, column: int, *, pinned: bool) -> tuple[list[str], list[str]]:
    """An entry whose value stands below it, or behind its dash. Answers what goes above the dash, and the lines."""
    inner = column + _STEP
    lead, lines = _collection(value, inner, pinned=pinned)
    comments = [text for text in (entry.eol, value.open_eol, value.eol) if text]
    header = comments[0] if comments else ""
    between = [*entry.between, *(text.strip() for text in comments[1:])]
    if entry.key is None and not header and not between:
        return lead, [f"{' ' * column}- {lines[0][inner:]}", *lines[1:]]
    first = " " * column + mark + header
    return [], [first, *_indented(_without_first_blanks([*between, *lead]), inner), *lines]


def _leaf(entry: Entry, mark: str, value: Node, column: int) -> list[str]:
    """An entry whose value is a scalar or stands in brackets."""
    start = " " * column + mark
    lines = _scalar(value, column + _STEP) if isinstance(value, Scalar) else [_inline(value) + value.eol]
    if not lines:
        return [start + entry.eol]
    below = bool(entry.eol or entry.between)
    if isinstance(value, Scalar) and value.own_line and not value.is_block:
        below = below or bool(value.more) or len(start) + 1 + len(value.raw) > WIDTH
    if not below:
        return [f"{start} {lines[0]}", *lines[1:]]
    inner = " " * (column + _STEP)
    return [start + entry.eol, *(inner + text for text in entry.between), inner + lines[0], *lines[1:]]


def _scalar(scalar: Scalar, column: int) -> list[str]:
    """The lines of a scalar, the first one without indentation; none for a value that was left out."""
    if not scalar.raw:
        return []
    deeper = max(column, _STEP)
    if scalar.is_block:
        return [scalar.raw + scalar.eol, *_indented(scalar.more, deeper)]
    first, *more = [scalar.raw, *scalar.more]
    lines = [first, *_indented(more, deeper)]
    lines[-1] += scalar.eol
    return lines


# --- brackets -------------------------------------------------------------------------------------------------------


def _in_brackets(collection: Collection, column: int, *, pinned: bool) -> bool:
    """Whether it is written in brackets from this column on: as its author did, if it fits, or because it is empty."""
    if not collection.entries:
        return True
    return collection.one_line and (pinned or column + len(_inline(collection)) <= WIDTH)


def _inline(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.raw
    if not node.is_mapping:
        return "[" + ", ".join(_inline(entry.value) for entry in node.entries) + "]"
    return "{" + ", ".join(map(_member, node.entries)) + "}"


def _member(entry: Entry) -> str:
    key = entry.key.raw if entry.key else ""
    value = _inline(entry.value)
    return f"{key}: {value}" if value else key


def _notes(collection: Collection) -> list[str]:
    """Comments inside of brackets that stay: there are only such if the brackets are empty."""
    return [*([collection.open_eol.strip()] if collection.open_eol else []), *filter(None, collection.tail)]


# --- blank lines ----------------------------------------------------------------------------------------------------


def _indented(lines: list[str], column: int) -> list[str]:
    return [" " * column + text if text else "" for text in lines]


def _folded(lines: list[str]) -> list[str]:
    """At most one blank line in a row."""
    return [text for number, text in enumerate(lines) if text or not number or lines[number - 1]]


def _without_first_blanks(lines: list[str]) -> list[str]:
    first = next((number for number, text in enumerate(lines) if text), len(lines))
    return _folded(lines[first:])


def _trimmed(lines: list[str], *, first: bool = True, last: bool = True) -> list[str]:
    """Without blank lines at the beginning and at the end."""
    lines = _without_first_blanks(lines) if first else _folded(lines)
    while last and lines and not lines[-1]:
        lines.pop()
    return lines


def _joined(*groups: list[str]) -> list[str]:
    """Groups of comments, a blank line between each two."""
    joined: list[str] = []
    for group in groups:
        joined += [""] if joined and any(group) else []
        joined += group
    return _folded(joined)
