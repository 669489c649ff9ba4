"""The HTTP documents of `/v1/orgs/{org}/overlays`: what is done by hand, beside the files (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Instant, Reason, Strict, Text

LONGEST_KILL = 366 * 86_400
"""Seconds. What has to hold for longer belongs into the files."""
MOST_REASON = 500
MOST_MESSAGE = 200
"""Characters: both travel in every lease of every agent."""

StopKind = Literal["kill", "quarantine"]
"""A quarantine is a kill switch for one machine that `fleet release` ends, and nobody for their own."""
OverlayKind = Literal["kill", "quarantine", "elevation", "grant", "skill"]
"""`skill`: a skill that was revoked by hand, which `skill lift` ends, or an apply that says the same."""
OverlayState = Literal["waiting", "on", "ended"]

KillReason = Annotated[Reason, StringConstraints(max_length=MOST_REASON)]
Message = Annotated[Text, StringConstraints(max_length=MOST_MESSAGE)]


class OverlayRequest(Strict):
    """A kill switch to turn on, or an `instance:NAME` to put into quarantine. `message` is what people are told whose
    calls are denied; left out, the reason is.

    `ttl` seconds after now it ends by itself; left out, it stays on until it is turned off. While a kill switch is on
    the log is reminded of it every `remindEvery` seconds.
    """

    kind: StopKind = "kill"
    scope: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    reason: KillReason
    message: Message = ""
    ticket: Annotated[Text, StringConstraints(max_length=200)] | None = None
    ttl: Annotated[int, Field(ge=1, le=LONGEST_KILL)] | None = None
    remind_every: Annotated[int, Field(ge=60, le=7 * 86_400)] = 3_600


class OverlayEnding(Strict):
    """Why an overlay is ended by hand."""

    reason: KillReason


class OverlayView(Strict):
    """Something done by hand: on, waiting for approvals, or ended by somebody, by `server` when its time was over."""

    id: str
    kind: OverlayKind
    scope: str
    state: OverlayState
    reason: str
    message: str = ""
    ticket: str | None = None
    created_at: Instant
    created_by: str
    expires_at: Instant | None = None
    remind_every: int | None = None
    ended_at: Instant | None = None
    ended_by: str | None = None
    end_reason: str | None = None


class OverlayAnswer(Strict):
    """What is on now. `was_on`: it was before, and now has this reason. `warnings` are for whoever asked."""

    overlay: OverlayView
    was_on: bool = False
    warnings: tuple[str, ...] = ()


class OverlayList(Strict):
    """What is on, oldest first, and then, if it was asked for, what ended, newest first."""

    overlays: tuple[OverlayView, ...]
