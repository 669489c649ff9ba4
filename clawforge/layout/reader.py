"""YAML text to its layout, for text that the strict composer has accepted.

The events of libyaml say where values start and end; comments and blank lines are found in the text between them and
given to the entry that they speak of, as a reader would: by their indentation, and by the blank lines around them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import takewhile
from typing import Any, TypeAlias

from clawforge.layout.node import Collection, Entry, Node, Scalar, Section
from clawforge.layout.source import Source, left_out
from clawforge.layout.trivia import OwnLine

_Event: TypeAlias = Any

_SPACE = re.compile(r"[ \t]*")
_AFTER_VALUE = re.compile(r"[ \t\n,]*")
_AFTER_KEY = re.compile(r"[ \t\n:,]*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*")
_TO_DASH = re.compile(r"(?:[ \t\n:]+|#[^\n]*)*")
_COMMENTED_ITEM = re.compile(r"#+ ?-(?: |$)")


class UnplacedCommentError(Exception):
    """A comment stands where the layout has no place for it. `line` is 1-based."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class LongKeyError(Exception):
    """A key is written over several lines. `line` is 1-based."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read_layout(text: str) -> list[Section]:
    """The sections of a text, whose lines end with line feeds.

    Raises UnplacedCommentError and LongKeyError for layouts that are not understood.
    """
    return _Reader(text).read()


class _Reader:
    """Walks through the events once; `_at` is the offset behind what was read, `_line` the line that it is on."""

    def __init__(self, text: str) -> None:
        self._source = source = Source(text)
        self._text = text
        self._lines = source.lines
        self._starts = source.starts
        self._offset = source.offset
        self._events = source.events
        trivia = source.trivia()
        self._own = trivia.own_lines
        self._eols = trivia.eols
        self._next = 0
        self._at = 0
        self._line = -1

    def _take(self) -> _Event:
        event = self._events[self._next]
        self._next += 1
        return event

    def _above(self, before: int) -> list[str]:
        """The own lines up to an offset that nobody has taken."""
        taken = []
        while self._own and self._own[0].offset < before:
            taken.append(self._own.popleft().text)
        return taken

    def _below(self, least: int, *, items_only: bool = False) -> list[str]:
        """The own lines directly below what was read, as far as their comments stand at this column or deeper."""
        run = self._run()
        count = 0
        for number, line in enumerate(run):
            if line.text:
                if line.col < least or (items_only and not _COMMENTED_ITEM.match(line.text)):
                    break
                count = number + 1
        return [self._own.popleft().text for _ in range(count)]

    def _run(self) -> list[OwnLine]:
        first = self._own[0].after if self._own else -1
        if not self._own or first > self._line:
            return []
        run = []
        for line in self._own:
            if line.after != first:
                break
            run.append(line)
        return run

    def _eol(self, between: re.Pattern[str]) -> str:
        """The comment that follows what was read, if only this stands between them."""
        match = between.match(self._text, self._at)
        return self._eols.pop(match.end(), "") if match else ""

    def read(self) -> list[Section]:
        """Every section of the file."""
        from yaml import events

        sections: list[Section] = []
        for number, event in enumerate(self._events):
            if isinstance(event, events.DocumentStartEvent):
                self._next = number + 1
                sections.append(self._section(event, first=not sections))
        if not sections:
            sections.append(Section(None, prefix=self._above(len(self._text) + 1)))
        return sections

    def _section(self, event: _Event, *, first: bool) -> Section:
        section = Section(None)
        if first:
            section.prefix = self._above(self._offset(event.start_mark)) if event.explicit else []
        if event.version is not None:
            section.directive = self._directive(event)
        if event.explicit:
            self._at, self._line = self._offset(event.end_mark), event.end_mark.line
            section.marker_eol = self._eol(_SPACE)
        root = self._take()
        if not left_out(root):
            if not _is_block_collection(root):
                section.head = self._above(self._offset(root.start_mark))
            section.root = self._node(root, parent=-1)
        self._finish(section)
        return section

    def _directive(self, event: _Event) -> str:
        for line in range(event.start_mark.line, event.end_mark.line):
            if self._lines[line].startswith("%"):
                end = self._starts[line] + len(self._lines[line])
                for offset in [at for at in self._eols if self._starts[line] <= at < end]:
                    del self._eols[offset]
                return self._lines[line].rstrip()
        return ""

    def _finish(self, section: Section) -> None:
        """Give what is left before the next document to this one."""
        from yaml import events

        following = self._events[self._next + 1] if self._next + 1 < len(self._events) else None
        more = isinstance(following, events.DocumentStartEvent)
        end = self._offset(following.start_mark) if more and following else len(self._text) + 1
        for offset in list(takewhile(lambda at: at < end, self._eols)):
            if offset < self._at:
                raise UnplacedCommentError(bisect_right(self._starts, offset))
            section.tail.append(self._eols.pop(offset).strip())
        section.tail += self._above(end)

    def _node(self, event: _Event, parent: int) -> Node:
        """`parent` is the column of the key whose value this is, or -1."""
        from yaml import events

        if isinstance(event, events.ScalarEvent):
            return self._scalar(event)
        if event.flow_style:
            return self._flow(event)
        return self._mapping(event) if isinstance(event, events.MappingStartEvent) else self._sequence(event, parent)

    def _scalar(self, event: _Event) -> Scalar:
        start = self._offset(event.start_mark)
        span = self._source.spans[start]
        own_line = event.start_mark.line > self._line
        if span.block is not None:
            block = span.block
            self._at = start
            eol = self._eol(_BLOCK_HEADER)
            self._at, self._line = span.end, span.last_line
            return Scalar(block.header, event.value, list(block.lines), True, block.keeps_blanks, own_line, eol)
        self._at, self._line = span.end, span.last_line
        raw, *more = self._text[span.start : span.end].split("\n")
        if more:
            keep_escape = event.style == '"'
            raw, *more = [_stripped(part, keep_escape=keep_escape) for part in (raw, *more)]
        return Scalar(raw, event.value, more, own_line=own_line, eol=self._eol(_AFTER_VALUE))

    def _key(self, event: _Event) -> Scalar:
        span = self._source.spans[self._offset(event.start_mark)]
        if span.block is not None or span.first_line != span.last_line:
            raise LongKeyError(span.first_line + 1)
        self._at, self._line = span.end, span.last_line
        return Scalar(self._text[span.start : span.end], event.value)

    def _value(self, entry: Entry, event: _Event, parent: int = -1) -> None:
        if left_out(event):
            return
        if not _is_block_collection(event):
            entry.between = [text for text in self._above(self._offset(event.start_mark)) if text]
        entry.value = self._node(event, parent)

    def _mapping(self, event: _Event) -> Collection:
        column = event.start_mark.column
        mapping = Collection(is_mapping=True)
        while not _ends(key := self._take()):
            above = self._above(self._offset(key.start_mark))
            entry = Entry(self._key(key), Scalar(""), above, self._eol(_AFTER_KEY))
            mapping.entries.append(entry)
            self._value(entry, self._take(), column)
            self._comments_under(entry, column)
        mapping.tail = self._below(column) if column else []
        return mapping

    def _sequence(self, event: _Event, parent: int) -> Collection:
        column = event.start_mark.column
        sequence = Collection(is_mapping=False)
        while not _ends(item := self._take()):
            match = _TO_DASH.match(self._text, self._at)
            dash = match.end() if match else self._at
            above = self._above(dash)
            self._at, self._line = dash + 1, bisect_right(self._starts, dash) - 1
            entry = Entry(None, Scalar(""), above, self._eol(_SPACE))
            sequence.entries.append(entry)
            self._value(entry, item)
            self._comments_under(entry, column)
        sequence.tail = self._below(column, items_only=column == max(parent, 0))
        return sequence

    def _comments_under(self, entry: Entry, column: int) -> None:
        """Two columns deeper, a comment below a block scalar would become a part of it: it goes after the entry."""
        under = self._below(column + 1)
        if isinstance(entry.value, Scalar) and entry.value.is_block:
            entry.after = under
        else:
            entry.under = under

    def _flow(self, event: _Event) -> Collection:
        from yaml import events

        is_mapping = isinstance(event, events.MappingStartEvent)
        flow = Collection(is_mapping)
        opened = event.start_mark.line
        self._at, self._line = self._offset(event.end_mark), event.end_mark.line
        flow.open_eol = self._eol(_SPACE)
        while not _ends(item := self._take()):
            entry = Entry(None, Scalar(""), self._above(self._offset(item.start_mark)))
            if is_mapping:
                entry.key = self._key(item)
                entry.eol = self._eol(_AFTER_KEY)
                item = self._take()
            flow.entries.append(entry)
            self._value(entry, item)
        flow.tail = self._above(self._offset(item.end_mark))
        self._at, self._line = self._offset(item.end_mark), item.end_mark.line
        flow.one_line = opened == self._line
        flow.eol = self._eol(_AFTER_VALUE)
        if flow.eol and flow.entries and not flow.one_line:
            # It becomes lines: what stood behind the last of them stands below the last of them.
            flow.tail.append(flow.eol.strip())
            flow.eol = ""
        return flow


def _ends(event: _Event) -> bool:
    from yaml import events

    return isinstance(event, events.CollectionEndEvent)


def _is_block_collection(event: _Event) -> bool:
    from yaml import events

    return isinstance(event, events.CollectionStartEvent) and not event.flow_style


def _stripped(part: str, *, keep_escape: bool) -> str:
    """A line of a scalar without the blanks that mean nothing; a blank behind a backslash is escaped, and meant."""
    text = part.strip(" \t")
    escapes = len(text) - len(text.rstrip("\\"))
    if keep_escape and escapes % 2 and not part.endswith("\\"):
        text += part[part.rindex("\\") + 1]
    return text
