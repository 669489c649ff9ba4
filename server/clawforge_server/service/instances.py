"""Enrolled instances, as admins see them."""

from __future__ import annotations

import dataclasses
import datetime as dt

from clawforge.access.model import USER
from clawforge.access.rights import ORG_WIDE, Target
from clawforge.errors import ForbiddenError, NotFoundError
from clawforge.wire_enrollment import InstanceView, QuarantineView
from clawforge_server.auth.principal import PEOPLE, Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.service.invariant_watch import Occasion, watching
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, InstanceRecord

APPROVE = "instances:approve"


def instance_target(state: OrgState, record: InstanceRecord) -> Target:
    """Whom an instance concerns: the groups of its user, and those that it was given at enrolment."""
    return Target(groups=state.access.groups_of_user(record.user) | frozenset(record.groups))


def revoke_instance(
    plane: ControlPlane, who: Principal, org: str, name: str, reason: str | None = None, *, origin: Origin | None = None
) -> None:
    """Its credential stops working at once, and once it asks again its agent denies every call.

    Raises NotFoundError, ForbiddenError for an instance that the caller's right does not reach.
    """
    now = plane.clock.now()
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        instance = transaction.instances.get(org, name)
        who.require("instances:revoke", ORG_WIDE if instance is None else instance_target(state, instance))
        if instance is None or not transaction.instances.revoke(org, name, now, reason):
            raise NotFoundError(f"There is no active instance {name!r} in this org.", code="unknown-instance")
        transaction.revocations.add(org)
        entry = done(
            now,
            who.actor,
            "instances:revoke",
            origin=origin,
            target=f"instance/{name}",
            before={"state": instance.state_at(now)},
            after={"state": dataclasses.replace(instance, revoked_at=now).state_at(now)},
            instance=name,
            reason=reason,
        )
        transaction.audit.append(org, entry)
    plane.instances.forget((instance.sha256,))
    # A poll of this instance may be waiting: it must end now.
    plane.wakeups.notify(org)


def approve_instance(
    plane: ControlPlane, who: Principal, org: str, name: str, reason: str | None = None, *, origin: Origin | None = None
) -> InstanceView:
    """A machine that waits gets its policy from now on, or is shut in if it violates an invariant which says so.

    Raises NotFoundError for an instance that does not wait, ForbiddenError for one that the caller's right does not
    reach, for the caller's own (`own-instance`), and for a program that approves (`not-a-person`), UnavailableError
    when the org changed at this moment.
    """
    require_person(who)
    now = plane.clock.now()
    # Before the transaction: an org that is not in memory is read in one of its own.
    state = plane.states.find(org) or empty_org(org)
    with watching(plane, state) as watch, plane.store.transaction() as transaction:
        _waiting(state, transaction, who, org, name, now)
        require_present(transaction, state)
        if not transaction.instances.approve(org, name, now, who.actor, reason):
            raise _not_waiting(name)
        transaction.audit.append(org, _reviewed(who, name, "active", now, reason, origin))
        approved = _present(transaction, org, name)
        # From this transaction on it may poll, so it may have got a lease of the present serial.
        watch.hold(transaction, (subject_of(approved),), Occasion(who.actor, now, origin), served=True)
    plane.version_looks.newcomer(org)
    return instance_view(watch.after, approved, now)


def require_person(who: Principal) -> None:
    """Raise ForbiddenError (`not-a-person`) for a program."""
    if who.kind not in PEOPLE:
        raise ForbiddenError(
            "Only people let machines in: whoever can run a program could let in their own through it.",
            hint="Sign in with `clawforge login`; a program may reject.",
            code="not-a-person",
        )


def reject_instance(
    plane: ControlPlane, who: Principal, org: str, name: str, reason: str | None = None, *, origin: Origin | None = None
) -> InstanceView:
    """A machine that waits is turned away for good. Raises as `approve_instance`."""
    now = plane.clock.now()
    # Before the transaction: an org that is not in memory is read in one of its own.
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        _waiting(state, transaction, who, org, name, now)
        transaction.instances.revoke(org, name, now, reason)
        transaction.audit.append(org, _reviewed(who, name, "rejected", now, reason, origin))
        rejected = _present(transaction, org, name)
    return instance_view(state, rejected, now)


def _present(transaction: Transaction, org: str, name: str) -> InstanceRecord:
    found = transaction.instances.get(org, name)
    if found is None:
        raise LookupError("an instance is never deleted")
    return found


def _waiting(state: OrgState, transaction: Transaction, who: Principal, org: str, name: str, now: dt.datetime) -> None:
    require_standing(transaction, state, who, now)
    instance = transaction.instances.get(org, name)
    who.require(APPROVE, ORG_WIDE if instance is None else instance_target(state, instance))
    if instance is None or instance.state_at(now) != "pending":
        raise _not_waiting(name)
    require_foreign(who, instance)


def require_foreign(who: Principal, instance: InstanceRecord) -> None:
    """Raise ForbiddenError (`own-instance`) for the caller's own instance."""
    if who.answerable == f"{USER}{instance.user}":
        raise ForbiddenError(
            f"The instance {instance.name!r} is your own.",
            hint="Somebody else who may approve instances has to look at it.",
            code="own-instance",
        )


def _reviewed(
    who: Principal, name: str, after: str, now: dt.datetime, reason: str | None, origin: Origin | None
) -> AuditEntry:
    return done(
        now,
        who.actor,
        APPROVE if after == "active" else "instances:reject",
        origin=origin,
        target=f"instance/{name}",
        before={"state": "pending"},
        after={"state": after},
        instance=name,
        reason=reason,
    )


def _not_waiting(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no instance {name!r} that waits for an approval in this org.",
        hint="`clawforge fleet list --state pending` lists those that do.",
        code="unknown-instance",
    )


def instance_view(state: OrgState, record: InstanceRecord, now: dt.datetime) -> InstanceView:
    """The instance as people see it; one that is shut in is `quarantined`, though its credential is good."""
    own = record.state_at(now)
    shut_in = quarantine_views(state, record.name) if own == "active" else ()
    return InstanceView(
        instance=record.name,
        user=record.user,
        groups=record.groups,
        tags=dict(record.tags),
        hostname=record.hostname,
        host=record.host,
        versions=dict(record.versions),
        enrolled_at=record.enrolled_at,
        last_seen=record.last_seen,
        acknowledged=record.acknowledged,
        started_at=record.started_at,
        last_exit=record.last_exit,
        crashes=record.crashes,
        channels=dict(record.channels),
        state="quarantined" if shut_in else own,
        pending_until=record.pending_until,
        approved_by=record.approved_by,
        reason=record.reason,
        quarantine=shut_in,
        protocol=record.protocol,
    )


def quarantine_views(state: OrgState, name: str) -> tuple[QuarantineView, ...]:
    """Why an instance is shut in: invariants first, then somebody's word."""
    found = [QuarantineView(invariant=item.invariant, at=item.at, why=item.why) for item in state.quarantined(name)]
    held = state.shut_in_by_hand(name)
    if held is not None:
        by_hand = QuarantineView(at=held.created_at, why=held.reason, by=held.created_by, until=held.expires_at)
        found.append(by_hand)
    return tuple(found)
