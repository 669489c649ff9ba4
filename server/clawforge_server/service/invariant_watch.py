"""What must hold for everybody, held against those whom a change of data concerns.

A plan proves invariants for everybody who may ever come. What the proof leaves open, because an invariant only warns,
is watched here: a machine enrols, a person signs in with groups, a policy is applied that lets somebody do what they
should not. The check is part of the transaction that changes something: if it fails, nothing is changed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from clawforge.analysis.invariant_subject import SubjectViolation
from clawforge.analysis.wording import violation_words
from clawforge.resolve.subject import Subject
from clawforge.resource.invariant import Invariant, OnViolation
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState, in_quarantine
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import QuarantineRecord

VIOLATION, QUARANTINE = "invariants:violation", "instances:quarantine"
_MOST_NAMED = 20
"""Machines that one record names; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What made somebody look: who did it, when, and where they were."""

    actor: str
    at: dt.datetime
    origin: Origin | None = None


_Violator = tuple[Subject, SubjectViolation]


class Watch:
    """The org before a change of data, and `after` what came of it."""

    def __init__(self, state: OrgState) -> None:
        self.after = state

    def hold(
        self, transaction: Transaction, subjects: Iterable[Subject], occasion: Occasion, *, served: bool = False
    ) -> None:
        """As the function of this name."""
        self.after = hold(transaction, self.after, subjects, occasion, served=served)


@contextmanager
def watching(plane: ControlPlane, state: OrgState) -> Iterator[Watch]:
    """Keep this open around a transaction that calls `Watch.hold`: who was shut in is so for everybody once it ends.

    The transaction must make sure that the state is the present one.
    """
    with plane.states.changing(state.name) if any(map(_shuts_in, state.invariants)) else nullcontext():
        watch = Watch(state)
        yield watch
        if watch.after is not state:
            plane.states.publish(watch.after)


def hold(
    transaction: Transaction, state: OrgState, subjects: Iterable[Subject], occasion: Occasion, *, served: bool = False
) -> OrgState:
    """Record which invariants the subjects violate, and shut in the machines that these say. The state after that.

    `served`: they may have got a lease of the present serial, and what a lease says never changes under one serial.
    Raises InputError for policies that cannot be resolved.
    """
    if not state.invariants:
        return state
    check = state.invariant_check(occasion.at)
    found: dict[str, list[_Violator]] = {}
    for subject in subjects:
        for violation in check.violations(subject):
            found.setdefault(violation.invariant.address, []).append((subject, violation))
    if not found:
        return state
    shut_in = _Warden(transaction, state, occasion).react(found)
    if not shut_in:
        return state
    record = state.record
    if record is None:
        raise LookupError("an org that has invariants was applied")
    if served:
        record = dataclasses.replace(record, serial=record.serial + 1)
        transaction.orgs.update(record)
    return state.with_quarantines(record, in_quarantine(transaction, state.name))


def subjects_of(
    transaction: Transaction, org: str, user: str, now: dt.datetime, claims: tuple[str, ...] = ()
) -> tuple[Subject, ...]:
    """A person on each machine that they use, or by themselves if there is none, with the claims of their sign-on."""
    machines = [item for item in transaction.instances.of_user(org, user) if item.state_at(now) == "active"]
    subjects = [subject_of(item) for item in machines] or [Subject(user=user)]
    return tuple(subject.model_copy(update={"claims": claims}) for subject in subjects)


class _Warden:
    """Writes what follows from violations."""

    def __init__(self, transaction: Transaction, state: OrgState, occasion: Occasion) -> None:
        self._transaction = transaction
        self._state = state
        self._occasion = occasion
        self._kept = {(item.instance, item.invariant): item for item in transaction.quarantines.list(state.name)}

    def react(self, found: Mapping[str, Sequence[_Violator]]) -> bool:
        """Alert people, and shut machines in; whether any was. `found` are the violators by invariant."""
        shut_in: dict[str, list[str]] = {}
        for address, everybody in found.items():
            violators = [one for one in everybody if not self._is_shut_in(one[0], address)]
            if not violators:
                continue
            self._alert(address, violators)
            if _shuts_in(violators[0][1].invariant):
                for subject, violation in violators:
                    if subject.instance is not None and not self._was_released(subject.instance, address):
                        self._put(subject.instance, address, violation)
                        shut_in.setdefault(subject.instance, []).append(address)
        for instance, invariants in sorted(shut_in.items()):
            self._note(instance, invariants)
        return bool(shut_in)

    def _is_shut_in(self, subject: Subject, address: str) -> bool:
        """Whether the machine is shut in for this invariant already."""
        kept = None if subject.instance is None else self._kept.get((subject.instance, address))
        return kept is not None and kept.released_at is None

    def _was_released(self, instance: str, address: str) -> bool:
        """Whether somebody let the machine out who knew of the invariant as it is now."""
        kept = self._kept.get((instance, address))
        return kept is not None and kept.digest == self._state.state.entries[address].digest

    def _put(self, instance: str, address: str, violation: SubjectViolation) -> None:
        digest = self._state.state.entries[address].digest
        record = QuarantineRecord(instance, address, digest, self._occasion.at, _sentence(violation))
        self._transaction.quarantines.put(self._state.name, record)

    def _alert(self, address: str, violators: Sequence[_Violator]) -> None:
        first, shown = violators[0]
        instances = [subject.instance for subject, _ in violators if subject.instance is not None]
        self._append(
            VIOLATION,
            address,
            user=first.user,
            instances=instances[:_MOST_NAMED],
            count=len(violators),
            why=_sentence(shown),
            call=_call(shown),
            reaction=shown.invariant.spec.on_violation.value,
        )

    def _note(self, instance: str, invariants: Sequence[str]) -> None:
        before = {"state": "quarantined" if self._state.is_shut_in(instance) else "active"}
        after = {"state": "quarantined"}
        target = f"instance/{instance}"
        self._append(QUARANTINE, target, before=before, after=after, instance=instance, invariants=list(invariants))

    def _append(self, action: str, target: str, *, before: Any = None, after: Any = None, **detail: Any) -> None:
        occasion, state = self._occasion, self._state
        entry = done(
            occasion.at,
            occasion.actor,
            action,
            origin=occasion.origin,
            revision=state.state.revision,
            target=target,
            before=before,
            after=after,
            **detail,
        )
        self._transaction.audit.append(state.name, entry)


def _shuts_in(invariant: Invariant) -> bool:
    return invariant.spec.on_violation is OnViolation.QUARANTINE


def _call(found: SubjectViolation) -> dict[str, object] | None:
    violation = found.violation
    if violation is None:
        return None
    return {
        "tool": violation.tool,
        "params": dict(violation.example.shown),
        "effect": violation.level.word,
        "agent": violation.subject.agent,
        "context": violation.subject.context,
    }


def _sentence(found: SubjectViolation) -> str:
    if found.violation is None:
        return f"Whether it holds is not known. {found.doubt}"
    return f"{violation_words(found.violation)}."
