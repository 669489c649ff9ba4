"""What is kept of an elevation besides what every overlay has: the JSON document in `OverlayRecord.body`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from clawforge.resource.elevation_policy import ElevationApprovers
from clawforge.resource.meta import Strict
from clawforge.wire_elevations import ElevationApproval
from clawforge_server.store.overlay_port import OverlayRecord

LIFTING = ("elevation", "grant")
"""The kinds of overlays that have such a body."""


class ElevationBody(Strict):
    """What was asked for and on which terms. `tools` and `never` are patterns without groups and aliases. `agent` and
    `context` are those that were named, `agents` those that count. `needed` is how many must approve."""

    user: str
    instance: str
    grant: str
    tools: tuple[str, ...]
    never: tuple[str, ...] = ()
    agent: str | None = None
    agents: tuple[str, ...] = ()
    context: str | None = None
    ttl: int
    needed: int
    approvals: tuple[ElevationApproval, ...] = ()
    met: dict[str, tuple[ElevationApprovers, ...]] = {}
    """By who approved: the terms about approvers that the elevation policies had then, and that they met."""

    def counted(self, approvers: Iterable[ElevationApprovers]) -> tuple[ElevationApproval, ...]:
        """The approvals that count under these terms: of those who met each of them when they approved."""
        wanted = [one for one in approvers if one.roles or one.groups]
        return tuple(item for item in self.approvals if all(one in self.met.get(item.by, ()) for one in wanted))


class Lifting(NamedTuple):
    """An elevation or a temporary grant, read."""

    record: OverlayRecord
    body: ElevationBody


def body_of(record: OverlayRecord) -> ElevationBody:
    """The body of an elevation or a temporary grant."""
    return ElevationBody.model_validate_json(record.body, strict=True)


def scope_of_user(user: str) -> str:
    """The scope of everything that is lifted for a person."""
    return f"user:{user}"
