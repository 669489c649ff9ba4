"""Breaking glass: asking for an elevation, giving a temporary grant, and ending either."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from clawforge.access.model import USER
from clawforge.access.permission import EVERYTHING
from clawforge.access.rights import Target
from clawforge.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from clawforge.overlay.bounds import GrantBounds
from clawforge.overlay.elevation_request import ElevationAsk, ElevationPast, ElevationRefusal, ElevationTerms, terms_of
from clawforge.overlay.runtime_overlay import MOST_OVERLAYS
from clawforge.wire_elevations import ElevationApproval, ElevationList, ElevationRequest, ElevationView
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.elevation_account import elevation_entry, elevation_view
from clawforge_server.service.elevation_rights import APPROVE, READ, groups_around, require_accepted, require_reviewer
from clawforge_server.service.overlays import with_present_overlays
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import LIFTING, ElevationBody, body_of, scope_of_user
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, InstanceRecord

_WAITS = dt.timedelta(hours=8)
"""How long a request waits for approvals: who needs it tomorrow asks tomorrow."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for whom: `actor` is the name in the log, `gives` that of whoever gives a grant to somebody else, which
    counts as an approval."""

    actor: str
    user: str
    instance: str | None
    gives: str | None = None


def request_elevation(
    plane: ControlPlane, who: Principal, org: str, request: ElevationRequest, *, origin: Origin | None = None
) -> ElevationView:
    """Ask for oneself, or give somebody else a temporary grant.

    Raises InputError with the codes of `terms_of` for what no elevation policy offers, ForbiddenError for a program,
    for a key that is good for some permissions only, and for who may not give grants; NotFoundError for an unknown
    machine.
    """
    own = request.user is None or (who.kind == "user" and request.user == who.name)
    if own and not (who.kind == "user" and EVERYTHING in who.scopes):
        raise ForbiddenError(
            "Only a person who signed in asks for an elevation for themselves.",
            hint="Sign in with `clawforge login`.",
            code="not-a-person",
        )
    user = who.name if own or request.user is None else request.user
    asker = Asker(who.actor, user, request.instance, None if own else who.answerable)
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            instance = _machine(transaction, state, asker)
            terms = _terms(transaction, state, instance, request, now)
            if not own:
                require_reviewer(state, who, instance)
                require_accepted(state, who, terms.bounds)
            record = _record(state, instance, asker, request, terms, now)
            entry = _requested(record, asker, state, now, origin)
            transaction.overlays.put(record)
            transaction.audit.append(org, entry)
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    return elevation_view(record)


def request_from_agent(
    plane: ControlPlane, instance: InstanceRecord, request: ElevationRequest, *, origin: Origin
) -> ElevationView:
    """As `request_elevation`, for the user and the machine of an agent's credential."""
    now = plane.clock.now()
    asker = Asker(f"instance:{instance.name}", instance.user, instance.name)
    with plane.states.changing(instance.org):
        state = plane.states.get(instance.org)
        with plane.store.transaction() as transaction:
            machine = _machine(transaction, state, asker)
            record = _record(state, machine, asker, request, _terms(transaction, state, machine, request, now), now)
            entry = _requested(record, asker, state, now, origin)
            transaction.overlays.put(record)
            transaction.audit.append(instance.org, entry)
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    return elevation_view(record)


def revoke_elevation(
    plane: ControlPlane, who: Principal, org: str, elevation: str, reason: str, *, origin: Origin | None = None
) -> ElevationView:
    """End what waits or is in force: by whom it is for, or by who may approve elevations of theirs.

    Raises NotFoundError, ForbiddenError.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = open_elevation(transaction, org, elevation)
            if who.answerable != f"{USER}{body_of(before).user}":
                who.require(APPROVE, Target(groups=groups_around(transaction, state, before)))
            record = dataclasses.replace(before, ended_at=now, ended_by=who.actor, end_reason=reason)
            transaction.overlays.put(record)
            transaction.audit.append(
                org, elevation_entry("elevations:revoke", before, record, who.actor, state, now, origin, reason)
            )
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    return elevation_view(record)


def list_elevations(plane: ControlPlane, who: Principal, org: str, *, ended: int = 0) -> ElevationList:
    """One's own, and those that the caller's right reaches. Raises NotFoundError."""
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = (*transaction.overlays.open(org), *(transaction.overlays.ended(org, ended) if ended else ()))
        seen = [
            item
            for item in found
            if item.kind in LIFTING
            and (
                who.answerable == f"{USER}{body_of(item).user}"
                or who.may(READ, Target(groups=groups_around(transaction, state, item)))
            )
        ]
    return ElevationList(elevations=tuple(map(elevation_view, seen)))


def open_elevation(transaction: Transaction, org: str, elevation: str) -> OverlayRecord:
    """One that waits or is in force. Raises NotFoundError."""
    found = transaction.overlays.get(org, elevation)
    if found is None or found.kind not in LIFTING or found.ended_at is not None:
        raise NotFoundError(
            f"No elevation {elevation!r} waits or is in force.",
            hint="`clawforge elevate list` lists those that do.",
            code="unknown-elevation",
        )
    return found


def begun(record: OverlayRecord, body: ElevationBody, bounds: GrantBounds, now: dt.datetime) -> OverlayRecord:
    """The elevation, in force from now on if enough people agreed whose approvals count. It ends by itself."""
    if len(body.counted(bounds.approvers)) < body.needed:
        return dataclasses.replace(record, body=body.model_dump_json())
    start = now.replace(microsecond=0)
    end = start + dt.timedelta(seconds=body.ttl)
    return dataclasses.replace(record, body=body.model_dump_json(), starts_at=start, expires_at=end)


def _machine(transaction: Transaction, state: OrgState, asker: Asker) -> InstanceRecord:
    """The machine that is named, or the only one that its user has."""
    mine = [item for item in transaction.instances.of_user(state.name, asker.user) if item.revoked_at is None]
    named = [item for item in mine if asker.instance in (None, item.name)]
    if len(named) == 1:
        return named[0]
    have = ", ".join(item.name for item in mine)
    if asker.instance is not None or not mine:
        what = "no machine" if asker.instance is None else f"no machine {asker.instance!r}"
        raise NotFoundError(
            f"{asker.user} has {what} here.",
            hint=f"They have {have}." if have else "`clawforge fleet list` lists machines and their users.",
            code="unknown-instance",
        )
    raise InputError(
        f"{asker.user} has more than one machine, and an elevation is for one.",
        hint=f"Name one of {have} with --instance.",
        code="instance-missing",
    )


def _record(
    state: OrgState,
    instance: InstanceRecord,
    asker: Asker,
    request: ElevationRequest,
    terms: ElevationTerms,
    now: dt.datetime,
) -> OverlayRecord:
    given = () if asker.gives is None else (ElevationApproval(by=asker.gives, at=now, reason=request.reason or None),)
    body = ElevationBody(
        user=instance.user,
        instance=instance.name,
        grant=request.grant,
        tools=terms.tools,
        never=terms.never,
        agent=request.agent,
        agents=terms.agents,
        context=request.context,
        ttl=terms.ttl,
        needed=max(terms.bounds.approvals, len(given)),
        approvals=given,
        met={item.by: terms.bounds.approvers for item in given},
    )
    waiting = OverlayRecord(
        org=state.name,
        id=new_id("elevation" if asker.gives is None else "grant"),
        kind="elevation" if asker.gives is None else "grant",
        scope=scope_of_user(instance.user),
        reason=request.reason,
        ticket=request.ticket,
        created_at=now,
        created_by=asker.actor,
        expires_at=now + _WAITS,
    )
    return begun(waiting, body, terms.bounds, now)


def _requested(
    record: OverlayRecord, asker: Asker, state: OrgState, now: dt.datetime, origin: Origin | None
) -> AuditEntry:
    action = "elevations:request" if asker.gives is None else "elevations:give"
    return elevation_entry(action, None, record, asker.actor, state, now, origin)


def _terms(
    transaction: Transaction, state: OrgState, instance: InstanceRecord, request: ElevationRequest, now: dt.datetime
) -> ElevationTerms:
    subject = subject_of(instance).model_copy(update={"agent": request.agent, "context": request.context})
    ask = ElevationAsk(
        subject, request.grant, request.tools, request.ttl, request.reason, request.ticket, request.confirmation
    )
    terms = terms_of(state.elevation_book, ask, _past(transaction, state.name, instance, request.grant), now)
    if isinstance(terms, ElevationRefusal):
        raise InputError(terms.message, hint=terms.hint, code=terms.code)
    carried = [item for item in transaction.overlays.open(state.name) if item.kind in LIFTING]
    if sum(body_of(item).instance == instance.name for item in carried) >= MOST_OVERLAYS:
        raise ConflictError("So much is lifted on this machine that its bundle has no room for more.", code="too-many")
    return terms


def _past(transaction: Transaction, org: str, instance: InstanceRecord, grant: str) -> ElevationPast:
    scope = scope_of_user(instance.user)
    carried = (item for item in transaction.overlays.open(org) if item.kind in LIFTING and item.scope == scope)
    same = sum(body_of(item).grant == grant for item in carried)
    return ElevationPast(same, transaction.overlays.last_ended(org, scope, grant))
