"""The reconciler's small HTTP listener: webhooks in, health and metrics out."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

from clawforge.errors import InputError
from clawforge.public_address import is_loopback
from clawforge.reconcile.listen_settings import ListenAddress
from clawforge_cli.gitops.hook_desk import RETRY_SECONDS, HookDesk, ReadyHook
from clawforge_cli.gitops.http_exchange import BODY_LIMIT, Answer, BadRequestError, Exchange, Request
from clawforge_cli.gitops.metrics import CONTENT_TYPE, Metrics
from clawforge_cli.views.terminal import safe

__all__ = ["Health", "Listener", "ReadyHook"]

_HOOKS = "/hooks/"
_MOST_CLIENTS = 32
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether every source is as it should be, and a line about each one that is not."""

    ready: bool
    lines: tuple[str, ...] = ()


class Listener:
    """Serves in a thread of its own from `start` to `close`. `hooks` are by name of the source. `on_push` gets that
    name, in the listener's thread: it must return at once and raise nothing. Nothing else of a webhook is handed on.

    A connection serves one request and has ten seconds for it. When there are too many of them, the oldest one goes:
    whoever is quick gets through, however many are slow.
    """

    def __init__(
        self,
        address: ListenAddress,
        *,
        hooks: Mapping[str, ReadyHook],
        on_push: Callable[[str], None],
        metrics: Metrics,
        health: Callable[[], Health],
        clock: Callable[[], float] = time.time,
        seconds: float = _SECONDS,
    ) -> None:
        self._address = address
        self._desk = HookDesk(hooks, on_push, metrics, clock)
        self._metrics = metrics
        self._health = health
        self._seconds = seconds
        self._clients: dict[asyncio.StreamWriter, None] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def start(self) -> ListenAddress:
        """Begin; the answer is the address with the port that was chosen. Raises InputError if it cannot be had."""
        family = socket.AF_INET6 if ":" in self._address.host else socket.AF_INET
        try:
            listening = socket.create_server(self._address, family=family, backlog=128)
        except OSError as error:
            raise InputError(
                f"{self._address} cannot be listened at: {error.strerror or error}.", hint="Choose another `listen`."
            ) from error
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, started)), name="listener", daemon=True
        )
        self._thread.start()
        started.wait()
        return ListenAddress(self._address.host, listening.getsockname()[1])

    def close(self) -> None:
        """Stop, and hang up on everybody."""
        if self._thread is not None and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _serve(self, listening: socket.socket, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._client, sock=listening, backlog=128)
        started.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._clients):
            writer.transport.abort()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= _MOST_CLIENTS:
            next(iter(self._clients)).transport.abort()
        self._clients[writer] = None
        try:
            async with asyncio.timeout(self._seconds):
                await self._serve_one(Exchange(reader, writer), _peer(writer))
        except (ConnectionError, TimeoutError):
            pass  # the client went away, or is too slow: nothing is owed to it
        finally:
            self._clients.pop(writer, None)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _serve_one(self, exchange: Exchange, peer: str) -> None:
        head_only = False
        try:
            request = await exchange.head()
            head_only = request.method == "HEAD"
            peer = _beyond_proxy(peer, request)
            answer = self._shown(request) or self._refused_unread(request, peer)
            if answer is None:
                body = await exchange.body()
                judged = self._desk.judge(request.path.removeprefix(_HOOKS), peer, request.headers, body)
                answer = _line(judged.status, judged.line)
        except BadRequestError as error:
            answer = _line(error.status, "this is no request that is served here")
        except ConnectionError:
            raise
        except Exception as error:
            # A defect, perhaps in what tells the health: the other sources' webhooks are to be heard all the same.
            self._metrics.add("clawforge_listener_defects_total", kind=type(error).__name__)
            answer = _line(500, "this is a defect of clawforge")
        await exchange.reply(answer, head_only=head_only)

    def _shown(self, request: Request) -> Answer | None:
        """What can be read; None for a webhook."""
        if request.path.startswith(_HOOKS):
            return None
        show = {"/health": self._alive, "/health/ready": self._ready, "/metrics": self._numbers}.get(request.path)
        if show is None:
            return _line(404, "there is nothing here")
        if request.method not in {"GET", "HEAD"}:
            return _line(405, "this can only be read", ("Allow", "GET, HEAD"))
        return show()

    def _refused_unread(self, request: Request, peer: str) -> Answer | None:
        """The answer to a webhook whose body is not worth reading."""
        if request.method != "POST":
            return _line(405, "webhooks are posted", ("Allow", "POST"))
        length = request.headers.get("content-length", "0")
        if not length.isdigit() or len(length) > 12 or int(length) > BODY_LIMIT:
            return _line(413, f"a webhook may have {BODY_LIMIT} bytes at most")
        if not self._desk.may_speak(peer):
            return _line(429, "too many webhooks from this address were not genuine")
        return None

    def _alive(self) -> Answer:
        return _line(200, "ok")

    def _ready(self) -> Answer:
        health = self._health()
        lines = health.lines or ("ready" if health.ready else "not ready",)
        return _line(200 if health.ready else 503, "\n".join(safe(line) for line in lines))

    def _numbers(self) -> Answer:
        return Answer(200, self._metrics.text(), CONTENT_TYPE)


def _line(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    more = (("Retry-After", str(RETRY_SECONDS)),) if status in {429, 503} else ()
    return Answer(status, text + "\n", headers=(*headers, *more))


def _beyond_proxy(peer: str, request: Request) -> str:
    """Who speaks through a proxy on this machine, by the last address that it added: else whoever forges webhooks
    would have those of all others refused."""
    return request.headers.get("x-forwarded-for", peer).rpartition(",")[2].strip()[:64] if is_loopback(peer) else peer


def _peer(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return str(name[0]) if name else ""
