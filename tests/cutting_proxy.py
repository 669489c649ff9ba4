"""A proxy that passes a request on whole, and only the first bytes of the answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class CuttingProxy:
    """Listens at `url`; `passes` bytes of each answer get through, and `answered` counts those of the last one."""

    server: tuple[str, int]
    listener: socket.socket
    passes: int = 1 << 30
    answered: int = 0
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._pass_on, args=(client,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _pass_on(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.server) as server:
            sender = threading.Thread(target=_copy, args=(client, server), daemon=True)
            sender.start()
            left, self.answered = self.passes, 0
            with suppress(OSError):
                while data := server.recv(65536):
                    self.answered += len(data)
                    client.sendall(data[:left])
                    left -= len(data[:left])
                    if left <= 0:
                        break
                client.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


@contextmanager
def cutting_proxy(url: str) -> Iterator[CuttingProxy]:
    """A proxy before the server at an address."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy((host, int(port)), listener)
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()
