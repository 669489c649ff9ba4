"""The audit log: searched, followed, proven, purged."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import AsyncIterator

from starlette.responses import Response, StreamingResponse

from clawforge.errors import ClawforgeError
from clawforge.ledger.record import AuditEvent
from clawforge.wire_audit import AuditPage, CheckpointList, ProofAnswer, PurgeAnswer, PurgeRequest
from clawforge_server.auth.admission import reauthorise
from clawforge_server.control_plane import audit_topic
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import parse_body
from clawforge_server.service.audit_checkpoints import list_checkpoints, prove_consistency, prove_inclusion
from clawforge_server.service.audit_reading import Followed, follow_audit, last_number, read_audit
from clawforge_server.service.audit_retention import purge
from clawforge_server.store.audit_records import AuditQuery

_LARGEST = 2**53 - 1
_PING_SECONDS = 15.0
_CHECK_SECONDS = 1.0
"""How often a stream makes sure that its reader still may read."""
_LOOK_SECONDS = 5.0
"""How often it looks for what another process wrote; what this one writes wakes it."""
_STREAM_PAGE = 100
_STREAM_BYTES = 128 * 1024
"""What a stream reads ahead: a reader that stalls keeps it in memory."""
_ORDERS = ("oldest", "newest")


async def page(call: Call) -> Response:
    """Records that fit."""
    order = call.query("order") or "oldest"
    if order not in _ORDERS:
        raise HttpError(400, "bad-parameter", "The parameter order must be oldest or newest.")
    newest_first = order == "newest"
    query = _query(
        call,
        limit=call.number("limit", 100, low=1, high=1_000) or 100,
        cursor=call.number("before" if newest_first else "after", None, low=0, high=_LARGEST),
        newest_first=newest_first,
    )
    nodes = call.query("nodes") == "true"
    return json_answer(await call.run(lambda: read_audit(call.plane, call.org, query, nodes=nodes)))


async def stream(call: Call) -> Response:
    """Records as they are written, as server-sent events whose ids are the records' numbers."""
    resumed = call.request.headers.get("last-event-id", "")
    after = call.number("after", None, low=0, high=_LARGEST)
    if resumed.isascii() and resumed.isdigit() and len(resumed) < 17:
        after = int(resumed)
    if after is None:
        after = await call.run(lambda: last_number(call.plane, call.org))
    query = dataclasses.replace(
        _query(call, limit=_STREAM_PAGE, cursor=after, newest_first=False), most_bytes=_STREAM_BYTES
    )
    await call.run(lambda: follow_audit(call.plane, call.org, query))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if call.request.method == "HEAD":
        return Response(headers=headers, media_type="text/event-stream")
    return StreamingResponse(_records(call, query), headers=headers, media_type="text/event-stream")


async def _records(call: Call, query: AuditQuery) -> AsyncIterator[bytes]:
    """Read as fast as the client takes them, and no faster: nothing waits in memory for a slow one."""
    plane, loop = call.plane, asyncio.get_running_loop()
    cursor, look = query.cursor or 0, True
    spoken = looked = loop.time()
    yield b"retry: 2000\n\n"
    while not plane.wakeups.closed:
        # The event first: what is written, or revoked, after the look wakes us.
        news = plane.wakeups.event(audit_topic(call.org))
        found = Followed((), cursor, False)
        try:
            await reauthorise(call, "audit:read")
            checked = loop.time()
            if look or checked - looked >= _LOOK_SECONDS:
                wanted = dataclasses.replace(query, cursor=cursor)
                found, looked = await call.run(functools.partial(follow_audit, plane, call.org, wanted)), checked
        except ClawforgeError as error:
            yield f"event: end\ndata: {error.code}\n\n".encode()
            return
        for event in found.events:
            yield _sse(event)
            cursor, spoken = event.seq, loop.time()
            if spoken - checked >= _CHECK_SECONDS:
                # A slow reader: whether it still may read comes before the rest.
                break
        else:
            cursor = max(cursor, found.upto)
            if not found.more:
                look = await _woken(news, _CHECK_SECONDS)
                if loop.time() - spoken >= _PING_SECONDS:
                    yield f"id: {cursor}\n: ping\n\n".encode()
                    spoken = loop.time()
                continue
        look = True


async def _woken(news: asyncio.Event, seconds: float) -> bool:
    """Whether there was news within this time."""
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def checkpoints(call: Call) -> Response:
    """What was signed about the log, and what is signed now."""
    return json_answer(await call.run(lambda: list_checkpoints(call.plane, call.org)))


async def proofs(call: Call) -> Response:
    """A proof by hashes."""
    size = call.number("size", None, low=1, high=_LARGEST)
    seq = call.number("seq", None, low=1, high=_LARGEST)
    old = call.number("old", None, low=1, high=_LARGEST)
    if (seq is None) == (old is None):
        raise HttpError(400, "bad-parameter", "Give either seq, for a record, or old, for an older size.")

    def work() -> ProofAnswer:
        if seq is not None:
            return prove_inclusion(call.plane, call.org, seq, size)
        return prove_consistency(call.plane, call.org, old or 1, size)

    return json_answer(await call.run(work))


async def purge_payloads(call: Call) -> Response:
    """Take old payloads away."""

    def work() -> PurgeAnswer:
        request = parse_body(PurgeRequest, call.body)
        return purge(call.plane, call.who.actor, call.org, request, origin=call.origin)

    return json_answer(await call.run(work))


def _query(call: Call, *, limit: int, cursor: int | None, newest_first: bool) -> AuditQuery:
    """The filters of a request. An instance is an actor, a tool the target of a call."""
    instance, tool = _text(call, "instance"), _text(call, "tool")
    actor, target, event_class = _text(call, "actor"), _text(call, "target"), _text(call, "class")
    if instance is not None:
        actor = _only("instance", actor, f"instance:{instance}")
    if tool is not None:
        target, event_class = _only("tool", target, tool), _only("tool", event_class, "call")
    return AuditQuery(
        limit=limit,
        cursor=cursor,
        newest_first=newest_first,
        since=call.moment("since"),
        until=call.moment("until"),
        actor=actor,
        action=_text(call, "action"),
        outcome=_text(call, "outcome"),
        event_class=event_class,
        target=target,
    )


def _only(name: str, given: str | None, meant: str) -> str:
    if given is not None and given != meant:
        raise HttpError(400, "bad-parameter", f"The parameter {name} contradicts another one.")
    return meant


def _text(call: Call, name: str) -> str | None:
    text = call.query(name)
    if text is not None and not 1 <= len(text) <= 256:
        raise HttpError(400, "bad-parameter", f"The parameter {name} must have 1 to 256 characters.")
    return text


def _sse(event: AuditEvent) -> bytes:
    # JSON text holds no line break, so it is one `data` line whatever the record says.
    return f"id: {event.seq}\nevent: record\ndata: {event.model_dump_json(by_alias=True)}\n\n".encode()


_FILTERS = (
    Parameter("since", "Only records from this moment on, RFC 3339."),
    Parameter("until", "Only records before this moment, RFC 3339."),
    Parameter("actor", "Who did it, such as user:ann, service-account:ci or instance:laptop-7."),
    Parameter("action", "What was done, such as plans:apply."),
    Parameter("outcome", "How it ended: done or refused; of agents' calls allow, ask or deny."),
    Parameter("class", "Class of event, such as policy, access, fleet or call."),
    Parameter("target", "What it was done to, such as plan/ID or the name of a tool."),
    Parameter("instance", "What this instance reported or did."),
    Parameter("tool", "Calls of this tool."),
)

ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/audit",
        "Who did what, and who was refused what. A page may be short or empty: only a missing `next` is the end.",
        page,
        AuditPage,
        "audit:read",
        parameters=(
            Parameter("after", "Only records above this number, oldest first."),
            Parameter("before", "Only records below this number, newest first."),
            Parameter("limit", "How many at most, 1 to 1000; 100 if left out."),
            Parameter("order", "oldest (first) or newest; oldest if left out."),
            Parameter("nodes", "true: with the stored hashes of subtrees, for verification."),
            *_FILTERS,
        ),
        refusals=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/audit/stream",
        "Records as they are written: server-sent events; the id of each is its number, by which to resume.",
        stream,
        None,
        "audit:read",
        parameters=(
            Parameter("after", "Begin after this number; with what is written next if left out."),
            Parameter("Last-Event-ID", "Resume after this number.", "header"),
            *_FILTERS,
        ),
        refusals=(400, 404),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/audit/checkpoints",
        "Signed statements about the log's length and root hash, the last one made now.",
        checkpoints,
        CheckpointList,
        "audit:read",
        refusals=(404,),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/audit/proofs",
        "Proof that a record is in the log, or that the log continues an older one (RFC 9162).",
        proofs,
        ProofAnswer,
        "audit:read",
        parameters=(
            Parameter("seq", "The record to prove."),
            Parameter("old", "The older size to prove."),
            Parameter("size", "The size of the log that it is proven for; the present one if left out."),
        ),
        refusals=(400, 404, 503),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/audit/purge",
        "Take away payloads that are older than the org keeps them; hashes and a record of the purge stay.",
        purge_payloads,
        PurgeAnswer,
        "audit:purge",
        PurgeRequest,
        refusals=(404, 422, 503),
    ),
)
