"""The HTTP documents of `/v1/orgs/{org}/elevations` and `/v1/agent/overlays`: breaking glass (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.elevation_policy import LONGEST_ELEVATION
from clawforge.resource.meta import Instant, Name, Reason, Strict, SubjectName, Text

MOST_REASON = 500

ElevationKind = Literal["elevation", "grant"]
ElevationState = Literal["waiting", "in-force", "ended"]

Ticket = Annotated[Text, StringConstraints(max_length=200)]
ToolName = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^\S+$")]


class ElevationRequest(Strict):
    """What to lift, and why. `grant` is one that an ElevationPolicy offers; of it only these `tools`, through this
    `agent`, in this `context`, for `ttl` seconds; what is left out is as wide as the grant.

    `user` is for somebody else, which makes it a temporary grant that counts as the caller's approval. `instance` can
    be left out by who has one machine only. `confirmation` is the phrase that the grant wants typed.
    """

    grant: Name
    user: SubjectName | None = None
    instance: SubjectName | None = None
    tools: Annotated[tuple[ToolName, ...], Field(max_length=64)] = ()
    agent: SubjectName | None = None
    context: Name | None = None
    ttl: Annotated[int, Field(ge=1, le=LONGEST_ELEVATION)] | None = None
    reason: Annotated[Text, StringConstraints(max_length=MOST_REASON)] = ""
    ticket: Ticket | None = None
    confirmation: Annotated[str, StringConstraints(max_length=256)] | None = None


class AgentElevationRequest(Strict):
    """As `ElevationRequest`, for the person and the machine of the credential."""

    grant: Name
    tools: Annotated[tuple[ToolName, ...], Field(max_length=64)] = ()
    agent: SubjectName | None = None
    context: Name | None = None
    ttl: Annotated[int, Field(ge=1, le=LONGEST_ELEVATION)] | None = None
    reason: Annotated[Text, StringConstraints(max_length=MOST_REASON)] = ""
    ticket: Ticket | None = None
    confirmation: Annotated[str, StringConstraints(max_length=256)] | None = None


class ElevationJudgement(Strict):
    """Why an elevation is approved or denied."""

    reason: Annotated[Reason, StringConstraints(max_length=MOST_REASON)] | None = None


class ElevationApproval(Strict):
    """Somebody else who agreed."""

    by: str
    at: Instant
    reason: str | None = None


class ElevationView(Strict):
    """An elevation that was asked for, or a temporary grant that was given: it waits for approvals, is in force, or
    ended. `tools` without `never` are lifted between `startsAt` and `until`; agents end it by themselves.
    """

    id: str
    kind: ElevationKind
    state: ElevationState
    user: str
    instance: str
    grant: str
    tools: tuple[str, ...]
    never: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    context: str | None = None
    ttl: int
    reason: str
    ticket: str | None = None
    needed: int
    approvals: tuple[ElevationApproval, ...] = ()
    created_at: Instant
    created_by: str
    starts_at: Instant | None = None
    until: Instant | None = None
    ended_at: Instant | None = None
    ended_by: str | None = None
    end_reason: str | None = None


class ElevationList(Strict):
    """What waits or is in force, oldest first, and then, if it was asked for, what ended, newest first."""

    elevations: tuple[ElevationView, ...]
