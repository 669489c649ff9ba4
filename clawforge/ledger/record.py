"""One record of the ledger: what it says, and the bytes of it that are hashed.

A record has two parts. The *payload* (detail, before and after, where from, what an agent claimed) may be purged once
it is old enough. The *statement* (who did what, when, how it ended) stays, and holds the hash of the payload; its
canonical JSON is the leaf of the Merkle tree. So the tree can be checked whether or not payloads are still there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any

import orjson
from pydantic import Field

from clawforge.canonical import canonical_bytes
from clawforge.ledger.merkle import leaf_hash
from clawforge.resource.meta import Instant, Sha256, Strict, format_instant

SCHEMA = "clawforge.audit/v1"
_LARGEST_EXACT = 2**53 - 1
_DEEPEST = 32


class AuditEvent(Strict):
    """One record of an org's log; `seq` counts from 1 without gaps, and `at` is the server's time.

    `outcome` is `done` or `refused`, or an agent's word for how a call ended (`allow`, `ask`, `deny`). `payload` is the
    hash of everything from `detail` on, `leaf` that of the rest: see `docs/how-to/audit.md`. When the payload was
    purged, or cannot be read any more, `payloadState` says so.
    """

    seq: Annotated[int, Field(ge=1, le=_LARGEST_EXACT)]
    at: Instant
    class_: Annotated[str, Field(alias="class")]
    actor: str
    action: str
    outcome: str
    target: str | None = None
    revision: int | None = None
    payload: Sha256
    leaf: Sha256
    payload_state: Annotated[str, Field(pattern="^(present|absent|damaged)$")] = "present"
    detail: dict[str, Any] = {}
    before: Any = None
    after: Any = None
    address: str | None = None
    credential: str | None = None
    request: str | None = None
    claimed: Instant | None = None
    salt: str | None = None


def payload_of(event: AuditEvent) -> bytes:
    """The bytes whose hash is `event.payload`, made from what the event says."""
    return payload_bytes(
        detail=event.detail,
        before=event.before,
        after=event.after,
        address=event.address,
        credential=event.credential,
        request=event.request,
        claimed=event.claimed,
        salt=event.salt,
    )


def leaf_of(org: str, event: AuditEvent) -> bytes:
    """The leaf of an event in the tree of an org, made from what the event says."""
    payload = bytes.fromhex(event.payload.removeprefix("sha256:"))
    return leaf_hash(
        statement_bytes(
            org,
            event.seq,
            event.at,
            event.class_,
            event.actor,
            event.action,
            event.outcome,
            event.target,
            event.revision,
            payload,
        )
    )


def statement_bytes(
    org: str,
    seq: int,
    at: dt.datetime,
    event_class: str,
    actor: str,
    action: str,
    outcome: str,
    target: str | None,
    revision: int | None,
    payload: bytes,
) -> bytes:
    """The canonical JSON of a statement; `payload` is the raw hash of the payload's bytes."""
    # The keys stand in their canonical order, and no value can need more than plain JSON.
    document: dict[str, Any] = {
        "action": action,
        "actor": actor,
        "at": format_instant(at),
        "class": event_class,
        "org": org,
        "outcome": outcome,
        "payload": "sha256:" + payload.hex(),
    }
    if revision is not None:
        document["revision"] = revision
    document["schema"] = SCHEMA
    document["seq"] = seq
    if target is not None:
        document["target"] = target
    return orjson.dumps(document)


def payload_bytes(
    *,
    detail: Mapping[str, Any],
    before: Any = None,
    after: Any = None,
    address: str | None = None,
    credential: str | None = None,
    request: str | None = None,
    claimed: dt.datetime | None = None,
    salt: str | None = None,
) -> bytes:
    """The canonical JSON of a payload; what is absent or empty is left out.

    The salt keeps a payload that was purged from being guessed back from its hash.
    """
    document = {
        "address": address,
        "after": after,
        "before": before,
        "claimed": None if claimed is None else format_instant(claimed),
        "credential": credential,
        "detail": dict(detail),
        "request": request,
        "salt": salt,
    }
    return canonical_bytes({key: value for key, value in document.items() if value not in (None, "", {})})


def payload_hash(payload: bytes) -> bytes:
    """The raw hash that a statement holds of a payload."""
    return hashlib.sha256(payload).digest()


def plain(value: Any, depth: int = 0) -> Any:
    """Any value as JSON that has one canonical form: numbers with a fraction or beyond 2^53 become text, moments
    RFC 3339, broken Unicode is replaced, and what is nested more than 32 levels deep is cut off."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _clean(str(value.value) if isinstance(value, Enum) else value)
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        if depth >= _DEEPEST:
            return "(cut off)"
        if isinstance(value, Mapping):
            return {_clean(str(key)): plain(item, depth + 1) for key, item in value.items()}
        items = value if isinstance(value, list | tuple) else sorted(value, key=str)
        return [plain(item, depth + 1) for item in items]
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return format_instant(value)
    return _clean(str(value))


def _clean(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()
