"""How far a revision has come: how many machines enforce it, and who is still to be waited for."""

from __future__ import annotations

from clawforge.resource.meta import Instant, Strict, format_instant
from clawforge.wire_drift import FleetDrift


class Rollout(Strict):
    """The machines whose credential is good, at a revision. `stale` were not heard of for as long as the org says, and
    nobody waits for them; `behind` were, and enforce something else; `waiting` joined and never enforced anything.
    `excepted` are in quarantine: they deny every call, whatever they hold, and are not among the `total`. `held` ones
    enforce the revision before on purpose, for `ring` is as far as the rollout has come; the next one is due at
    `next_at`, None while it is halted."""

    revision: int
    total: int
    enforcing: int
    stale: int = 0
    behind: int = 0
    waiting: int = 0
    excepted: int = 0
    held: int = 0
    ring: str | None = None
    next_at: Instant | None = None

    @classmethod
    def of(cls, drift: FleetDrift) -> Rollout:
        """What the control plane says of its machines."""
        counts, rollout = drift.counts, drift.rollout
        return cls(
            revision=drift.revision,
            total=counts.total - counts.excepted,
            enforcing=counts.in_force,
            stale=counts.offline,
            behind=counts.behind,
            waiting=counts.unacknowledged,
            excepted=counts.excepted,
            held=counts.held,
            ring=None if rollout is None else rollout.ring,
            next_at=None if rollout is None else rollout.next_at,
        )

    @property
    def is_complete(self) -> bool:
        """Whether every machine enforces the revision."""
        return self.enforcing == self.total

    @property
    def is_settled(self) -> bool:
        """Whether there is nobody left that an answer can be expected from before a rollout goes on."""
        return not self.behind and not self.waiting

    @property
    def words(self) -> str:
        """`1,198 of 1,200 enforcing revision 42, 2 stale`."""
        if not self.total:
            return f"No machine is enrolled that could enforce revision {self.revision}"
        kinds = ((self.behind, "behind"), (self.stale, "stale"), (self.waiting, "with nothing yet"))
        rest = "".join(f", {count:,} {word}" for count, word in kinds if count)
        return f"{self.enforcing:,} of {self.total:,} enforcing revision {self.revision}{rest}{self._held_words}"

    @property
    def _held_words(self) -> str:
        if not self.held:
            return ""
        until = "is halted" if self.next_at is None else f"goes on at {format_instant(self.next_at)}"
        return f", {self.held:,} held back by the rollout, which is in ring {self.ring} and {until}"
