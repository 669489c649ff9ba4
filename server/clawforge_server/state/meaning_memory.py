"""What changes mean that were looked at lately: a change is planned for review, and again before it is applied."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.analysis.population import KnownInstance
from clawforge.canonical import digest
from clawforge.meaning import Meaning
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import SuspensionRecord
from clawforge_server.store.skill_records import SkillRevocationRecord

_MOST_CHANGES = 32


@dataclass(frozen=True, slots=True)
class WholeChange:
    """Everything that decides what a change means, apart from the time and from where things are written: both states
    with what was stopped by hand in them, and the machines that are in."""

    org: str
    before: str
    after: str
    suspensions: tuple[SuspensionRecord, ...]
    revocations: tuple[SkillRevocationRecord, ...]
    machines: str

    @classmethod
    def of(cls, state: OrgState, after: str, machines: Iterable[KnownInstance]) -> WholeChange:
        """The change from the state in force to the one with the digest `after`."""
        told = [[item.name, item.user, item.groups, item.tags, item.versions] for item in machines]
        return cls(
            state.name, state.state.digest, after, state.suspensions, state.skill_revocations, digest({"in": told})
        )


class MeaningMemory:
    """Meanings that no passing of time makes others, by change. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[WholeChange, Meaning] = OrderedDict()

    def recall(self, change: WholeChange) -> Meaning | None:
        """What a change was found to mean; None if it was not looked at lately."""
        with self._lock:
            known = self._known.get(change)
            if known is not None:
                self._known.move_to_end(change)
            return known

    def keep(self, change: WholeChange, meaning: Meaning) -> None:
        """Remember a meaning that does not depend on the time."""
        with self._lock:
            self._known[change] = meaning
            while len(self._known) > _MOST_CHANGES:
                self._known.popitem(last=False)
