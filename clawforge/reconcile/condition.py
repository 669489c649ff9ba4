"""Conditions: what a reconciler says of its cycle, each with a reason for programs and a message for people."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from clawforge.resource.meta import Instant, Strict, Text

MOST_MESSAGE = 2_000
"""Characters of a condition's message."""


class ConditionType(StrEnum):
    """The steps of a cycle in their order, `Ready` for all of them, and `Stalled` for what a person must act on."""

    READY = "Ready"
    FETCHED = "Fetched"
    VERIFIED = "Verified"
    PLANNED = "Planned"
    APPLIED = "Applied"
    FLEET_IN_SYNC = "FleetInSync"
    STALLED = "Stalled"


ConditionStatus = Literal["true", "false", "unknown"]
ConditionReason = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
"""One CamelCase word that programs compare: `Succeeded`, `CommitNotSigned`."""


class Condition(Strict):
    """How one step stands. `since` is when the status last became another one; a new message alone leaves it."""

    type: ConditionType
    status: ConditionStatus
    reason: ConditionReason
    message: Annotated[Text, StringConstraints(max_length=MOST_MESSAGE)] = ""
    since: Instant


def condition_of(conditions: Iterable[Condition], wanted: ConditionType) -> Condition | None:
    """The condition of a type, if it is among them."""
    return next((item for item in conditions if item.type is wanted), None)


def is_same_news(left: Iterable[Condition], right: Iterable[Condition]) -> bool:
    """Whether two sets of conditions tell the same, whenever they began."""
    return _news(left) == _news(right)


def _news(conditions: Iterable[Condition]) -> dict[ConditionType, tuple[str, str, str]]:
    return {item.type: (item.status, item.reason, item.message) for item in conditions}
