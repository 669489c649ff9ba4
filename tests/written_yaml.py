"""Resources as people might have typed them: any order, any layout, and a comment wherever one may stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from hypothesis import strategies as st
from strategies import orgs

from clawforge.load.pointer import escape
from clawforge.load.scalar import resolve_plain
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_@./-]*(?: [A-Za-z0-9_@./-]+)*")
_TAILS = ("", ": - [x", "\tafter a tab", " # again", " é 'quoted", " |", " 日本 🦀", "]", ' "')


@dataclass(frozen=True)
class Note:
    """Where a comment was written: `above` or `at` the member or item of the pointer, `below` it, or at the `tail` of a
    collection.

    A `heading` stands apart from what is around it, above the keys of its `group`. A `loose` one has no owner: it
    stands above the whole document, or where only its text must stay.
    """

    text: str
    place: str
    document: int
    pointer: str
    group: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Headings:
    """Members of one mapping in the order of writing: pointer, whether a blank line stands above it, its headings."""

    members: list[tuple[str, bool, list[int]]] = field(default_factory=list)

    def groups(self) -> Iterator[tuple[int, frozenset[str]]]:
        """For each heading its number among the notes, and the members that a reader takes it to speak of."""
        headed = [number for number, (_, _, notes) in enumerate(self.members) if notes]
        for number in headed:
            group = [self.members[number][0]]
            for later, (pointer, apart, _) in enumerate(self.members[number + 1 :], number + 1):
                if later in headed or (apart and len(headed) == 1):
                    break
                group.append(pointer)
            for note in self.members[number][2]:
                yield note, frozenset(group)


@dataclass
class Writing:
    """One file being typed."""

    random: Random
    notes: list[Note] = field(default_factory=list)
    document: int = 0

    def text(self, values: list[Any]) -> str:
        """The file with these documents."""
        lines: list[str] = []
        for number, value in enumerate(values):
            self.document = number
            if number or self.chance(0.2):
                lines += self.loose(0) if number else []
                lines += ["..."] if number and self.chance(0.2) else []
                lines.append("---" + self.eol("loose", ""))
            lines += self.mapping(value, 0, "")
        lines += self.loose(0)
        return "\n".join(lines) + "\n" * self.random.choice((0, 1, 1, 3))

    def chance(self, share: float = 0.3) -> bool:
        return self.random.random() < share

    def note(self, place: str, pointer: str) -> str:
        text = f"# note {len(self.notes)};{self.random.choice(_TAILS)}"
        self.notes.append(Note(text, place, self.document, pointer))
        return text

    def eol(self, place: str, pointer: str, *, tab: str = "\t") -> str:
        if not self.chance():
            return ""
        return self.random.choice((" ", "  ", "     ", tab)) + self.note(place, pointer)

    def own(self, place: str, pointer: str, column: int) -> list[str]:
        return [" " * column + self.note(place, pointer) for _ in range(self.random.choice((0, 0, 0, 1, 2)))]

    def blanks(self) -> list[str]:
        return [self.random.choice(("", "", " ")) for _ in range(self.random.choice((0, 0, 0, 1, 3)))]

    def loose(self, column: int) -> list[str]:
        found = self.own("loose", "", column)
        return [*self.blanks(), *found, ""] if found else []

    def mapping(self, value: dict[str, Any], column: int, pointer: str) -> list[str]:
        keys = list(value)
        self.random.shuffle(keys)
        lines: list[str] = []
        headings = _Headings()
        for key in keys:
            inner = f"{pointer}/{escape(key)}"
            known = len(self.notes)
            start = len(lines)
            lines += self.loose(column)
            loose = range(known, len(self.notes))
            if lines[start:] and start and lines[start - 1].strip() and lines[start].strip():
                before = headings.members[-1][0]
                self.notes[known:] = [replace(note, place="below", pointer=before) for note in self.notes[known:]]
                loose = range(0)
            lines += self.blanks()
            first_of_all = not pointer and key == keys[0]
            lines += self.own("loose" if first_of_all else "above", inner, column)
            apart = any(not line.strip() for line in (*lines[start:], *lines[start - 1 : start]))
            headings.members.append((inner, apart, [] if first_of_all else list(loose)))
            lines += self.entry(self.key(key) + ":", value[key], column, inner)
        for number, group in headings.groups():
            self.notes[number] = replace(self.notes[number], place="heading", group=group)
        return lines + (self.own("tail", pointer, column) if column else [])

    def sequence(self, value: list[Any], column: int, pointer: str, *, tail: bool) -> list[str]:
        lines: list[str] = []
        for index, item in enumerate(value):
            inner = f"{pointer}/{index}"
            lines += [*self.blanks(), *self.own("above", inner, column)]
            lines += self.entry("-", item, column, inner)
        return lines + (self.own("tail", pointer, column) if tail else [])

    def entry(self, mark: str, value: Any, column: int, pointer: str) -> list[str]:
        start = " " * column + mark
        if not isinstance(value, dict | list):
            return self.scalar(start, value, column, pointer)
        if not value or self.chance(0.25):
            return [f"{start} {self.flow(value)}" + self.eol("at", pointer)]
        if self.chance(0.2):
            return self.brackets(start, value, column, pointer)
        deeper = column + self.random.choice((1, 2, 2, 4))
        if isinstance(value, list):
            indentless = mark != "-" and self.chance(0.4)
            lines = self.sequence(value, column if indentless else deeper, pointer, tail=not indentless)
        else:
            lines = self.mapping(value, deeper, pointer)
        first = lines[0].strip()
        if mark == "-" and deeper > column + 1 and first and not first.startswith("#") and self.chance(0.8):
            return [start + lines[0][column + 1 :], *lines[1:]]
        return [start + self.eol("at", pointer, tab=" " if mark == "-" else "\t"), *lines]

    def brackets(self, start: str, value: dict[str, Any] | list[Any], column: int, pointer: str) -> list[str]:
        """A list or a mapping in brackets over several lines."""
        inner = " " * (column + 2)
        is_mapping = isinstance(value, dict)
        members = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        self.random.shuffle(members) if is_mapping else None
        lines = [f"{start} {'{' if is_mapping else '['}" + self.eol("at", pointer)]
        for place, member in members:
            below = f"{pointer}/{escape(str(place))}"
            lines += [*self.blanks(), *self.own("above", below, column + 2)]
            mark = self.flow(place) + ": " if is_mapping else ""
            lines.append(f"{inner}{mark}{self.flow(member)}," + self.eol("at", below))
        lines += [*self.blanks(), *self.own("tail", pointer, column + 2)]
        return [*lines, f"{inner}{'}' if is_mapping else ']'}" + self.eol("tail", pointer)]

    def scalar(self, start: str, value: Any, column: int, pointer: str) -> list[str]:
        inner = " " * (column + self.random.choice((1, 2, 5)))
        if isinstance(value, str) and value and value.strip() == value and "\n" not in value and self.chance(0.15):
            header = self.random.choice(("|-", ">-", ">-"))
            words = value.split(" ") if header == ">-" and "  " not in value else [value]
            text = [inner + word for word in words]
            return [f"{start} {header}" + self.eol("at", pointer), *text, *([""] if self.chance() else [])]
        below = [" " * (column + 1) + self.note("below", pointer)] if self.chance(0.1) else []
        if self.chance(0.1):
            header = start + self.eol("at", pointer, tab=" ")
            return [header, f"{inner}{self.flow(value)}" + self.eol("loose", pointer), *below]
        gap = self.random.choice((" ", " ", "   ", " " if start.endswith("-") else "\t"))
        line = start + gap + self.flow(value) + self.eol("at", pointer)
        return [line, *below]

    def key(self, key: str) -> str:
        return self.flow(key)

    def flow(self, value: Any) -> str:
        comma, colon = self.random.choice(((", ", ": "), (" ,", ":  ")))
        if isinstance(value, dict):
            keys = list(value)
            self.random.shuffle(keys)
            return "{" + comma.join(self.flow(key) + colon + self.flow(value[key]) for key in keys) + "}"
        if isinstance(value, list):
            return self.random.choice(("[%s]", "[ %s ]")) % comma.join(map(self.flow, value))
        if not isinstance(value, str):
            return json.dumps(value)
        if _PLAIN.fullmatch(value) and resolve_plain(value) == value and self.chance(0.8):
            return value
        return "'" + value.replace("'", "''") + "'" if self.chance(0.5) else json.dumps(value)


@dataclass(frozen=True)
class Written:
    """A file, what it says, and its comments."""

    text: str
    resources: tuple[Resource, ...]
    notes: tuple[Note, ...]


@st.composite
def written_files(draw: st.DrawFn) -> Written:
    """A file of one to three resources, full of comments."""
    resources = draw(orgs(count=2).filter(bool))[:3]
    writing = Writing(Random(draw(st.integers(0, 2**32))))
    text = writing.text([canonical_resource(resource) for resource in resources])
    return Written(text, tuple(resources), tuple(writing.notes))
