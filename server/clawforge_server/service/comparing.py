"""What differs between two revisions: looked up for what changed between them, not for everything that there is."""

from __future__ import annotations

from clawforge.history import ComparedState, StateDiff, changes_between, compared
from clawforge.revision_name import revision_number
from clawforge.state import EMPTY_STATE
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.renames import renamed_between
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction


def compare_revisions(plane: ControlPlane, org: str, before: str, after: str) -> StateDiff:
    """The changes from one revision to another, which may be the older one. Where resources are written is known for
    the present revision only.

    Raises NotFoundError, and InputError for a name that is none.
    """
    state = plane.states.get(org)
    latest = state.state.revision
    first, second = revision_number(before, latest), revision_number(after, latest)
    with plane.store.transaction() as transaction:
        found = transaction.history.between(org, min(first, second), max(first, second))
        may_rename = any(old is None for old, _ in found.values()) and any(new is None for _, new in found.values())
        renamed = renamed_between(transaction, org, *sorted((first, second))) if may_rename else {}
        sides = [ComparedState(revision=n, digest=_digest(transaction, state, n)) for n in (first, second)]
    low = {address: old for address, (old, _) in found.items() if old is not None}
    high = {address: new for address, (_, new) in found.items() if new is not None}
    old, new = (low, high) if first <= second else (high, low)
    if first > second:
        renamed = {later: former for former, later in renamed.items()}
    positions = state.positions if second == latest else {}
    return compared(org, sides[0], sides[1], changes_between(old, new, positions, renamed))


def _digest(transaction: Transaction, state: OrgState, number: int) -> str:
    if number == state.state.revision:
        return state.state.digest
    revision = transaction.revisions.get(state.name, number)
    return EMPTY_STATE.digest if revision is None else revision.state_digest
