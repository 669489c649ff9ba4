"""A tool call as it was recorded, and what may be wrong with a line that should hold one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from clawforge.resource.policy_test import Effect


class RecordedCall(NamedTuple):
    """One call. `params` is None where the record does not hold them as they were: left out, or redacted. `groups` and
    `tags` are those given at enrolment, None where the record does not say; `recorded` is what was decided then.

    A tuple, because a replay makes a million of them and a frozen dataclass takes four times as long.
    """

    line: int
    user: str
    tool: str
    params: dict[str, Any] | None
    at: dt.datetime
    instance: str | None = None
    agent: str | None = None
    context: str | None = None
    groups: tuple[str, ...] | None = None
    tags: tuple[tuple[str, str], ...] | None = None
    recorded: Effect | None = None


class Fault(StrEnum):
    """Why a line is not replayed."""

    BROKEN = "broken-line"
    NOT_UTF8 = "not-utf-8"
    TOO_LONG = "line-too-long"
    TOO_DEEP = "nested-too-deeply"
    DUPLICATE_KEY = "duplicate-key"
    NOT_AN_OBJECT = "not-an-object"
    OTHER_RECORD = "not-a-call"
    PURGED = "content-purged"
    OTHER_ORG = "other-org"
    NO_USER = "missing-user"
    NO_TOOL = "missing-tool"
    NO_TIME = "missing-time"
    BAD_FIELD = "unusable-field"
    BAD_TIME = "unusable-time"
    FUTURE = "future-time"


class Doubt(StrEnum):
    """Why a call that is replayed may have been another one on its machine."""

    UNKNOWN_TOOL = "unknown-tool"
    UNKNOWN_ENROLMENT = "unknown-enrolment"


MEANINGS: Mapping[Fault | Doubt, str] = MappingProxyType(
    {
        Fault.BROKEN: "is no JSON",
        Fault.NOT_UTF8: "is not UTF-8",
        Fault.TOO_LONG: "is longer than 1 MiB",
        Fault.TOO_DEEP: "is nested too deeply to be read",
        Fault.DUPLICATE_KEY: "names a key twice",
        Fault.NOT_AN_OBJECT: "is JSON, but no object",
        Fault.OTHER_RECORD: "is a record of something else than a call",
        Fault.PURGED: "is a record whose content was purged",
        Fault.OTHER_ORG: "belongs to another org",
        Fault.NO_USER: "does not say who called",
        Fault.NO_TOOL: "does not say which tool was called",
        Fault.NO_TIME: "does not say when",
        Fault.BAD_FIELD: "has a field of the wrong type or length",
        Fault.BAD_TIME: "has a time that is none, that has no zone, or that lies before 1970",
        Fault.FUTURE: "lies in the future, or later than the server wrote it down",
        Doubt.UNKNOWN_TOOL: "calls a tool that the catalogue does not know",
        Doubt.UNKNOWN_ENROLMENT: "is of an instance whose groups and tags are not known here",
    }
)
"""What is wrong with such a line, as the end of a sentence that begins with it."""


class Misread(NamedTuple):
    """A line that holds no call that could be replayed."""

    line: int
    fault: Fault
