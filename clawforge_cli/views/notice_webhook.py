"""A notice as the body of a Standard Webhook: type, time, and the rest below `data`."""

from __future__ import annotations

import orjson

from clawforge.reconcile.notice import Notice
from clawforge.resource.meta import format_instant


def webhook_body(notice: Notice) -> bytes:
    """JSON; what a notice does not say is left out."""
    data = notice.model_dump(mode="json", by_alias=True, exclude={"kind", "at"}, exclude_none=True)
    return orjson.dumps({"type": str(notice.kind), "timestamp": format_instant(notice.at), "data": data})
