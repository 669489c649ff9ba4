"""Since which revision a call is decided as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clawforge.analysis.access_history import AccessHistory, Backwards, Edit, Flip, Question
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource, format_instant
from clawforge.state import StateEntry
from clawforge.wire_asking import AccessHistoryRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.marks import mark_for, mark_of
from clawforge_server.service.subjects import asked_subject, origin_of, question_of
from clawforge_server.state.org_state import OrgState, unreadable

_MOST_JUDGED = 100
"""Revisions that one request judges: each costs a model of the org."""
_MOST_REVISIONS = 5_000
"""Revisions that one request looks at; most of them concern others."""
_READ_AT_ONCE = 50


def access_history_for(plane: ControlPlane, who: Principal, org: str, request: AccessHistoryRequest) -> AccessHistory:
    """The newest revision that changed the answer, or all that did, as far back as one request goes.

    What fields held is for those who may read the state, and who applied it for those who may read revisions. Raises
    NotFoundError, InputError, ForbiddenError.
    """
    state = plane.states.get(org)
    subject = asked_subject(plane, who, state, question_of(request))
    at = request.at or plane.clock.now()
    present = state.state.revision
    start = present if request.before is None else min(request.before - 1, present)
    back = Backwards(
        state.resources if start == present else _resources_at(plane, org, start),
        Question(subject, request.tool, request.params, at, origin_of(request)),
        positions=state.positions if start == present else {},
        revision=start,
    )
    flips: list[Flip] = []
    looked, oldest = 0, None
    for edit in _edits(plane, org, start):
        looked, oldest = looked + 1, edit.mark
        flip = back.undo(edit)
        if flip is not None:
            flips.append(_as_far_as_allowed(who, flip))
        if (flips and not request.all) or back.judged >= _MOST_JUDGED or looked >= _MOST_REVISIONS:
            break
    first = oldest is None or oldest.revision == 1
    return AccessHistory(
        subject=subject,
        tool=request.tool,
        at=at,
        decision=back.decision,
        stopped=_stopped(state, subject.user),
        flips=tuple(flips),
        oldest=None if oldest is None else mark_for(who, oldest),
        next=None if first or oldest is None else oldest.revision,
    )


def _edits(plane: ControlPlane, org: str, start: int) -> Iterator[Edit]:
    """What each revision changed, from `start` to the first; some are read at once, each when it is its turn parsed."""
    below = start + 1
    while below > 1:
        with plane.store.transaction() as transaction:
            page = transaction.revisions.page(org, below, _READ_AT_ONCE)
            read = [(revision, transaction.resources.before(org, revision.number)) for revision in page]
        for revision, before in read:
            yield Edit(mark_of(revision), {address: _parsed(address, entry) for address, entry in before.items()})
        below = page[-1].number if page else 1


def _resources_at(plane: ControlPlane, org: str, revision: int) -> Mapping[str, Resource]:
    with plane.store.transaction() as transaction:
        entries = transaction.resources.entries_at(org, revision)
    found = {address: _parsed(address, entry) for address, entry in entries.items()}
    return {address: resource for address, resource in found.items() if resource is not None}


def _parsed(address: str, entry: StateEntry | None) -> Resource | None:
    if entry is None:
        return None
    resource = parse_resource(entry.value())
    if isinstance(resource, list):
        raise unreadable(address)
    return resource


def _as_far_as_allowed(who: Principal, flip: Flip) -> Flip:
    """A changed list of members, say, tells about others than the one who is asked about."""
    touches = flip.touches
    if not who.may("state:read"):
        touches = tuple(touch.model_copy(update={"fields": ()}) for touch in touches)
    return flip.model_copy(update={"touches": touches, "mark": mark_for(who, flip.mark)})


def _stopped(state: OrgState, user: str) -> str:
    found = next((item for item in state.suspensions if item.user == user), None)
    if found is None:
        return ""
    return f"{found.user} is stopped by hand since {format_instant(found.at)}, so every call is denied."
