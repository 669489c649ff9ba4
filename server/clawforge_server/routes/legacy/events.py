"""News for plugins as server-sent events: nothing that a heartbeat would not say as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.responses import Response, StreamingResponse

from clawforge.errors import ClawforgeError
from clawforge.legacy.answer import KillSwitch
from clawforge.legacy.identifier import user_id
from clawforge.resource.meta import Strict
from clawforge_server.auth.admission import recognise
from clawforge_server.routes.legacy.endpoint import LegacyCall, LegacyEndpoint, plugin_of
from clawforge_server.routes.legacy.policies import served_policy
from clawforge_server.state.plugin_policies import ServedPolicy
from clawforge_server.state.plugin_streams import PluginStream
from clawforge_server.store.records import InstanceRecord

_KEEPALIVE_SECONDS = 30.0
_SHORTEST_WAIT = 0.05
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


async def stream(call: LegacyCall) -> Response:
    """What changes for the caller's plugin, until either side ends it."""
    instance = await plugin_of(call)
    await served_policy(call, instance)
    if call.request.method == "HEAD":
        return Response(headers=_HEADERS)
    opened = call.plane.plugin_streams.open(call.who.credential)
    return StreamingResponse(_lines(call, instance, opened), headers=_HEADERS)


async def _lines(call: LegacyCall, instance: InstanceRecord, opened: PluginStream) -> AsyncIterator[bytes]:
    """As fast as the reader takes them: what it missed meanwhile is told as it is now."""
    plane = call.plane
    try:
        yield event("connected", {"orgId": call.org_id, "userId": user_id(instance.org, instance.user)})
        told, kill, news = None, KillSwitch(active=False), asyncio.Event()
        wanted = plane.refreshes.mark(instance.org, instance.name)
        while not (opened.ended or plane.wakeups.closed):
            # The event first, then the identity and the state: whatever changes after either was looked at wakes us.
            news = plane.wakeups.event(instance.org)
            served = await _present(call)
            if served is None:
                return
            if served.policy.kill_switch != kill:
                kill = served.policy.kill_switch
                yield event("kill_switch", kill)
            mark = plane.refreshes.mark(instance.org, instance.name)
            if told not in (None, served.document.rules) or mark > wanted:
                yield event("policy_updated", {"version": served.policy.version})
            told, wanted = served.document.rules, mark
            left = (served.until - plane.clock.now()).total_seconds()
            if not await opened.wait(news, max(_SHORTEST_WAIT, min(_KEEPALIVE_SECONDS, left))):
                yield b":keepalive\n\n"
    finally:
        plane.plugin_streams.close(opened)


async def _present(call: LegacyCall) -> ServedPolicy | None:
    """What the plugin should hold; None when it is to be told nothing more. Its credential may have ended meanwhile, or
    been replaced by a newer one: a stream that ends is opened again with that."""
    try:
        await recognise(call.plane, call.request, call.origin.address)
        return await served_policy(call, await plugin_of(call))
    except ClawforgeError:
        return None


def event(name: str, data: Strict | dict[str, object]) -> bytes:
    """The bytes of one event. Old plugins need the space after the colon, and lines that end with LF alone."""
    document = data.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(data, Strict) else data
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(document) + b"\n\n"


ENDPOINTS = (LegacyEndpoint("GET", "/api/v1/events/{org}/stream", stream),)
