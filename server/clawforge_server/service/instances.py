"""Enrolled instances, as admins see them."""

from __future__ import annotations

from clawforge.errors import NotFoundError
from clawforge.wire import InstanceList, InstanceView
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import done
from clawforge_server.store.records import InstanceRecord


def list_instances(plane: ControlPlane, org: str) -> InstanceList:
    """All instances by name, with what they reported last. Raises NotFoundError."""
    plane.states.get(org)
    plane.reports.flush()
    with plane.store.transaction() as transaction:
        found = transaction.instances.list(org)
    return InstanceList(instances=tuple(_view(record) for record in found))


def revoke_instance(plane: ControlPlane, actor: str, org: str, name: str) -> None:
    """Its credential stops working at once; it keeps what it holds until that expires. Raises NotFoundError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        instance = transaction.instances.get(org, name)
        if instance is None or not transaction.instances.revoke(org, name, now):
            raise NotFoundError(f"There is no active instance {name!r} in this org.", code="unknown-instance")
        transaction.audit.append(org, done(now, actor, "instances:revoke", instance=name))
    plane.instances.forget(instance)
    # A poll of this instance may be waiting: it must end now.
    plane.wakeups.notify(org)


def _view(record: InstanceRecord) -> InstanceView:
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
        state="active" if record.revoked_at is None else "revoked",
    )
