"""The HTTP document of `GET .../drift`: what agents enforce, held against what they should."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Strict
from clawforge.wire_rollouts import OpenRollout


class AgentCounts(Strict):
    """Machines whose credential is good, by how they stand. `held` ones enforce what they should, which is the revision
    before: a rollout has not come to them. `excepted` are those that are shut in: they deny every
    call, whatever they hold, so they count nowhere else.
    """

    total: int = 0
    in_force: int = 0
    held: int = 0
    behind: int = 0
    offline: int = 0
    unacknowledged: int = 0
    excepted: int = 0

    @property
    def differing(self) -> int:
        """How many do not enforce what they should."""
        return self.behind + self.offline + self.unacknowledged


class AgentDrift(Strict):
    """One machine that does not enforce what it should. `revision` is that of what it acknowledged, null where the
    server does not remember it, and `since` when it first said so.
    """

    instance: str
    user: str
    state: Literal["behind", "offline", "unacknowledged"]
    wanted: str
    acknowledged: str | None = None
    revision: int | None = None
    since: Instant | None = None
    last_seen: Instant | None = None


class DeclaredException(Strict):
    """Something that was done by hand and holds on purpose: it is no drift, and no apply ends it.

    `quarantine`: an invariant, or somebody, shut a machine in. `suspension`: somebody stopped a user. `kill`: a kill
    switch is on, and `subject` is its scope. `elevation`, `grant`: the policies of `subject` are lifted for a while.
    `skill`: somebody stopped that skill, and the files do not say so yet.
    """

    kind: Literal["quarantine", "suspension", "kill", "elevation", "grant", "skill"]
    subject: str
    at: Instant
    why: str
    by: str | None = None


class FleetDrift(Strict):
    """What the server knows about its agents at a revision. `agents` and `exceptions` are the first ones by name; the
    counts are whole. Somebody whose right covers a part of the org is told of that part. `rollout` is the one that is
    open: machines that it has not come to enforce the revision before, and that is no drift.
    """

    org: str
    revision: int
    commit: str | None = None
    counts: AgentCounts
    agents: tuple[AgentDrift, ...] = ()
    exceptions: tuple[DeclaredException, ...] = ()
    exception_count: int = 0
    rollout: OpenRollout | None = None
