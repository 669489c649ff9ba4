"""The agent's Unix socket: many clients, one JSON document a line; none of them can hold up another."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from clawforge.errors import InputError
from clawforge_cli.agent.address import SOCKET_NAME, socket_address
from clawforge_cli.agent.protocol import REQUEST_LIMIT, error_answer

_MOST_CLIENTS = 512
_IDLE_SECONDS = 300.0
_WRITE_SECONDS = 10.0
_LARGE_REQUEST = 16 * 1024

Answerer = Callable[[bytes], bytes]
"""Turns a line into a line, and never raises."""


def listen(directory: Path) -> socket.socket:
    """A listening socket that only this user can reach. The caller holds the directory's lock, so a socket that lies
    there already is left over. Raises InputError if it cannot be made."""
    path = directory / SOCKET_NAME
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_symlink() or (path.exists() and not stat.S_ISSOCK(path.stat().st_mode)):
            raise InputError(f"{path} is in the way: it is no socket.", hint="Move it away and start again.")
        path.unlink(missing_ok=True)
        listener.bind(socket_address(directory, folder))
        path.chmod(0o600)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise InputError(f"The socket {path} cannot be made: {error.strerror or error}.") from error
    except InputError:
        listener.close()
        raise
    finally:
        os.close(folder)
    return listener


class AgentSocket:
    """Serves questions. Small ones are answered at once; large ones on a thread, so that they delay nobody."""

    def __init__(self, answer: Answerer, *, idle: float = _IDLE_SECONDS) -> None:
        self._answer = answer
        self._idle = idle
        self._clients = 0

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Serve until told to stop, then drop every client."""
        server = await asyncio.start_unix_server(self._client, sock=listener, limit=REQUEST_LIMIT)
        try:
            await stop.wait()
        finally:
            server.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients > _MOST_CLIENTS:
                await self._send(writer, error_answer("busy", "The agent serves too many clients at once."))
                return
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went away, or neither asks nor reads any more: nothing is owed to it
        finally:
            self._clients -= 1
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one line; False when the connection must end."""
        try:
            line = await asyncio.wait_for(reader.readuntil(b"\n"), self._idle)
        except asyncio.LimitOverrunError:
            await self._send(writer, error_answer("too-large", f"A question may have {REQUEST_LIMIT} bytes at most."))
            return False
        if len(line) > _LARGE_REQUEST:
            answer = await asyncio.get_running_loop().run_in_executor(None, self._answer, line)
        else:
            answer = self._answer(line)
        await self._send(writer, answer)
        return True

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await asyncio.wait_for(writer.drain(), _WRITE_SECONDS)
