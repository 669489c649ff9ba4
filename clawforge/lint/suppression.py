"""A finding that is accepted in a comment beside it, for a reason and until a day.

    # clawforge: ignore[rule-id, ...] reason="..." until=2027-01-31

The comment stands at the end of the finding's line, or alone on the line above it. The reason is in double or single
quotes; a backslash before a quote or a backslash makes it part of the text. One word needs no quotes.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.load.comment import Comment
from clawforge.load.problem_list import shown
from clawforge.resource.waiver import end_of
from clawforge.spelling import KnownNames, nearest

FORM = '# clawforge: ignore[rule-id] reason="why" until=2027-01-31'
"""How a suppression is written."""

_INTENT = re.compile(r"clawforge\s*:\s*ignore\b(?P<rest>.*)", re.DOTALL)
_RULES = re.compile(r"\s*\[(?P<rules>[^\]]*)\]")
_NAME = re.compile(r"\s+(?P<name>[A-Za-z][\w-]*)\s*=\s*")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'(?!')""")
_BARE = re.compile(r"[^\s\"']+(?=\s|$)")
_ESCAPED = re.compile(r"\\(.)")
_ATTRIBUTES = ("reason", "until")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Suppression:
    """`line` is the line whose findings it accepts, `ends` the first moment at which it no longer counts."""

    comment: Comment
    line: int
    rules: tuple[str, ...]
    reason: str
    ends: dt.datetime


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A comment that means to be a suppression and is none, and what it lacks in words."""

    comment: Comment
    problem: str


def read_suppressions(remarks: Iterable[Comment], known: KnownNames) -> list[Suppression | Incomplete]:
    """The suppressions among the comments of a project, in order. `known` are the names that rules have."""
    remarks = list(remarks)
    alone = {(remark.file, remark.line) for remark in remarks if remark.alone}
    read = []
    for remark in remarks:
        match = _INTENT.match(remark.text)
        if match is None:
            continue
        line = remark.line
        # Several suppressions may stand above one another: all are for the line below the last.
        while (remark.file, line) in alone:
            line += 1
        read.append(_read(remark, line, match["rest"], known))
    return read


def _read(comment: Comment, line: int, rest: str, known: KnownNames) -> Suppression | Incomplete:
    head = _RULES.match(rest)
    rules = tuple(name.strip() for name in head["rules"].split(",") if name.strip()) if head else ()
    if head is None or not rules:
        return Incomplete(comment, "it names no rule in brackets")
    for name in rules:
        if name not in known:
            return Incomplete(comment, _unknown(name, known))
    values = _attributes(rest[head.end() :])
    if isinstance(values, str):
        return Incomplete(comment, values)
    if not values.get("reason", "").strip():
        return Incomplete(comment, "it gives no reason")
    if "until" not in values:
        return Incomplete(comment, "it does not say until when")
    ends = _end(values["until"])
    if isinstance(ends, str):
        return Incomplete(comment, ends)
    return Suppression(comment, line, rules, values["reason"].strip(), ends)


def _attributes(text: str) -> dict[str, str] | str:
    """The attributes by name, or what is wrong with them in words."""
    values: dict[str, str] = {}
    at = 0
    while match := _NAME.match(text, at):
        name = match["name"]
        if name not in _ATTRIBUTES:
            guess = nearest(name, _ATTRIBUTES)
            return f"{shown(name)} is neither `reason` nor `until`" + (f" (did you mean `{guess}`?)" if guess else "")
        if name in values:
            return f"it has more than one `{name}`"
        at = match.end()
        value = _QUOTED.match(text, at) or _BARE.match(text, at)
        if value is None:
            quoted = text[at : at + 1] in ('"', "'")
            return f"the quote of `{name}` is not closed" if quoted else f"`{name}` has no value that can be read"
        values[name] = _unquoted(value[0])
        at = value.end()
    left = text[at:].strip()
    if left:
        return f"{shown(left)} is not understood; a reason of several words stands in quotes"
    return values


def _unquoted(text: str) -> str:
    if text[0] not in "\"'":
        return text
    inner = text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return _ESCAPED.sub(r"\1", inner)


def _unknown(name: str, known: KnownNames) -> str:
    guess = known.nearest(name)
    return f"there is no rule {shown(name)}" + (f" (did you mean `{guess}`?)" if guess else "")


def _end(text: str) -> dt.datetime | str:
    """The first moment after the day, or what is wrong with it in words."""
    match = _DAY.fullmatch(text)
    if match is None:
        return f"`until` is {shown(text)}, which is not a date such as 2027-01-31"
    year, month, day = map(int, match.groups())
    try:
        return end_of(dt.date(year, month, day))
    except ValueError:
        pass  # Said below in words that name the part that is wrong.
    if not (1 <= month <= 12 and year):
        return f"`until` is `{text}`, which is no day: there is no such {'month' if year else 'year'}"
    last = calendar.monthrange(year, month)[1]
    return f"`until` is `{text}`, which is no day: {calendar.month_name[month]} {year} has {last} days"
