"""What an instance said that it enforced, and when."""

from __future__ import annotations

import datetime as dt

from clawforge.access.rights import ORG_WIDE
from clawforge.errors import NotFoundError
from clawforge.wire_asking import Acknowledgement, AcknowledgementPage
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.instances import instance_target
from clawforge_server.store.records import AcknowledgementRecord


def list_acknowledgements(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    *,
    before: int | None = None,
    until: dt.datetime | None = None,
    limit: int,
) -> AcknowledgementPage:
    """Newest first, below a number and no later than a moment. Raises NotFoundError, ForbiddenError for an instance
    that the caller's right does not reach.
    """
    state = plane.states.get(org)
    plane.reports.flush()
    with plane.store.transaction() as transaction:
        instance = transaction.instances.get(org, name)
        who.require("instances:read", ORG_WIDE if instance is None else instance_target(state, instance))
        if instance is None:
            raise NotFoundError(f"There is no instance {name!r} in this org.", code="unknown-instance")
        found = transaction.acknowledgements.page(org, name, before=before, until=until, limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    return AcknowledgementPage(
        instance=name, acknowledgements=tuple(map(_view, shown)), next=shown[-1].number if more else None
    )


def _view(record: AcknowledgementRecord) -> Acknowledgement:
    if record.number is None:
        raise LookupError("what was kept has a number")
    return Acknowledgement(
        number=record.number,
        at=record.at,
        digest=record.digest,
        revision=record.revision,
        serial=record.serial,
    )
