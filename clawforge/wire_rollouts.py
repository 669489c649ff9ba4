"""The HTTP documents of `/v1/orgs/{org}/rollout`: how far a revision has come, ring by ring."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Reason, Strict

RolloutState = Literal["baking", "halted", "done", "replaced"]
"""`baking` goes on by itself, `halted` waits for a person; `replaced` was overtaken by a newer revision, or by an apply
that reached everybody at once."""
RolloutAction = Literal["advance", "finish", "halt", "resume"]


class OpenRollout(Strict):
    """The rollout that is open, in short. Machines that it has not reached are on purpose at the revision `held`. It
    has come to `ring`, and `next_at` is when the next one gets it by itself; null while it is halted."""

    revision: int
    held: int
    state: Literal["baking", "halted"]
    ring: str
    next_at: Instant | None = None
    reason: str = ""


class RingView(Strict):
    """One ring, and how many of the machines that are in are in it. `reached`: they are served from the new revision.
    The last one has no name: whoever is in no other, and `bake` seconds do not apply to it."""

    name: str | None = None
    bake: int | None = None
    machines: int
    reached: bool


class RolloutView(Strict):
    """The way of `revision` to the machines. Those that it has not reached are served from `held`.

    `next_at` is when the next ring gets it by itself. `calls` and `denied` are what the machines of the present ring
    reported since they got it, `calls_before` and `denied_before` what they did before, as far as it was looked at;
    null before anybody looked. `reason` is why it is halted, or was carried on by hand.
    """

    revision: int
    held: int
    state: RolloutState
    ring: str | None = None
    since: Instant
    next_at: Instant | None = None
    rings: tuple[RingView, ...]
    calls: int = 0
    denied: int = 0
    calls_before: int | None = None
    denied_before: int | None = None
    reason: str = ""
    started_at: Instant
    started_by: str
    ended_at: Instant | None = None
    ended_by: str | None = None


class RolloutAnswer(Strict):
    """The newest rollout of the org, open or not; null if there never was one."""

    org: str
    revision: int
    rollout: RolloutView | None = None


class RolloutOrder(Strict):
    """What a person does about the open rollout of a revision, and why.

    `advance`: the next ring gets it now. `finish`: everybody does. `halt`: no further ring gets it until somebody says
    `resume`: what was seen until then is accepted, and the present ring bakes anew.
    """

    action: RolloutAction
    revision: int
    reason: Reason
