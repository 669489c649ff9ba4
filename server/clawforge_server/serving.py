"""Running the application on Granian, inside this process.

Granian's usual server forks a worker, and killing the parent leaves that worker serving a database that nobody guards
any more. Its embeddable server runs on our own event loop instead: there is one process, and it dies as a whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from typing import TYPE_CHECKING, Any

import granian.net
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from clawforge_server.app import make_app
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.request_limits import rates
from clawforge_server.chores import CHORES
from clawforge_server.control_plane import make_control_plane
from clawforge_server.hot_paths import HotPaths
from clawforge_server.log import logger
from clawforge_server.startup_error import StartupError

if TYPE_CHECKING:
    from clawforge_server.clock import Clock
    from clawforge_server.settings import Settings
    from clawforge_server.store.port import Store

_BACKLOG = 2_048
# Granian stops accepting at this many open requests; with its default, long polls would starve everything else.
_OPEN_REQUESTS = 65_536
# Who opens a connection and sends nothing, or half a line an hour, does not keep it.
_HEADER_MILLISECONDS = 15_000
_HEADER_BYTES = 64 * 1024
# A peer that takes nothing of what it asked for, such as a stream's reader that stalls, is cut off by the system.
_STALL_MILLISECONDS = 20_000
_STOP_SECONDS = 1.5


def bind(settings: Settings) -> socket.socket:
    """Take the port, without listening yet. Raises StartupError.

    Granian itself would bind with SO_REUSEPORT, which lets a second server take the same port unnoticed.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise StartupError(
            f"{settings.host!r} is not an address of this machine.", hint="Check the host part of --listen."
        ) from error
    # `localhost` has two addresses; clients that know one of them only know the older one.
    family, kind, protocol, _, address = min(found, key=lambda item: item[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted connections inherit it. Linux only; elsewhere its own, longer, limits hold.
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL_MILLISECONDS)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _port_refused(settings, error) from error
    return listener


def _port_refused(settings: Settings, error: OSError) -> StartupError:
    return StartupError(
        f"Port {settings.port} on {settings.host} cannot be used: {error.strerror or error}.",
        hint="Stop the program that uses it, or give --listen another port.",
    )


def allow_many_connections() -> None:
    """Raise the limit of open files to what the system lets us have: each waiting agent holds one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_REQUESTS if hard == resource.RLIM_INFINITY else min(hard, _OPEN_REQUESTS)
    # A system that does not allow even this serves fewer agents at once, as before.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve(settings: Settings, store: Store, clock: Clock, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, and return once everything is written."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings, store, clock, listener))


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's, on which requests cost less; asyncio's own where there is none, as on Windows and PyPy."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set the event on SIGTERM and SIGINT; call it in the main thread.

    `add_signal_handler` alone is not enough on asyncio's loop: it learns of a signal by a byte in the pipe that wakes
    the loop, and thousands of streams that close at once fill the pipe, so that the byte is lost and the server serves
    on. uvloop has a pipe for signals alone.
    """

    def heard(*_: object) -> None:
        # uvloop leaves the handler in place when it is closed, and a second signal finds nobody.
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    for signum in (signal.SIGTERM, signal.SIGINT):
        # It has a signal wake the loop that another thread received; then the handler is ours.
        loop.add_signal_handler(signum, stop.set)
        signal.signal(signum, heard)


async def _serve(settings: Settings, store: Store, clock: Clock, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    egress = Egress(allow_private=settings.allow_private_issuers, ca=settings.issuer_ca)
    plane = make_control_plane(
        store,
        clock,
        behind_proxy=settings.behind_proxy,
        egress=egress,
        limits=rates(settings.requests_per_minute),
    )
    plane.wakeups.attach(loop)
    stop = asyncio.Event()
    stop_on_signals(loop, stop)
    try:
        listener.listen(_BACKLOG)
    except OSError as error:
        raise _port_refused(settings, error) from error
    listener.setblocking(False)
    server = _granian(settings, HotPaths(plane, make_app(plane)), listener)
    host, port = listener.getsockname()[:2]
    serving = asyncio.create_task(server.serve())
    chores = [asyncio.create_task(chore(plane)) for chore in CHORES]
    stopping = asyncio.create_task(stop.wait())
    logger().info("listening", host=host, port=port, tls=settings.tls is not None, loop=type(loop).__module__)
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    # Long polls end first: Granian waits for open requests.
    plane.wakeups.close()
    for chore in chores:
        chore.cancel()
    stopping.cancel()
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait({serving}, timeout=_STOP_SECONDS)
    for chore in chores:
        with contextlib.suppress(asyncio.CancelledError):
            await chore
    plane.reports.flush()
    logger().info("stopped")
    if not stop.is_set():
        raise StartupError("The HTTP server ended by itself.", hint="Its reasons are in the log above; start it again.")


class _OnSocket(Server):
    """Granian on a socket that is bound and listens already. Granian closes what it is given: it gets a copy."""

    def __init__(self, listener: socket.socket, target: Any, **options: Any) -> None:
        self._listener = listener
        super().__init__(target, **options)

    def _init_shared_socket(self) -> None:
        # Its published types neither export it nor know its arguments.
        holder: Any = granian.net.SocketHolder  # type: ignore[attr-defined]
        held = holder(os.dup(self._listener.fileno()), False, _BACKLOG)
        # From here on the port is free again as soon as Granian lets go of it.
        self._listener.close()
        self._shd, self._sfd = held, held.get_fd()


def _granian(settings: Settings, app: Any, listener: socket.socket) -> Server:
    host, port = listener.getsockname()[:2]
    return _OnSocket(
        listener,
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        # While it guesses which version a client speaks, it would wait without end for one that says nothing.
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_OPEN_REQUESTS,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, max_buffer_size=_HEADER_BYTES),
        log_enabled=False,
        log_level=LogLevels.error,
        log_access=False,
        ssl_cert=settings.tls.certificate if settings.tls is not None else None,
        ssl_key=settings.tls.key if settings.tls is not None else None,
    )
