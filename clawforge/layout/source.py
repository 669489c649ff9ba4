"""A YAML text, accepted by the strict composer, with the events of libyaml and the places of its scalars."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, TypeAlias

from clawforge.layout.block_text import read_block_text
from clawforge.layout.trivia import Span, Trivia, find_trivia
from clawforge.load.yaml import event_parser

_Event: TypeAlias = Any


class Source:
    """A text whose lines end with line feeds. `starts` are the offsets of `lines`, `spans` the scalars by offset."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines[:-1])]
        self.events = list(_events(text))
        self.spans: dict[int, Span] = {}
        self._measure_scalars()

    def trivia(self) -> Trivia:
        """Its comments and blank lines, for the caller to use up."""
        return find_trivia(self.text, self.starts, self.spans.values())

    def offset(self, mark: Any) -> int:
        """An offset into the text; libyaml counts a line more than there is behind a last line without an end."""
        return self.starts[mark.line] + int(mark.column) if mark.line < len(self.starts) else len(self.text)

    def line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return bisect_right(self.starts, offset)

    def _measure_scalars(self) -> None:
        from yaml import events

        columns = [0]
        for event in self.events:
            start: Any = event.start_mark
            if isinstance(event, events.CollectionStartEvent):
                columns.append(columns[-1] if event.flow_style else start.column)
            elif isinstance(event, events.CollectionEndEvent):
                columns.pop()
            elif isinstance(event, events.ScalarEvent) and not left_out(event):
                span = self._block_span(event, columns[-1]) if event.style in {"|", ">"} else self._flat_span(event)
                self.spans[self.offset(start)] = span

    def _flat_span(self, event: _Event) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.offset(start), self.offset(end), start.line, end.line)

    def _block_span(self, event: _Event, parent: int) -> Span:
        start, end = event.start_mark, event.end_mark
        lines = self.lines[start.line + 1 : end.line + (1 if end.column else 0)]
        block = read_block_text(self.lines[start.line][start.column :], lines, parent, event.value)
        last = start.line + len(block.lines)
        first_offset = self.starts[start.line + 1] if start.line + 1 < len(self.starts) else len(self.text)
        end_offset = self.starts[last] + len(self.lines[last]) if block.lines else first_offset
        return Span(first_offset, end_offset, start.line, last, block)


def left_out(event: _Event) -> bool:
    """Whether it is the scalar that stands for a value which was not written."""
    return getattr(event, "value", None) == "" and not event.style


def _events(text: str) -> Iterator[_Event]:
    next_event = event_parser(text).get_event
    while (event := next_event()) is not None:
        yield event
