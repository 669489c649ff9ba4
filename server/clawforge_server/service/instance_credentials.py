"""Credentials of instances: recognising them, and replacing one by another without ever locking an agent out.

A new credential takes the place of the old one when it is used for the first time, so an answer that is lost costs
nothing. From then on the old one is retired: whoever shows it has a copy.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.errors import ForbiddenError, UnauthenticatedError
from clawforge.wire_enrollment import CredentialAnswer
from clawforge_server.auth.secrets import INSTANCE_PREFIX, credential_hash, new_credential
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done, record_refusal
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord, RetiredCredential

ROTATE = "instances:rotate"
_UNUSED_LIFE = dt.timedelta(minutes=10)
_NOTED_EVERY = dt.timedelta(hours=1)
_ENROL_AGAIN = "Enrol again with a new token and a new state directory, if this was not on purpose."


@dataclass(frozen=True, slots=True)
class _Found:
    """What a hash belongs to; `replaced` is the hash of the credential whose place it took just now."""

    instance: InstanceRecord | None = None
    replaced: str | None = None
    reused: RetiredCredential | None = None


def recognise_credential(plane: ControlPlane, sha256: str, *, origin: Origin | None = None) -> InstanceRecord:
    """The active instance whose credential has this hash. Blocks.

    Raises UnauthenticatedError: `unknown-instance`, `credential-reused` for one that another replaced, which is
    audited, `instance-revoked`, `enrolment-rejected` and `enrolment-expired`; ForbiddenError (`enrolment-pending`) for
    an instance that nobody approved yet.
    """
    found = plane.instances.peek(sha256)
    if found is not None:
        return found
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        looked_up = _look_up(plane, transaction, sha256, now, origin)
    if looked_up.replaced is not None and looked_up.instance is not None:
        plane.instances.forget((looked_up.replaced,))
        plane.wakeups.notify(looked_up.instance.org)
    if looked_up.reused is not None:
        _note_reuse(plane, looked_up.reused, now, origin)
    if looked_up.instance is None:
        raise _refused("This is not the credential of an instance.", "unknown-instance")
    _require_active(looked_up.instance, now)
    return looked_up.instance


def offer_credential(
    plane: ControlPlane, instance: InstanceRecord, shown: str, *, origin: Origin | None = None
) -> CredentialAnswer:
    """Make the credential that follows the one with the hash `shown`. One that was offered before and never used is
    dead. Raises UnauthenticatedError if the instance or the shown credential ended meanwhile."""
    now = plane.clock.now()
    credential = new_credential(INSTANCE_PREFIX)
    until = now.replace(microsecond=0) + _UNUSED_LIFE
    with plane.store.transaction() as transaction:
        present = transaction.instances.get(instance.org, instance.name)
        if present is None or present.sha256 != shown:
            raise _refused("This is not the credential of an instance.", "unknown-instance")
        _require_active(present, now)
        transaction.instances.offer(instance.org, instance.name, credential_hash(credential), until)
        entry = done(
            now,
            f"instance:{instance.name}",
            ROTATE,
            origin=origin,
            target=f"instance/{instance.name}",
            instance=instance.name,
            step="offered",
        )
        transaction.audit.append(instance.org, entry)
    return CredentialAnswer(credential=credential, lapses_at=until)


def _look_up(
    plane: ControlPlane, transaction: Transaction, sha256: str, now: dt.datetime, origin: Origin | None
) -> _Found:
    found = transaction.instances.find(sha256)
    if found is None:
        return _Found(reused=transaction.instances.retired(sha256))
    if found.state_at(now) != "active":
        return _Found(found)
    replaced = None
    if found.sha256 != sha256:
        if found.next_until is None or now >= found.next_until:
            return _Found()
        replaced = found.sha256
        found = transaction.instances.rotate(found, now)
        # Other replicas hold the old one in memory.
        transaction.revocations.add(found.org)
        entry = done(
            now,
            f"instance:{found.name}",
            ROTATE,
            origin=origin,
            target=f"instance/{found.name}",
            instance=found.name,
            step="replaced",
        )
        transaction.audit.append(found.org, entry)
    plane.instances.keep(found)
    return _Found(found, replaced)


def _note_reuse(plane: ControlPlane, credential: RetiredCredential, now: dt.datetime, origin: Origin | None) -> None:
    """A credential that was replaced came again: somebody has a copy of it, or the agent was set back to an old state.
    Kept once an hour for each, since whoever shows it does so at every poll."""
    if credential.shown_at is None or now - credential.shown_at >= _NOTED_EVERY:
        with plane.store.transaction() as transaction:
            transaction.instances.note_shown(credential, now)
        actor = f"instance:{credential.instance}"
        detail = {"instance": credential.instance}
        record_refusal(
            plane.store, credential.org, now, actor, "agent:poll", "credential-reused", origin=origin, detail=detail
        )
    raise _refused("This credential was replaced by a newer one.", "credential-reused")


def _require_active(instance: InstanceRecord, now: dt.datetime) -> None:
    state = instance.state_at(now)
    if state == "pending":
        raise ForbiddenError(
            f"The instance {instance.name!r} waits for an approval.",
            hint=f"Somebody who may can run: clawforge fleet approve {instance.name}",
            code="enrolment-pending",
        )
    if state == "expired":
        raise _refused("Nobody approved this instance in time.", "enrolment-expired")
    if state == "rejected":
        raise _refused("This instance was turned away.", "enrolment-rejected")
    if state == "revoked":
        raise _refused("This instance was revoked.", "instance-revoked")


def _refused(message: str, code: str) -> UnauthenticatedError:
    return UnauthenticatedError(message, hint=_ENROL_AGAIN, code=code)
