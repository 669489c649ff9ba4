"""Audit events of plugins, and the log as the old console reads it."""

from __future__ import annotations

import dataclasses

from starlette.responses import Response

from clawforge.errors import ForbiddenError, InputError
from clawforge.legacy.event import EVENTS, read_events
from clawforge.legacy.identifier import event_number, user_id
from clawforge_server.problems import HttpError
from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer, plain_answer, plugin_of
from clawforge_server.service.legacy.plugin_audit import (
    MOST_EVENTS,
    event_stats,
    one_event,
    query_events,
    take_plugin_events,
)
from clawforge_server.store.audit_records import AuditQuery

_UPLOAD = 32 * 1024 * 1024
"""The plugin's whole buffer, 10,000 events, in one piece: what is refused comes again for ever."""
_FOREIGN_ORG = "Event orgId mismatch: all events must belong to the route orgId"
_FOREIGN_USER = "Non-admin users can only submit audit events for their own userId"


async def report(call: LegacyCall) -> Response:
    """Take a buffer in; the answer is sent once it is durable."""
    document = await call.run(lambda: call.read(EVENTS, any_text=True))
    instance = await plugin_of(call)
    own, org = user_id(instance.org, instance.user), call.org_id
    events = document["events"]
    if len(events) > MOST_EVENTS:
        raise HttpError(413, "too-large", f"More than {MOST_EVENTS} events in one request.")
    if any(event["orgId"] != org for event in events):
        raise InputError(_FOREIGN_ORG, code="foreign-org")
    if any(event["userId"] != own for event in events):
        raise ForbiddenError(_FOREIGN_USER, code="foreign-user")
    taken = await call.run(lambda: take_plugin_events(call.plane, instance, read_events(events), call.origin))
    return plain_answer({"ingested": taken}, 201)


async def query(call: LegacyCall) -> Response:
    """The newest records, page by page."""
    wanted = _query(call)
    return answer(await call.run(lambda: query_events(call.plane, call.org, wanted)))


async def stats(call: LegacyCall) -> Response:
    """How long the log is."""
    return answer(await call.run(lambda: event_stats(call.plane, call.org)))


async def event(call: LegacyCall) -> Response:
    """One record."""
    return answer(await call.run(lambda: one_event(call.plane, call.org, call.path("id"))))


def _query(call: LegacyCall) -> AuditQuery:
    found = AuditQuery(
        newest_first=True,
        since=call.moment(call.query("startDate"), "startDate"),
        until=call.moment(call.query("endDate"), "endDate"),
    )
    cursor, limit = call.query("cursor"), call.query("limit")
    if cursor is not None:
        number = event_number(call.org, cursor)
        if number is None:
            raise InputError("Invalid cursor", code="bad-parameter")
        found = dataclasses.replace(found, cursor=number)
    if limit is not None:
        if not limit.isascii() or not limit.isdigit() or len(limit) > 6:
            raise InputError("Invalid limit", code="bad-parameter")
        found = dataclasses.replace(found, limit=min(max(int(limit), 1), 1_000))
    return found


_AUDIT = "/api/v1/audit/{org}/"

ENDPOINTS = (
    LegacyEndpoint("POST", _AUDIT + "events", report, takes_body=True, body_limit=_UPLOAD),
    LegacyEndpoint("GET", _AUDIT + "query", query, "audit:read", READER),
    LegacyEndpoint("GET", _AUDIT + "stats", stats, "audit:read", READER),
    LegacyEndpoint("GET", _AUDIT + "events/{id}", event, "audit:read", READER),
)
