"""Reads server-sent events as they come, over a plain socket; and readers that do not."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
from server_process import ServerProcess

EVENTS = "/v1/agent/events"
_PATIENCE_SECONDS = 20.0


class Event(NamedTuple):
    """One event: its id, its name, its data as it came, and when it came by the monotonic clock."""

    id: str
    name: str
    text: str
    at: float

    @property
    def data(self) -> dict[str, Any]:
        """The data, which is JSON."""
        document: dict[str, Any] = json.loads(self.text)
        return document


class Reader:
    """Keeps what a stream said so far. `headers` are those of the answer; `ended` is set at its end."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self.events: list[Event] = []
        self.remarks: list[str] = []
        self.ended = threading.Event()
        self._response = response
        self._news = threading.Condition()

    def wait(self, count: int) -> list[Event]:
        """The events, once there are so many."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._news:
            while len(self.events) < count and not self.ended.is_set():
                assert self._news.wait(max(0.0, deadline - time.monotonic())), f"{count} awaited: {self.events}"
            assert len(self.events) >= count, f"the stream ended: {self.events}"
            return list(self.events)

    def read(self) -> None:
        """Until the end."""
        number = name = text = ""
        try:
            for line in self._response.iter_lines():
                key, _, value = line.partition(": ")
                if key == "id":
                    number = value
                elif key == "event":
                    name = value
                elif key == "data":
                    text = value
                elif not line and name:
                    with self._news:
                        self.events.append(Event(number, name, text, time.monotonic()))
                        self._news.notify_all()
                    name = text = ""
                elif line:
                    self.remarks.append(line)
        except (httpx.HTTPError, httpx.StreamError):
            pass  # the connection was cut, or the test closed it
        self.ended.set()
        with self._news:
            self._news.notify_all()


@contextmanager
def reading(server: ServerProcess, credential: str, after: str | None = None) -> Iterator[Reader]:
    """A reader of an instance's events in a thread of its own."""
    headers = {} if after is None else {"Last-Event-ID": after}
    with server.client(credential) as client, client.stream("GET", EVENTS, headers=headers) as response:
        assert response.status_code == 200
        reader = Reader(response)
        thread = threading.Thread(target=reader.read, daemon=True)
        thread.start()
        yield reader
        # Closing the socket under a blocked read is no end for it everywhere; shutting it down is.
        stream = response.extensions["network_stream"]
        connection = stream.get_extra_info("socket")
        if connection.fileno() >= 0 and not reader.ended.is_set():
            connection.shutdown(socket.SHUT_RDWR)
        thread.join()


def stalled(server: ServerProcess, credential: str) -> socket.socket:
    """A connection that asks for the events and takes nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
    connection.sendall(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {credential}\r\n\r\n".encode())
    return connection
