"""The kill switch: from the moment in which it is on, agents deny what it stops, whatever their policy says. And the
quarantine into which somebody puts one machine."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from clawforge.access.model import USER
from clawforge.canonical import canonical_bytes
from clawforge.errors import ConflictError, InputError
from clawforge.overlay.kill_scope import KillScope, parse_kill_scope, unknown_tool
from clawforge.resource.meta import format_instant
from clawforge.spelling import nearest
from clawforge.wire_overlays import OverlayAnswer, OverlayRequest, OverlayView
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.instances import require_foreign
from clawforge_server.service.invariant_watch import QUARANTINE
from clawforge_server.service.overlays import open_overlay, overlay_view, scope_target, with_present_overlays
from clawforge_server.state.org_state import OrgState, kill_orders
from clawforge_server.store.elevation_body import LIFTING
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry

WRITE = "kill:write"
MOST_KILLS = 62
"""Besides the one over the whole org: a lease holds 64 orders, and one place is for the quarantine of its instance."""
MOST_BYTES = 12 * 1024
"""Of those, as canonical JSON: leases travel in a header."""


def switch_on(
    plane: ControlPlane, who: Principal, org: str, request: OverlayRequest, *, origin: Origin | None = None
) -> OverlayAnswer:
    """Stop a scope, or put a machine into quarantine. If it is stopped already, the newer reason counts and the later
    end: a kill is never shortened.

    Raises InputError for a scope that names no group or instance of the org, or cannot be quarantined, ForbiddenError
    for one that the caller's right does not reach, ConflictError when leases have no room for more, NotFoundError for
    an unknown org.
    """
    now = plane.clock.now()
    scope = parse_kill_scope(request.scope)
    if request.kind == "quarantine" and scope.kind != "instance":
        raise InputError(
            f"Only a machine is put into quarantine, not {request.scope}.",
            hint="Name it as instance:NAME, or turn a kill switch on.",
            code="bad-scope",
        )
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            who.require(WRITE, scope_target(transaction, state, request.scope))
            _require_known(transaction, state, scope)
            before = _held(transaction, org, request)
            record = _stopped(org, request, who.actor, now, before)
            if before is not None and before.created_by == _owner(transaction, org, scope):
                # Whoever stopped their own machine first may not end what others joined.
                record = dataclasses.replace(record, created_by=who.actor)
            transaction.overlays.put(record)
            _require_room(transaction.overlays.open(org))
            transaction.audit.append(org, _switched_on(record, before, who, state, now, origin))
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    remark = unknown_tool(scope.name) if scope.kind == "tool" else None
    return OverlayAnswer(
        overlay=overlay_view(record), was_on=before is not None, warnings=() if remark is None else (remark,)
    )


def switch_off(
    plane: ControlPlane, who: Principal, org: str, overlay_id: str, reason: str, *, origin: Origin | None = None
) -> OverlayView:
    """End a kill switch that is on. Agents go on stopping until they hold a newer signed lease without it.

    Raises NotFoundError for what is not on, ForbiddenError for what the caller's right does not reach, and for the
    caller's own instance which somebody else stopped (`own-instance`).
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            before = open_overlay(transaction, org, overlay_id)
            _refuse_release(before)
            who.require(WRITE, scope_target(transaction, state, before.scope))
            _require_foreign(transaction, who, before)
            record = dataclasses.replace(before, ended_at=now, ended_by=who.actor, end_reason=reason)
            transaction.overlays.put(record)
            entry = done(
                now,
                who.actor,
                "kill:off",
                origin=origin,
                revision=state.state.revision,
                target=f"overlay/{record.id}",
                before=kill_document(before),
                after={"state": "off"},
                scope=record.scope,
                reason=reason,
            )
            transaction.audit.append(org, entry)
            changed = with_present_overlays(transaction, state, now)
        plane.states.publish(changed)
    return overlay_view(record)


def kill_document(record: OverlayRecord) -> dict[str, Any]:
    """A kill switch that is on, as the log shows it."""
    return {
        "state": "on",
        "scope": record.scope,
        "reason": record.reason,
        "message": record.message,
        "expiresAt": None if record.expires_at is None else format_instant(record.expires_at),
    }


def _held(transaction: Transaction, org: str, request: OverlayRequest) -> OverlayRecord | None:
    wanted = (request.kind, request.scope)
    return next((item for item in transaction.overlays.open(org) if (item.kind, item.scope) == wanted), None)


def _stopped(
    org: str, request: OverlayRequest, actor: str, now: dt.datetime, before: OverlayRecord | None
) -> OverlayRecord:
    end = None if request.ttl is None else now + dt.timedelta(seconds=request.ttl)
    if before is not None:
        end = None if end is None or before.expires_at is None else max(end, before.expires_at)
    return OverlayRecord(
        org=org,
        id=new_id(request.kind) if before is None else before.id,
        kind=request.kind,
        scope=request.scope,
        reason=request.reason,
        message=request.message,
        ticket=request.ticket,
        created_at=now if before is None else before.created_at,
        # Who takes part later is in the log; whoever was stopped must not become the one who stopped.
        created_by=actor if before is None else before.created_by,
        starts_at=now if before is None else before.starts_at,
        expires_at=end,
        remind_every=request.remind_every if request.kind == "kill" else None,
        reminded_at=now,
    )


def _owner(transaction: Transaction, org: str, scope: KillScope) -> str | None:
    """The person whose machine is stopped; None if it is not one machine."""
    instance = transaction.instances.get(org, scope.name) if scope.kind == "instance" else None
    return None if instance is None else f"{USER}{instance.user}"


def _switched_on(
    record: OverlayRecord,
    before: OverlayRecord | None,
    who: Principal,
    state: OrgState,
    now: dt.datetime,
    origin: Origin | None,
) -> AuditEntry:
    return done(
        now,
        who.actor,
        "kill:on" if record.kind == "kill" else QUARANTINE,
        origin=origin,
        revision=state.state.revision,
        target=f"overlay/{record.id}",
        before={"state": "off"} if before is None else kill_document(before),
        after=kill_document(record),
        scope=record.scope,
        reason=record.reason,
        ticket=record.ticket,
    )


def _require_known(transaction: Transaction, state: OrgState, scope: KillScope) -> None:
    """A kill switch over a group or an instance that does not exist would stop nobody, and look as if it did."""
    if scope.kind == "group" and scope.name not in state.groups:
        guess = nearest(scope.name, state.groups)
    elif scope.kind == "instance" and transaction.instances.get(state.name, scope.name) is None:
        guess = nearest(scope.name, (item.name for item in transaction.instances.list(state.name)))
    else:
        return
    lists = "`clawforge fleet list` lists them." if scope.kind == "instance" else "The files declare them."
    raise InputError(
        f"The org {state.name!r} has no {scope.kind} {scope.name!r}. Nothing was stopped.",
        hint=f"Did you mean {scope.kind}:{guess}?" if guess else lists,
        code=f"unknown-{scope.kind}",
    )


def _require_room(overlays: Iterable[OverlayRecord]) -> None:
    """The kill switch over the whole org has its room in any case."""
    orders = [order for order in kill_orders(overlays) if order.scope != "org"]
    size = len(canonical_bytes([order.model_dump(mode="json") for order in orders]))
    if len(orders) > MOST_KILLS or size > MOST_BYTES:
        what = f"{MOST_KILLS} kill switches are on" if len(orders) > MOST_KILLS else "The reasons are long"
        raise ConflictError(
            f"{what}, and the leases of agents have no room for another. Nothing more was stopped.",
            hint="Stop a group, or the whole org, which always has room; or give a shorter reason and message.",
            code="too-many-kills",
        )


def _refuse_release(overlay: OverlayRecord) -> None:
    """A machine leaves its quarantine another way, which looks at everything that shuts it in."""
    if overlay.kind in LIFTING:
        raise InputError(
            "It is revoked rather than turned off.",
            hint=f"`clawforge elevate revoke {overlay.id}` ends it.",
            code="revoke-instead",
        )
    if overlay.kind == "quarantine":
        name = parse_kill_scope(overlay.scope).name
        raise InputError(
            f"{name} is in quarantine, and is released rather than turned off.",
            hint=f"`clawforge fleet release {name}` releases it.",
            code="release-instead",
        )


def _require_foreign(transaction: Transaction, who: Principal, kill: OverlayRecord) -> None:
    """Who was stopped by somebody else does not let themselves go on."""
    kind, name = parse_kill_scope(kill.scope)
    instance = transaction.instances.get(kill.org, name) if kind == "instance" else None
    if instance is not None and kill.created_by != who.actor:
        require_foreign(who, instance)
