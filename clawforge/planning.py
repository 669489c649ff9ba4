"""Making a plan: the same function for the server, which decides, and for a client that looks ahead offline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clawforge.diff import field_changes
from clawforge.errors import ConflictError, InputError
from clawforge.meaning import NO_MEANING, Meaning
from clawforge.plan import Action, Base, Change, Check, Plan, PlanLocation, PlanWarning, Summary
from clawforge.position import Positions, ResourcePosition
from clawforge.proposal import Proposal
from clawforge.state import UNOWNED, State, StateEntry, change_digest, state_digest

PREVENT_DESTROY = "clawforge.io/prevent-destroy"
"""The annotation that keeps a resource from being destroyed while its value is `true`."""

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class PlannedChanges:
    """The plan, and what carrying it out would write. `forgotten` and `taken` are addresses among the upserts: those
    that nobody owns afterwards, and those that another source owns until then."""

    plan: Plan
    upserts: Mapping[str, StateEntry]
    deletes: tuple[str, ...]
    forgotten: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()


class OwnedElsewhereError(ConflictError):
    """The proposal holds resources that another source owns."""

    code = "owned-elsewhere"


class DestroyPreventedError(InputError):
    """The proposal leaves out resources that must not be destroyed."""

    code = "destroy-prevented"


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

    Raises OwnedElsewhereError when the proposal names a resource of another source without taking it over,
    DestroyPreventedError when it leaves out one that must not be destroyed, and InputError for statements about renamed
    and forgotten resources that contradict it.
    """
    taken = _taken(proposal, base)
    moves, forgotten = proposal.moves(base), proposal.forgets(base)
    upserts = {
        address: entry
        for address, entry in proposal.entries.items()
        if address not in base.entries
        or base.entries[address].digest != entry.digest
        or base.entries[address].source != proposal.source
    }
    let_go = {
        address: StateEntry(UNOWNED, base.entries[address].body, base.entries[address].digest) for address in forgotten
    }
    deletes = tuple(
        address
        for address, entry in base.entries.items()
        if entry.source == proposal.source and address not in proposal.entries and address not in let_go
    )
    _refuse_prevented([address for address in deletes if address not in moves], base)
    found = _changes(proposal, base, base_positions, upserts, deletes, moves, forgotten)
    changes = tuple(sorted(found, key=lambda change: change.address))
    written = {**upserts, **let_go}
    after = {address: entry.digest for address, entry in base.entries.items() if address not in set(deletes)}
    after.update((address, entry.digest) for address, entry in written.items())
    plan = Plan(
        id=plan_id,
        org=proposal.org,
        source=proposal.source,
        base=Base(revision=base.revision, digest=base.digest),
        digest=digest_of_changes(proposal.org, proposal.source, base, written, deletes),
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
    return PlannedChanges(plan, written, deletes, forgotten, taken)


def digest_of_changes(
    org: str, source: str, base: State, upserts: Mapping[str, StateEntry], deletes: Sequence[str]
) -> str:
    """The change digest of writing `upserts` and removing `deletes` over a base."""
    rows = [
        (address, base.entries[address].digest if address in base.entries else None, entry.digest)
        for address, entry in upserts.items()
    ]
    return change_digest(org, source, [*rows, *((address, base.entries[address].digest, None) for address in deletes)])


def _taken(proposal: Proposal, base: State) -> tuple[str, ...]:
    """What others own until now. Raises OwnedElsewhereError for what was not meant to be taken."""
    foreign = {
        address: base.entries[address].source
        for address in proposal.entries
        if address in base.entries and base.entries[address].source not in (proposal.source, UNOWNED)
    }
    refused = {address: owner for address, owner in foreign.items() if not proposal.takes(address)}
    if refused:
        address, owner = min(refused.items())
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        raise OwnedElsewhereError(
            f"{address}{more} belongs to the source {owner!r}, not to {proposal.source!r}.",
            hint=f"Remove it from this project, or from {owner!r} first and apply that; or take it over with "
            f"`--take-ownership {address}`.",
        )
    return tuple(sorted(foreign))


def _refuse_prevented(deletes: Sequence[str], base: State) -> None:
    marked = [
        address
        for address in deletes
        if PREVENT_DESTROY.encode() in base.entries[address].body
        and base.entries[address].value()["metadata"].get("annotations", {}).get(PREVENT_DESTROY) == "true"
    ]
    if marked:
        more = f" and {len(marked) - _MOST_NAMED} more" if len(marked) > _MOST_NAMED else ""
        raise DestroyPreventedError(
            f"This would destroy {', '.join(marked[:_MOST_NAMED])}{more}, which the annotation {PREVENT_DESTROY} "
            "prevents.",
            hint="Put it back; or apply a change that takes the annotation away first, and then remove it.",
        )


def _changes(
    proposal: Proposal,
    base: State,
    base_positions: Positions,
    upserts: Mapping[str, StateEntry],
    deletes: Collection[str],
    moves: Mapping[str, str],
    forgotten: Sequence[str],
) -> Iterator[Change]:
    previous = {new: old for old, new in moves.items()}
    for address, entry in upserts.items():
        yield _written(proposal, base, address, entry, previous.get(address))
    for address in deletes:
        if address not in moves:
            yield Change(
                address=address,
                action=Action.DELETE,
                location=_location(base_positions.get(address)),
                fields=field_changes(base.entries[address].value(), None),
            )
    for address in forgotten:
        yield Change(address=address, action=Action.FORGET, location=_location(base_positions.get(address)))


def _written(proposal: Proposal, base: State, address: str, entry: StateEntry, previous: str | None) -> Change:
    before = base.entries.get(address if previous is None else previous)
    action = Action.CREATE if before is None else Action.UPDATE
    owner = None
    if previous is not None:
        action = Action.MOVE
    elif before is not None and before.source != proposal.source:
        owner = before.source
    fields = field_changes(before.value() if before else None, entry.value())
    return Change(
        address=address,
        action=action,
        previous=previous,
        owner=owner,
        location=_location(proposal.positions.get(address)),
        fields=tuple(field for field in fields if previous is None or field.path != "metadata.name"),
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
