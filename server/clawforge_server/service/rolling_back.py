"""Going back to an older revision: a proposal like any other, made of what the source owned then."""

from __future__ import annotations

from collections.abc import Mapping

from clawforge.errors import NotFoundError
from clawforge.history import ROLLBACK, Restored, restored
from clawforge.plan import Plan, PlanWarning
from clawforge.revision_name import revision_number, unknown_revision
from clawforge.spelling import nearest
from clawforge.state import StateEntry
from clawforge.wire import PlanRequest, Rename, Revision
from clawforge.wire_history import RollbackRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin
from clawforge_server.service.drafting import Rollback
from clawforge_server.service.planning import create_plan
from clawforge_server.service.renames import renamed_between
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction

_MOST_LOOKED = 5_000
"""Revisions that are looked through for the last one of the source, to name its commit."""
_READ_AT_ONCE = 100
_MOST_NAMED = 5
_MOST_RENAMES = 1_000
"""What one proposal may rename; of more, the rest is destroyed and created."""
_SHORT = 12


def plan_rollback(
    plane: ControlPlane, who: Principal, org: str, request: RollbackRequest, *, origin: Origin | None = None
) -> Plan:
    """The plan that brings what a source owns back to a revision. Checks, approvals and apply are those of any plan.

    Only for who may read the state, as the plan tells what it was. Raises NotFoundError for a revision or source that
    there is not, and what `create_plan` raises.
    """
    who.require("state:read")
    state = plane.states.get(org)
    present = state.state
    number = revision_number(request.revision, present.revision)
    if number == 0:
        raise unknown_revision(0, present.revision)
    with plane.store.transaction() as transaction:
        then = transaction.resources.entries_at(org, number)
        target = _last_of(transaction, org, request.source, number)
        newest = _last_of(transaction, org, request.source, present.revision, of_files=True)
        renamed = renamed_between(transaction, org, number, present.revision)
    back = restored(request.source, then, present.entries)
    if not back.entries and all(entry.source != request.source for entry in present.entries.values()):
        raise _unknown_source(state, request.source)
    proposed = PlanRequest(
        source=request.source,
        resources=tuple(entry.value() for entry in back.entries.values()),
        positions={address: place for address, place in state.positions.items() if _stands(state, back, address)},
        commit=target.commit if target else None,
        commit_author=target.commit_author if target else None,
        dirty=target.dirty if target else False,
        base=present.revision,
        moved=_moved_back(state, request.source, back, renamed),
    )
    notes = (_git_note(number, target, newest), *_kept_notes(state, then, back))
    return create_plan(plane, who, org, proposed, origin=origin, rollback=Rollback(number, notes))


def _moved_back(state: OrgState, source: str, back: Restored, renamed: Mapping[str, str]) -> tuple[Rename, ...]:
    """Former names that come back, so that a resource is renamed again and not destroyed."""
    present = state.state.entries
    pairs = (
        (later, former)
        for former, later in sorted(renamed.items())
        if former in back.entries and former not in present and later not in back.entries and later in present
    )
    return tuple(Rename(from_=old, to=new) for old, new in pairs if present[old].source == source)[:_MOST_RENAMES]


def _stands(state: OrgState, back: Restored, address: str) -> bool:
    """Whether the files still say at this place what the resource goes back to."""
    entry, now = back.entries.get(address), state.state.entries.get(address)
    return entry is not None and now is not None and entry.digest == now.digest


def _last_of(transaction: Transaction, org: str, source: str, upto: int, *, of_files: bool = False) -> Revision | None:
    """The last revision of a source, up to one; `of_files` leaves out rollbacks, which no files stand behind."""
    below = upto + 1
    for _ in range(_MOST_LOOKED // _READ_AT_ONCE):
        page = transaction.revisions.page(org, below, _READ_AT_ONCE)
        of_source = (revision for revision in page if revision.source == source)
        found = next((item for item in of_source if not of_files or item.rollback_to is None), None)
        if found is not None or not page:
            return found
        below = page[-1].number
    return None


def _git_note(number: int, target: Revision | None, newest: Revision | None) -> PlanWarning:
    """What has to be done in git, where it still holds the newer files."""
    past, files = (revision.commit if revision else None for revision in (target, newest))
    there = f"This goes back to revision {number}"
    if past is not None and past == files and target and newest and not (target.dirty or newest.dirty):
        return PlanWarning(
            code="rollback-of-files", message=f"{there}, which is what the files of commit {past[:_SHORT]} say."
        )
    command = "git revert"
    if past is not None and files is not None and past != files:
        command += f" --no-edit {past[:_SHORT]}..{files[:_SHORT]}"
    return PlanWarning(
        code=ROLLBACK,
        message=f"{there}. Git still holds the newer files, and their next apply undoes the rollback: revert them "
        f"there as well, such as by `{command}`.",
    )


def _kept_notes(state: OrgState, then: dict[str, StateEntry], back: Restored) -> tuple[PlanWarning, ...]:
    """Resources of then that another source owns now and has changed."""
    changed = [address for address in sorted(back.kept) if state.state.entries[address].digest != then[address].digest]
    if not changed:
        return ()
    named = ", ".join(f"{address} ({back.kept[address]})" for address in changed[:_MOST_NAMED])
    more = f" and {len(changed) - _MOST_NAMED} more" if len(changed) > _MOST_NAMED else ""
    message = f"Other sources own these by now, so they stay as they are: {named}{more}."
    return (PlanWarning(code="rollback-kept", message=message),)


def _unknown_source(state: OrgState, source: str) -> NotFoundError:
    sources = {entry.source for entry in state.state.entries.values()}
    guess = nearest(source, sources)
    known = ", ".join(sorted(sources)[:_MOST_NAMED])
    hint = f"Did you mean {guess}?" if guess else f"Sources of this org: {known}."
    return NotFoundError(f"No source {source!r} owns anything, now or then.", hint=hint, code="unknown-source")
