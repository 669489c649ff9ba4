"""Making a plan: the same function for the server, which decides, and for a client that looks ahead offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clawforge.diff import field_changes
from clawforge.errors import ConflictError
from clawforge.meaning import NO_MEANING, Meaning
from clawforge.plan import Action, Base, Change, Check, Plan, PlanLocation, PlanWarning, Summary
from clawforge.position import Positions, ResourcePosition
from clawforge.state import State, StateEntry, change_digest, state_digest


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one source wants its part of the state to be."""

    org: str
    source: str
    entries: Mapping[str, StateEntry]
    positions: Positions
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """The plan, and what carrying it out would write."""

    plan: Plan
    upserts: Mapping[str, StateEntry]
    deletes: tuple[str, ...]


class OwnedElsewhereError(ConflictError):
    """The proposal holds resources that another source owns."""

    code = "owned-elsewhere"


def make_plan(
    proposal: Proposal,
    base: State,
    base_positions: Positions,
    *,
    plan_id: str | None = None,
    expires_at: dt.datetime | None = None,
    checks: Sequence[Check] = (),
    warnings: Sequence[PlanWarning] = (),
) -> PlannedChanges:
    """Compare what a source proposes with the state, inside what that source owns.

    Raises OwnedElsewhereError when the proposal names a resource of another source.
    """
    _refuse_foreign(proposal, base)
    upserts = {
        address: entry
        for address, entry in proposal.entries.items()
        if address not in base.entries or base.entries[address].digest != entry.digest
    }
    deletes = tuple(
        address
        for address, entry in base.entries.items()
        if entry.source == proposal.source and address not in proposal.entries
    )
    changes = tuple(sorted(_changes(proposal, base, base_positions, upserts, deletes), key=lambda c: c.address))
    after = {address: entry.digest for address, entry in base.entries.items() if address not in set(deletes)}
    after.update((address, entry.digest) for address, entry in upserts.items())
    plan = Plan(
        id=plan_id,
        org=proposal.org,
        source=proposal.source,
        base=Base(revision=base.revision, digest=base.digest),
        digest=digest_of_changes(proposal.org, proposal.source, base, upserts, deletes),
        state_digest=state_digest(after.items()),
        commit=proposal.commit,
        summary=summary_of(changes),
        changes=changes,
        positions_changed=_positions_changed(proposal, base, base_positions),
        meaning=_meaning(changes),
        checks=tuple(checks),
        warnings=tuple(warnings),
        expires_at=expires_at,
    )
    return PlannedChanges(plan, upserts, deletes)


def digest_of_changes(
    org: str, source: str, base: State, upserts: Mapping[str, StateEntry], deletes: Sequence[str]
) -> str:
    """The change digest of writing `upserts` and removing `deletes` over a base."""
    rows = [
        (address, base.entries[address].digest if address in base.entries else None, entry.digest)
        for address, entry in upserts.items()
    ]
    return change_digest(org, source, [*rows, *((address, base.entries[address].digest, None) for address in deletes)])


def _refuse_foreign(proposal: Proposal, base: State) -> None:
    foreign = {
        address: base.entries[address].source
        for address in proposal.entries
        if address in base.entries and base.entries[address].source != proposal.source
    }
    if foreign:
        address, owner = min(foreign.items())
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise OwnedElsewhereError(
            f"{address}{more} belongs to the source {owner!r}, not to {proposal.source!r}.",
            hint=f"Remove it from this project, or from {owner!r} first and apply that.",
        )


def _changes(
    proposal: Proposal,
    base: State,
    base_positions: Positions,
    upserts: Mapping[str, StateEntry],
    deletes: Sequence[str],
) -> Iterator[Change]:
    for address, entry in upserts.items():
        before = base.entries.get(address)
        yield Change(
            address=address,
            action=Action.CREATE if before is None else Action.UPDATE,
            location=_location(proposal.positions.get(address)),
            fields=field_changes(before.value() if before else None, entry.value()),
        )
    for address in deletes:
        yield Change(
            address=address,
            action=Action.DELETE,
            location=_location(base_positions.get(address)),
            fields=field_changes(base.entries[address].value(), None),
        )


def _location(position: ResourcePosition | None) -> PlanLocation | None:
    return None if position is None else PlanLocation(file=position.file, line=position.line)


def summary_of(changes: Sequence[Change]) -> Summary:
    """Counts by action."""
    count = dict.fromkeys(Action, 0)
    for change in changes:
        count[change.action] += 1
    return Summary(
        add=count[Action.CREATE],
        change=count[Action.UPDATE],
        destroy=count[Action.DELETE],
        move=count[Action.MOVE],
        forget=count[Action.FORGET],
    )


def _positions_changed(proposal: Proposal, base: State, base_positions: Positions) -> bool:
    return any(
        base_positions.get(address) != position
        for address, position in proposal.positions.items()
        if address in proposal.entries and address in base.entries
    )


def _meaning(changes: Sequence[Change]) -> Meaning:
    if not changes:
        return NO_MEANING
    return Meaning(verdict="unknown", unknown=("The effect of these changes on access has not been analysed.",))
