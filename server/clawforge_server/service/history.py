"""Reading what was applied: the state, at any revision, and the revisions."""

from __future__ import annotations

from clawforge.revision_name import revision_number, unknown_revision
from clawforge.state import State
from clawforge.wire import Revision, RevisionPage, StateAnswer
from clawforge_server.control_plane import ControlPlane


def read_state(plane: ControlPlane, org: str, revision: int | None) -> StateAnswer:
    """Every resource at a revision (default: the present one); positions are known for the present one only.

    Raises NotFoundError.
    """
    present = plane.states.get(org)
    state = present.state
    positions = dict(present.positions)
    if revision is not None and revision != state.revision:
        if revision > state.revision:
            raise unknown_revision(revision, state.revision)
        with plane.store.transaction() as transaction:
            state = State(revision, transaction.resources.entries_at(org, revision))
        positions = {}
    return StateAnswer(
        org=org,
        revision=state.revision,
        digest=state.digest,
        resources=tuple(entry.value() for entry in state.entries.values()),
        sources={address: entry.source for address, entry in state.entries.items()},
        positions=positions,
    )


def read_revision(plane: ControlPlane, org: str, name: str) -> Revision:
    """One revision by its name; the empty state before the first one is none. Raises NotFoundError."""
    latest = plane.states.get(org).state.revision
    number = revision_number(name, latest)
    with plane.store.transaction() as transaction:
        found = transaction.revisions.get(org, number)
    if found is None:
        raise unknown_revision(number, latest)
    return found


def list_revisions(plane: ControlPlane, org: str, before: int | None, limit: int) -> RevisionPage:
    """Newest first. Raises NotFoundError for an unknown org."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.revisions.page(org, before, limit + 1)
    more = len(found) > limit
    return RevisionPage(revisions=found[:limit], next=found[limit - 1].number if more else None)
