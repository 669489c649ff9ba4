"""The effective policy of one subject as a document for people and programs."""

from __future__ import annotations

import datetime as dt

from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resolve.provenance import locate
from clawforge.resolve.subject import Subject
from clawforge.wire import Alert, EffectiveView


def effective_view(
    org: OrgModel, subject: Subject, at: dt.datetime, positions: Positions, *, revision: int | None = None
) -> EffectiveView:
    """Resolve a subject and say where every value was written."""
    resolution = org.resolve(subject, at)
    return EffectiveView(
        subject=subject,
        at=at,
        effective=resolution.effective,
        digest=resolution.digest,
        base=resolution.base,
        matched=resolution.matched,
        alerts=tuple(Alert(code=item.code, message=item.message) for item in resolution.alerts),
        provenance=locate(resolution.provenance, positions),
        revision=revision,
    )
