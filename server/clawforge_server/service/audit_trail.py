"""Who did what: entries for the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clawforge_server.store.port import Store
from clawforge_server.store.records import AuditEntry


def done(at: dt.datetime, actor: str, action: str, **detail: Any) -> AuditEntry:
    """Something that happened; append it in the transaction that makes it happen."""
    return AuditEntry(at, actor, action, "done", {key: value for key, value in detail.items() if value is not None})


def record_refusal(store: Store, org: str, at: dt.datetime, actor: str, action: str, code: str) -> None:
    """Keep that somebody known was refused something, and by which rule; what they sent is not kept."""
    with store.transaction() as transaction:
        transaction.audit.append(org, AuditEntry(at, actor, action, "refused", {"code": code}))
