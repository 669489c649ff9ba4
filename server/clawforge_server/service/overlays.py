"""What was done by hand: who sees it, who may do it, and how a change of it reaches the agents."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import cast, get_args

from clawforge.access.rights import ORG_WIDE, Target
from clawforge.errors import NotFoundError
from clawforge.overlay.kill_scope import parse_kill_scope
from clawforge.overlay.standing import StandingOverlay
from clawforge.wire_overlays import OverlayKind, OverlayList, OverlayView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.instances import instance_target
from clawforge_server.service.skill_overlays import revoked_skills
from clawforge_server.state.org_state import OrgState, kill_orders, read_org
from clawforge_server.store.elevation_body import LIFTING, body_of
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction

READ = "kill:read"


def list_overlays(plane: ControlPlane, who: Principal, org: str, *, ended: int = 0) -> OverlayList:
    """What is on and the caller's right reaches, oldest first, and up to `ended` of what ended, newest first.

    What stops the whole org, or a tool, concerns everybody: any right to read lets see it. Raises NotFoundError.
    """
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = (*transaction.overlays.open(org), *(transaction.overlays.ended(org, ended) if ended else ()))
        seen = [item for item in found if _concerns(transaction, state, who, item)]
    on = [overlay_view(item) for item in seen if item.ended_at is None]
    over = [overlay_view(item) for item in seen if item.ended_at is not None]
    stopped = revoked_skills(state) if who.may("skills:read") else ()
    return OverlayList(overlays=(*sorted((*on, *stopped), key=lambda item: item.created_at), *over))


def _concerns(transaction: Transaction, state: OrgState, who: Principal, overlay: OverlayRecord) -> bool:
    if overlay.kind in LIFTING:
        return who.may("elevations:read", Target(groups=state.access.groups_of_user(body_of(overlay).user)))
    target = scope_target(transaction, state, overlay.scope)
    return who.may(READ, target) or (target == ORG_WIDE and parse_kill_scope(overlay.scope).kind in ("org", "tool"))


def scope_target(transaction: Transaction, state: OrgState, scope: str) -> Target:
    """Whom a scope concerns: the members of a group, the people around an instance, or else the whole org."""
    kind, name = parse_kill_scope(scope)
    if kind == "group":
        return Target(groups=frozenset((name,)))
    if kind == "instance":
        instance = transaction.instances.get(state.name, name)
        return ORG_WIDE if instance is None else instance_target(state, instance)
    return ORG_WIDE


def open_overlay(transaction: Transaction, org: str, overlay_id: str) -> OverlayRecord:
    """One that was not ended. Raises NotFoundError."""
    found = transaction.overlays.get(org, overlay_id)
    if found is None or found.ended_at is not None:
        ended = "" if found is None else f" It was ended by {found.ended_by}."
        raise NotFoundError(
            f"Nothing that is on has the id {overlay_id!r}.{ended}",
            hint="`clawforge overlay list` lists what is on.",
            code="unknown-overlay",
        )
    return found


def with_present_overlays(transaction: Transaction, state: OrgState, now: dt.datetime) -> OrgState:
    """The org with what the store holds of overlays, under a new serial if the agents are to be told something else.

    Call it last in a transaction that changes overlays, while `OrgStates.changing` is held, and publish what it
    answers.
    """
    record = transaction.orgs.get(state.name)
    if record is None or state.record is None:
        raise LookupError("an org with overlays was applied")
    overlays = transaction.overlays.open(state.name)
    if _told(overlays) != _told(state.overlays):
        record = dataclasses.replace(record, serial=record.serial + 1)
        transaction.orgs.update(record)
    if record.revision == state.record.revision and record.epoch == state.record.epoch:
        return state.with_overlays(record, overlays)
    present = read_org(transaction, state.name, now, state)
    if present is None:
        raise LookupError("an org with overlays was applied")
    return present


def _told(overlays: Iterable[OverlayRecord]) -> object:
    """Everything that leases and bundles say of these."""
    listed = tuple(overlays)
    shut_in = tuple(
        (item.scope, item.created_at, item.reason, item.message)
        for item in listed
        if item.kind == "quarantine" and item.in_force
    )
    lifted = tuple((item.id, item.starts_at) for item in listed if item.kind in LIFTING and item.in_force)
    return kill_orders(listed), shut_in, lifted


def standing_overlays(state: OrgState) -> tuple[StandingOverlay, ...]:
    """What is on, oldest first, as plans show it."""
    return tuple(
        StandingOverlay(
            id=item.id,
            kind=_kind(item),
            scope=item.scope,
            reason=item.reason,
            since=item.starts_at or item.created_at,
            by=item.created_by,
            until=item.expires_at,
        )
        for item in state.overlays
        if item.in_force
    )


def overlay_view(record: OverlayRecord) -> OverlayView:
    """The overlay as people see it."""
    return OverlayView(
        id=record.id,
        kind=_kind(record),
        scope=record.scope,
        state="ended" if record.ended_at is not None else "on" if record.in_force else "waiting",
        reason=record.reason,
        message=record.message,
        ticket=record.ticket,
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        remind_every=record.remind_every,
        ended_at=record.ended_at,
        ended_by=record.ended_by,
        end_reason=record.end_reason,
    )


def _kind(record: OverlayRecord) -> OverlayKind:
    if record.kind not in get_args(OverlayKind):
        raise LookupError(f"no overlay is of the kind {record.kind}")
    return cast(OverlayKind, record.kind)
