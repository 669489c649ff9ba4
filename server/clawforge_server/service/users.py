"""Declared users, and stopping one at once: the files are the place for good, but a merge takes time."""

from __future__ import annotations

import dataclasses

from clawforge.access.escalation import owners
from clawforge.access.model import USER, AccessModel
from clawforge.access.rights import BUILT_IN, Rights, Target
from clawforge.errors import ConflictError, ForbiddenError, NotFoundError
from clawforge.resource.user import User
from clawforge.spelling import nearest
from clawforge.wire_identity import SuspensionRequest, SuspensionView, UserList, UserView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import PutOut, end_credentials
from clawforge_server.service.invariant_watch import Occasion, hold, subjects_of
from clawforge_server.state.org_state import OrgState, read_org
from clawforge_server.state.warming import warm
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import SuspensionRecord


def list_users(plane: ControlPlane, who: Principal, org: str) -> UserList:
    """The declared users whom the caller's right reaches, by name. Raises NotFoundError."""
    state = plane.states.get(org)
    names = sorted(state.access.users)
    return UserList(users=tuple(_view(state, name) for name in names if who.may("users:read", _target(state, name))))


def suspend_user(
    plane: ControlPlane, who: Principal, org: str, name: str, request: SuspensionRequest, *, origin: Origin
) -> UserView:
    """Stop a user until somebody lifts it, whatever the files say: every session and key ends for good, and the user's
    agents get a policy that allows nothing.

    A suspension does not end by itself: a lock that opens when a clock says so is none. Raises NotFoundError,
    ConflictError for a user who is stopped already, ForbiddenError for the last owner unless the server's owner asks.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        user = _declared(state, name)
        who.require("users:suspend", _target(state, user.metadata.name))
        left = owners(state.access)
        if left == {user.metadata.name} and who.org is not None:
            raise ForbiddenError(
                f"{user.metadata.name} is the last active user who holds every right.",
                hint="Make somebody else an owner first; the server's owner can do it all the same.",
                code="last-owner",
            )
        record = SuspensionRecord(user.metadata.name, now, who.actor, request.reason)
        with plane.store.transaction() as transaction:
            if not transaction.suspensions.add(org, record):
                raise ConflictError(
                    f"{record.user} is suspended already.", hint="`clawforge user list` says by whom.", code="suspended"
                )
            ended = end_credentials(transaction, org, PutOut(frozenset((f"{USER}{record.user}",))), now, who.actor)
            entry = done(
                now,
                who.actor,
                "users:suspend",
                origin=origin,
                target=f"User/{record.user}",
                before={"state": user.spec.state.value},
                after={"state": "suspended"},
                reason=record.reason,
                ended=len(ended),
            )
            transaction.audit.append(org, entry)
            changed = _changed(plane, transaction, state)
        plane.credentials.forget(ended)
        plane.states.publish(changed)
    return _view(changed, record.user)


def activate_user(plane: ControlPlane, who: Principal, org: str, name: str, *, origin: Origin) -> UserView:
    """Lift the suspension: what the files say counts again. Credentials that ended stay ended.

    Raises NotFoundError, ConflictError for a user who is not stopped by hand, ForbiddenError for one who would hold
    more than the caller: that is giving rights.
    """
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.get(org)
        user = _declared(state, name)
        who.require("users:activate", _target(state, user.metadata.name))
        _require_no_gain(state, who, user.metadata.name)
        with plane.store.transaction() as transaction:
            if not transaction.suspensions.lift(org, user.metadata.name):
                raise ConflictError(
                    f"{user.metadata.name} is not suspended by hand; the files say {user.spec.state.value}.",
                    hint="Change `spec.state` of the user and apply." if user.spec.state.value != "active" else "",
                    code="not-suspended",
                )
            entry = done(
                now,
                who.actor,
                "users:activate",
                origin=origin,
                target=f"User/{user.metadata.name}",
                before={"state": "suspended"},
                after={"state": user.spec.state.value},
            )
            transaction.audit.append(org, entry)
            changed = _changed(plane, transaction, state)
            subjects = subjects_of(transaction, org, user.metadata.name, now)
            changed = hold(transaction, changed, subjects, Occasion(who.actor, now, origin))
        plane.states.publish(changed)
    return _view(changed, user.metadata.name)


def _require_no_gain(state: OrgState, who: Principal, name: str) -> None:
    given = AccessModel.of(state.resources.values()).rights_of_user(name)
    missing = who.rights.beyond(Rights(tuple(right for right in given.rights if right.via != BUILT_IN)))
    if missing:
        raise ForbiddenError(
            f"{name} would hold again what {who.actor} does not: {', '.join(dict.fromkeys(map(str, missing)))}.",
            hint="Ask somebody who holds these rights.",
            code="grant-exceeds-grantor",
        )


def _changed(plane: ControlPlane, transaction: Transaction, state: OrgState) -> OrgState:
    """The org after the suspension, under a new serial: bundles of the user's agents differ."""
    record = transaction.orgs.get(state.name)
    if record is None:
        raise LookupError("an org that has users exists")
    transaction.orgs.update(dataclasses.replace(record, serial=record.serial + 1))
    changed = read_org(transaction, state.name, plane.clock.now(), state)
    if changed is None:
        raise LookupError("an org that has users exists")
    warm(changed)
    return changed


def _declared(state: OrgState, name: str) -> User:
    found = state.access.user_name(name)
    if found is None:
        guess = nearest(name, state.access.users)
        raise NotFoundError(
            f"The org {state.name!r} has no user {name!r}.",
            hint=f"Did you mean {guess!r}?" if guess else "`clawforge user list` lists them.",
            code="unknown-user",
        )
    return state.access.users[found]


def _target(state: OrgState, name: str) -> Target:
    return Target(groups=state.access.groups_of_user(name))


def _view(state: OrgState, name: str) -> UserView:
    user = state.access.users[name]
    record = next((item for item in state.suspensions if item.user == name), None)
    position = state.positions.get(user.address)
    return UserView(
        user=name,
        email=user.spec.email,
        display_name=user.spec.display_name,
        declared=user.spec.state.value,
        state="suspended" if name in state.access.suspended else "active",
        suspension=None if record is None else SuspensionView(at=record.at, by=record.by, reason=record.reason),
        roles=state.access.roles_of_user(name),
        file=position.file if position else None,
        line=position.line_of("/spec/state") if position else None,
    )
