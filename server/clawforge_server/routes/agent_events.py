"""News for agents as server-sent events: what the policy poll says, without the wait for the next poll."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from clawforge_server.auth.admission import admit_instance
from clawforge_server.endpoint import Call, Endpoint, Parameter
from clawforge_server.problems import HttpError
from clawforge_server.routes.agent import load_messages
from clawforge_server.state.event_streams import EventStream

_ID = re.compile(r"([0-9]{1,16})-([0-9]{1,16})")
_MEDIA_TYPE = "text/event-stream"
OPENING = b"retry: 2000\n\n"
"""What a stream begins with: milliseconds after which to connect again."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def events(call: Call) -> Response:
    """The present state at once, and then whatever changes for this instance."""
    plane = call.plane
    instance = await admit_instance(call)
    told = _told(call)
    if call.request.method == "HEAD":
        return Response(headers=_HEADERS, media_type=_MEDIA_TYPE)
    plane.reports.note(instance, plane.clock.now())
    await load_messages(call, instance)
    now = asyncio.get_running_loop().time()
    stream = EventStream(
        instance.org, instance.name, instance.sha256, told, now, plane.refreshes.mark(instance.org, instance.name)
    )
    plane.events.open(stream)
    return _Streamed(stream, lambda: plane.events.close(stream))


def _told(call: Call) -> tuple[int, int] | None:
    """The counters of the last event that the reader saw; None if it says nothing that this server could have sent."""
    after = call.query("after")
    if after is not None and not _ID.fullmatch(after):
        raise HttpError(400, "bad-parameter", "The parameter after must be the id of an event.", hint="Such as 1-42.")
    found = _ID.fullmatch(call.request.headers.get("last-event-id", "")) or _ID.fullmatch(after or "")
    return None if found is None else (int(found[1]), int(found[2]))


class _Streamed(Response):
    """Writes what a stream has to say, as fast as its reader takes it, until either of them ends."""

    media_type = _MEDIA_TYPE

    def __init__(self, stream: EventStream, close: Callable[[], None]) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_gone(receive))
        self._stream.task = writing
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._close()
            for task in (writing, leaving):
                task.cancel()
            await asyncio.gather(writing, leaving, return_exceptions=True)

    async def _write(self, send: Send) -> None:
        loop, stream = asyncio.get_running_loop(), self._stream
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        chunk, is_last = OPENING, False
        while True:
            stream.writing = loop.time()
            await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})
            stream.writing = None
            if is_last:
                return
            chunk, is_last = await stream.chunk()


async def _gone(receive: Receive) -> None:
    """Until the reader hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/agent/events",
        "News for one instance as server-sent events: each with its present digest and a fresh lease.",
        events,
        None,
        parameters=(
            Parameter("after", "The id of the last event that was seen, for readers that cannot send a header."),
            Parameter("Last-Event-ID", "The id of the last event that was seen.", "header"),
        ),
        refusals=(400, 503),
    ),
)
