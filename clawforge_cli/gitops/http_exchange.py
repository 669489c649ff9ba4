"""One request and one answer on a connection, with bounds on everything that the other side may send."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import h11

BODY_LIMIT = 3 * 1024 * 1024
"""Bytes of a webhook; a push of more commits than fit is found by the next look at the repository."""

_HEAD_LIMIT = 16 * 1024
_CHUNK = 16 * 1024


class BadRequestError(Exception):
    """What came is no request of HTTP/1.1, or one of more bytes than is read. `status` says which of the two."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Request(NamedTuple):
    """The head of a request; the path is without its query. Names of headers are in lower case, and the values of a
    header that came twice are joined, so that no part of us sees the first one and another the last."""

    method: str
    path: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """What is sent back."""

    status: int
    body: str
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Exchange:
    """Reads one request from a connection and answers it. Raises ConnectionError where the other side hangs up."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEAD_LIMIT)

    async def head(self) -> Request:
        """The head of the request. Raises BadRequestError."""
        event = await self._next()
        if not isinstance(event, h11.Request):
            raise ConnectionResetError
        headers: dict[str, str] = {}
        for raw, value in event.headers:
            name, text = raw.decode("ascii").lower(), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        path = event.target.decode("ascii").partition("?")[0]
        return Request(event.method.decode("ascii"), path, headers)

    async def body(self) -> bytes:
        """The whole body. Raises BadRequestError, also as soon as it is longer than the limit."""
        if self._connection.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        body = bytearray()
        while not isinstance(event := await self._next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise ConnectionResetError
            body += event.data
            if len(body) > BODY_LIMIT:
                raise BadRequestError(413)
        return bytes(body)

    async def reply(self, answer: Answer, *, head_only: bool = False) -> None:
        """Send the answer; the connection is of no use afterwards."""
        data = answer.body.encode()
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(data))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
            *answer.headers,
        ]
        await self._send(h11.Response(status_code=answer.status, headers=headers))
        if not head_only:
            await self._send(h11.Data(data=data))
            await self._send(h11.EndOfMessage())

    async def _next(self) -> h11.Event:
        """The next event. Raises BadRequestError."""
        try:
            while (event := self._connection.next_event()) is h11.NEED_DATA:
                self._connection.receive_data(await self._reader.read(_CHUNK))
        except h11.RemoteProtocolError as error:
            raise BadRequestError(error.error_status_hint) from error
        if not isinstance(event, h11.Event):
            raise ConnectionResetError
        return event

    async def _send(self, event: h11.Event) -> None:
        if self._connection.our_state is h11.ERROR:
            raise ConnectionResetError
        self._writer.write(self._connection.send(event) or b"")
        await self._writer.drain()
