"""The clients of `bench/fleet.py`: wrk, one request at a time, and many open streams in one process."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
import urllib.request
from http.client import HTTPMessage
from typing import NamedTuple

from fleet_world import Served, credential, processor_seconds

SECONDS = int(os.environ.get("SECONDS", "5"))
_AT_ONCE = 200
_PATIENCE = 60.0


class Answer(NamedTuple):
    """Headers and body."""

    headers: HTTPMessage
    body: bytes


class Rate(NamedTuple):
    """Requests a second, and microseconds of the server's processor time that each cost."""

    per_second: float
    microseconds: float


def asked(server: Served, path: str, token: str) -> Answer:
    """One GET."""
    request = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return Answer(answer.headers, answer.read())


def rate(pid: int, arguments: list[str]) -> Rate:
    """Let wrk ask for some seconds on 32 connections. Ends the bench if anything is refused."""
    before = processor_seconds(pid)
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", *arguments]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = processor_seconds(pid) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    total, per_second = re.search(r"(\d+) requests in", said), re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert total is not None
    assert per_second is not None
    return Rate(float(per_second[1]), spent / int(total[1]) * 1e6)


class Streams:
    """So many open event streams, each of its own instance, that have heard the present state."""

    def __init__(self, server: Served, count: int) -> None:
        self._server = server
        self._count = count
        self._heard: dict[int, tuple[str, float]] = {}
        self._all = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Streams:
        for first in range(0, self._count, _AT_ONCE):
            await asyncio.gather(*(self._open(number) for number in range(first, min(self._count, first + _AT_ONCE))))
        await self.next()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._readers:
            task.cancel()
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def next(self) -> dict[int, tuple[str, float]]:
        """The first event that each heard since the last call, and when by the performance counter."""
        async with asyncio.timeout(_PATIENCE):
            await self._all.wait()
        self._all.clear()
        heard, self._heard = self._heard, {}
        return heard

    async def _open(self, number: int) -> None:
        host, port = self._server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=8_192)
        lines = ("GET /v1/agent/events HTTP/1.1", "Host: x", f"Authorization: Bearer {credential(number)}", "", "")
        writer.write("\r\n".join(lines).encode())
        self._writers.append(writer)
        self._readers.append(asyncio.create_task(self._read(number, reader)))

    async def _read(self, number: int, reader: asyncio.StreamReader) -> None:
        is_first = True
        while line := await reader.readline():
            # A lease that is merely fresh is no news, but for the first word of a stream.
            if line.startswith(b"event: ") and (is_first or line != b"event: lease\n"):
                is_first = False
                self._heard.setdefault(number, (line[7:].strip().decode(), time.perf_counter()))
                if len(self._heard) == self._count:
                    self._all.set()
