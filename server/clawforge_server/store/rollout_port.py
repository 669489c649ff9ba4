"""What the server asks of a store about rollouts by rings; a part of `store.port`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from clawforge.resource.rollout_rule import RolloutRule
from clawforge.rings.spike import Calls
from clawforge.wire_rollouts import RolloutState


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """The way of one revision to the machines of an org.

    Machines of rings up to `ring`, counted from 0, are served from `revision`, all others from `held`. `since` is when
    that ring got it, and bakes count from there. `rule` is as the ChangePolicy said when it began. `renamed` leads from
    the names that users have in `held` to their present ones, where these differ.

    `first` is the length of the log at that moment, and `seen` how much of it is counted in `calls` and `denied`, which
    are of the machines of that ring. Those with `before` are of the same machines before, None as long as nobody has
    looked; `failing_before` names those that reported errors. `apart` is how long the log was when the first machine
    got something else than `held`, be it of a revision whose place this one took. `usual` is how long it was when what
    the ring's machines did was still in order: as long as then, unless a person accepted what came later.
    """

    org: str
    revision: int
    held: int
    rule: RolloutRule
    ring: int
    since: dt.datetime
    state: RolloutState
    started_at: dt.datetime
    started_by: str
    apart: int
    usual: int
    first: int
    seen: int
    calls_before: int | None = None
    denied_before: int | None = None
    failing_before: tuple[str, ...] = ()
    calls: int = 0
    denied: int = 0
    reason: str = ""
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether some machines are still served from the held revision."""
        return self.state in ("baking", "halted")

    @property
    def due_at(self) -> dt.datetime | None:
        """When the next ring gets the change; None while a person has to say so first, and at the end."""
        if self.state != "baking":
            return None
        return self.since + dt.timedelta(seconds=self.rule.rings[self.ring].bake)


class Rollouts(Protocol):
    """Rollouts: at most one of an org is open."""

    def open(self, org: str) -> RolloutRecord | None:
        """The one that is under way or halted."""

    def latest(self, org: str) -> RolloutRecord | None:
        """The newest, whether it has ended or not."""

    def put(self, rollout: RolloutRecord) -> None:
        """Keep it, in place of what was kept of its revision."""

    def baking(self) -> tuple[RolloutRecord, ...]:
        """Those of all orgs that go on by themselves, by org."""

    def calls(self, org: str, low: int, high: int) -> Mapping[str, Calls]:
        """The calls that records of the log from one number to another tell of, by actor."""

    def erring(self, org: str, low: int, high: int) -> frozenset[str]:
        """The actors that report errors in records of the log from one number to another; 10,000 at most."""
