"""Letting an instance out of its quarantine."""

from __future__ import annotations

import dataclasses

from clawforge.access.rights import ORG_WIDE
from clawforge.errors import NotFoundError
from clawforge.wire_enrollment import InstanceView
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.service.instances import (
    APPROVE,
    instance_target,
    instance_view,
    require_foreign,
    require_person,
)
from clawforge_server.state.org_state import empty_org, in_quarantine

RELEASE = "instances:release"


def release_instance(
    plane: ControlPlane, who: Principal, org: str, name: str, reason: str, *, origin: Origin | None = None
) -> InstanceView:
    """The instance may do again what its policy says. It is not shut in for the same invariants anew, as long as these
    stay as they are.

    Raises NotFoundError for an instance that is not in quarantine, ForbiddenError for one that the caller's right does
    not reach, for the caller's own (`own-instance`), and for a program (`not-a-person`), UnavailableError when the org
    changed at this moment.
    """
    require_person(who)
    now = plane.clock.now()
    with plane.states.changing(org):
        state = plane.states.find(org) or empty_org(org)
        with plane.store.transaction() as transaction:
            require_standing(transaction, state, who, now)
            instance = transaction.instances.get(org, name)
            who.require(APPROVE, ORG_WIDE if instance is None else instance_target(state, instance))
            held, by_hand = state.quarantined(name), state.shut_in_by_hand(name)
            shut_in = instance is not None and instance.state_at(now) == "active" and state.is_shut_in(name)
            if instance is None or state.record is None or not shut_in:
                raise _not_in_quarantine(name)
            require_foreign(who, instance)
            require_present(transaction, state)
            transaction.quarantines.release(org, name, now, who.actor, reason)
            if by_hand is not None:
                ended = dataclasses.replace(by_hand, ended_at=now, ended_by=who.actor, end_reason=reason)
                transaction.overlays.put(ended)
            entry = done(
                now,
                who.actor,
                RELEASE,
                origin=origin,
                revision=state.state.revision,
                target=f"instance/{name}",
                before={"state": "quarantined"},
                after={"state": "active"},
                instance=name,
                invariants=[item.invariant for item in held],
                overlay=None if by_hand is None else by_hand.id,
                reason=reason,
            )
            transaction.audit.append(org, entry)
            # Its lease says something else from now on, and never does so under one serial.
            record = dataclasses.replace(state.record, serial=state.record.serial + 1)
            transaction.orgs.update(record)
            changed = state.with_quarantines(record, in_quarantine(transaction, org))
            changed = changed.with_overlays(record, transaction.overlays.open(org))
        plane.states.publish(changed)
    return instance_view(changed, instance, now)


def _not_in_quarantine(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no instance {name!r} in quarantine in this org.",
        hint="`clawforge fleet list --state quarantined` lists those that are.",
        code="unknown-instance",
    )
