"""A database with an audit log of two orgs that has everything in it, and the log as a verifier reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from server_app import Api

from clawforge.wire_audit import AuditPage, CheckpointList
from clawforge_server.service.audit_checkpoints import list_checkpoints
from clawforge_server.service.audit_reading import read_audit
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.records import AuditEntry

START = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


def company(
    *, deny: Sequence[str] = (), org: str = "acme", retention: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """A small org."""
    about = {"retention": retention} if retention else {}
    policy = {"appliesTo": "everyone", **({"tools": {"deny": list(deny)}} if deny else {})}
    return [
        _resource("Organization", org, about),
        _resource("User", "dev", {"email": "dev@acme.example"}),
        _resource("Policy", "default", policy),
    ]


def _resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def fill(api: Api, count: int, *, org: str = "acme", event_class: str = "call", actor: str = "instance:a") -> None:
    """Records of one class, in batches of 50."""
    for start in range(0, count, 50):
        entries = [
            AuditEntry(
                api.clock.now(),
                actor,
                "tool:call",
                "allow" if number % 3 else "deny",
                {"n": number, "text": "x" * (number % 40)},
                target=f"tool-{number % 5}",
                event_class=event_class,
            )
            for number in range(start, min(start + 50, count))
        ]
        with api.plane.store.transaction() as transaction:
            transaction.audit.append_all(org, entries)


class DirectSource:
    """The log, read by the server's own functions without HTTP in between."""

    def __init__(self, api: Api, org: str = "acme", limit: int = 1_000) -> None:
        self._api = api
        self._org = org
        self._limit = limit

    def checkpoints(self) -> CheckpointList:
        return list_checkpoints(self._api.plane, self._org)

    def page(self, after: int) -> AuditPage:
        query = AuditQuery(limit=self._limit, cursor=after)
        return read_audit(self._api.plane, self._org, query, nodes=True)


def database(path: Path) -> Path:
    """The file that a data directory holds."""
    return next(path.glob("*.db"))
