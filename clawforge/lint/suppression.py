"""A finding that is accepted in a comment beside it, for a reason and until a day.

    # clawforge: ignore[rule-id, ...] reason="..." until=2027-01-31

The comment stands at the end of the finding's line, or alone on the line above it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.load.comment import Comment
from clawforge.load.problem_list import shown
from clawforge.resource.waiver import end_of
from clawforge.spelling import KnownNames

FORM = '# clawforge: ignore[rule-id] reason="why" until=2027-01-31'
"""How a suppression is written."""

_INTENT = re.compile(r"clawforge\s*:\s*ignore\b(?P<rest>.*)", re.DOTALL)
_RULES = re.compile(r"\s*\[(?P<rules>[^\]]*)\]")
_ATTRIBUTE = re.compile(r'\s+(?P<name>reason|until)\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')


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
    values: dict[str, str] = {}
    at = head.end()
    while match := _ATTRIBUTE.match(rest, at):
        if match["name"] in values:
            return Incomplete(comment, f"it has more than one `{match['name']}`")
        values[match["name"]] = match["quoted"] if match["quoted"] is not None else match["bare"]
        at = match.end()
    if rest[at:].strip():
        return Incomplete(comment, "what follows the brackets is not understood")
    if not values.get("reason", "").strip():
        return Incomplete(comment, "it gives no reason")
    if "until" not in values:
        return Incomplete(comment, "it does not say until when")
    ends = _end(values["until"])
    if ends is None:
        return Incomplete(comment, "`until` is not a date")
    return Suppression(comment, line, rules, values["reason"].strip(), ends)


def _unknown(name: str, known: KnownNames) -> str:
    guess = known.nearest(name)
    return f"there is no rule {shown(name)}" + (f" (did you mean `{guess}`?)" if guess else "")


def _end(text: str) -> dt.datetime | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return end_of(dt.date.fromisoformat(text))
    except ValueError:
        return None
