"""The agent as a process: state and lock, socket, poller, and an orderly end."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from clawforge import __version__
from clawforge.decide.request import InstanceFacts
from clawforge.errors import InputError
from clawforge_cli.agent.address import SOCKET_NAME
from clawforge_cli.agent.clock import Clock, wall_clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.socket import AgentSocket, listen
from clawforge_cli.agent.store import AgentState, CorruptStateError, Store
from clawforge_cli.agent.transport import AgentTransport, checked_server
from clawforge_cli.agent.version_notice import VersionNotice

Report = Callable[[str], None]

_LAST_POLL_SECONDS = 1.0


_HOST_WORKSPACE = ".openclaw/workspace"
"""Where OpenClaw keeps its workspace, below the home directory, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What a start of the agent was told; None means "as before", and on the first start the default. An enrolled agent
    goes to another control plane only if `server_is_order`, not because of a variable in somebody's shell."""

    directory: Path
    server: str | None = None
    server_is_order: bool = True
    enrolment_token: str | None = field(default=None, repr=False)
    insecure_http: bool = False
    workspace: Path | None = None
    host: str | None = None
    host_version: str | None = None


def run_agent(options: AgentOptions, report: Report) -> None:
    """Run until SIGTERM or SIGINT.

    A state file that cannot be used does not stop the agent: it then answers every question with deny, and `report`
    gets told what to do. Raises the library's errors for what keeps it from starting.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    store = Store.open(options.directory)
    try:
        try:
            state = _state(store, options, report)
        except CorruptStateError as error:
            report(f"{error.message} {error.hint}")
            service = AgentService(Clock(wall_clock()), InstanceFacts())
            service.adopt_nothing(error.message)
            _serve(store, service, None)
            return
        clock = Clock(state.trust.high_water)
        service = AgentService(clock, _facts(state))
        transport = AgentTransport(state.server, insecure=state.insecure_http)
        notice = VersionNotice(transport, service.facts.versions or {})
        poller = Poller(
            state, store=store, transport=transport, service=service, clock=clock, report=report, notice=notice
        )
        poller.load()
        _serve(store, service, poller)
    finally:
        store.close()


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _state(store: Store, options: AgentOptions, report: Report) -> AgentState:
    """The stored state with this start's options, or that of a new enrolment."""
    stored = store.read()
    if stored is None:
        state = _enrolled(options)
    else:
        if options.enrolment_token is not None:
            report(
                f"{options.directory} is already enrolled as instance {stored.trust.instance} "
                f"of {stored.trust.org}; the token was not used."
            )
        state = _with_options(stored, options)
    if state != stored:
        try:
            store.write(state)
        except OSError as error:
            raise InputError(f"The state cannot be stored in {store.path}: {error.strerror}.") from error
    return state


def _enrolled(options: AgentOptions) -> AgentState:
    if options.enrolment_token is None or options.server is None:
        raise InputError(
            f"This machine is not enrolled: {options.directory} holds no state.",
            hint="Start once with --server URL --enroll TOKEN; `clawforge enroll mint` makes the token.",
            code="not-enrolled",
        )
    transport = AgentTransport(options.server, insecure=options.insecure_http)
    try:
        return enrol(
            transport,
            options.enrolment_token,
            insecure_http=options.insecure_http,
            host=options.host or "openclaw",
            host_version=options.host_version,
            workspace=_absolute(options.workspace),
            now=wall_clock(),
        )
    finally:
        transport.close()


def _with_options(stored: AgentState, options: AgentOptions) -> AgentState:
    insecure = stored.insecure_http or options.insecure_http
    server = options.server if options.server_is_order else None
    given = {
        "server": checked_server(server, insecure=insecure) if server is not None else None,
        "workspace": _absolute(options.workspace),
        "host": options.host,
        "host_version": options.host_version,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    return stored.model_copy(update={**changes, "insecure_http": insecure})


def _absolute(path: Path | None) -> str | None:
    return str(path.resolve()) if path is not None else None


def _facts(state: AgentState) -> InstanceFacts:
    home = Path.home().resolve()
    return InstanceFacts(
        versions={"plugin": __version__} | ({} if state.host_version is None else {"host": state.host_version}),
        out_of_range_since=state.out_of_range_since,
        workspace=state.workspace or str(home / _HOST_WORKSPACE),
        workspace_guessed=state.workspace is None,
        home=str(home),
        host=state.host,
        host_version=state.host_version,
    )


def _serve(store: Store, service: AgentService, poller: Poller | None) -> None:
    listener = listen(store.directory)
    stop_polling = threading.Event()
    polling: threading.Thread | None = None
    if poller is not None:
        # A daemon thread: a request that hangs must not hold up the end of the process.
        polling = threading.Thread(target=poller.run, args=(stop_polling,), name="poller", daemon=True)
        polling.start()
    try:
        asyncio.run(_until_signalled(AgentSocket(service.answer), listener))
    finally:
        stop_polling.set()
        if polling is not None:
            polling.join(_LAST_POLL_SECONDS)
        (store.directory / SOCKET_NAME).unlink(missing_ok=True)


async def _until_signalled(server: AgentSocket, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.serve(listener, stop)
