"""What the server asks of a store about rollouts by rings; a part of `store.port`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from clawforge.resource.rollout_rule import RolloutRule

RolloutState = Literal["baking", "halted", "done", "replaced"]
"""`baking` goes on by itself, `halted` waits for a person; `replaced` was overtaken by a newer revision."""


@dataclass(frozen=True, slots=True)
class RolloutRecord:
    """The way of one revision to the machines of an org.

    Machines of rings up to `ring`, counted from 0, are served from `revision`, all others from `held`. `since` is when
    that ring got it, and bakes count from there. `rule` is as the ChangePolicy said when it began. `seen` is the number
    of the last record of the log that is counted in `calls` and `denied`; the two before that are of the same machines
    before, None as long as nobody has looked. `failing_before` names the machines that failed before.
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

    def baking(self) -> tuple[str, ...]:
        """The orgs whose rollout goes on by itself, by name."""
