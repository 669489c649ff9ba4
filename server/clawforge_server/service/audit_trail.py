"""Who did what: entries for the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson

from clawforge.plan import Plan
from clawforge_server.origin import Origin
from clawforge_server.store.audit_records import SERVER_LOG
from clawforge_server.store.port import Store
from clawforge_server.store.records import AuditEntry

__all__ = ["SERVER_LOG", "Origin", "changed_fields", "done", "record_refusal"]

_MOST_CHANGES = 500
_MOST_BYTES = 64 * 1024


def done(
    at: dt.datetime,
    actor: str,
    action: str,
    *,
    origin: Origin | None = None,
    revision: int | None = None,
    target: str | None = None,
    before: Any = None,
    after: Any = None,
    **detail: Any,
) -> AuditEntry:
    """Something that happened; append it in the transaction that makes it happen.

    `target` is what was changed, such as `token/<id>`; `before` and `after` are JSON documents of it without secrets;
    `revision` is the one that the change made or was made under. Values of `detail` that are None are left out.
    """
    return AuditEntry(
        at=at,
        actor=actor,
        action=action,
        outcome="done",
        detail={key: value for key, value in detail.items() if value is not None},
        target=target,
        revision=revision,
        before=before,
        after=after,
        origin=origin,
    )


def changed_fields(plan: Plan) -> dict[str, Any]:
    """What an apply changes, field by field with before and after.

    At most 500 resources and 64 KiB: of what lies beyond, only the address and the action are kept, then only the
    number. Everything stands in the history of revisions, and the plan's digest covers it.
    """
    kept: list[dict[str, Any]] = []
    room = _MOST_BYTES
    for change in plan.changes[:_MOST_CHANGES]:
        whole = change.model_dump(mode="json", by_alias=True, include={"address", "action", "fields"})
        size = len(orjson.dumps(whole))
        if size > room:
            whole = {"address": change.address, "action": whole["action"], "truncated": True}
            size = 0
        room -= size
        kept.append(whole)
    more = len(plan.changes) - len(kept)
    return {"resources": kept, **({"more": more} if more else {})}


def record_refusal(
    store: Store,
    org: str,
    at: dt.datetime,
    actor: str,
    action: str,
    code: str,
    *,
    origin: Origin | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Keep that somebody was refused something, and by which rule; what they sent is not kept."""
    entry = AuditEntry(at, actor, action, "refused", {**(detail or {}), "code": code}, origin=origin)
    with store.transaction() as transaction:
        transaction.audit.append(org, entry)
