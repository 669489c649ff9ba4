"""The agent as a process: state and lock, socket, poller, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from clawforge import __version__
from clawforge.decide.request import InstanceFacts
from clawforge.errors import InputError, UnavailableError
from clawforge_cli.agent.address import SOCKET_NAME
from clawforge_cli.agent.clock import Clock, wall_clock
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.inbox import Inbox
from clawforge_cli.agent.messenger import Messenger
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.socket import AgentSocket, listen
from clawforge_cli.agent.spool import FOLDER, Spool
from clawforge_cli.agent.spooled_event import start_event
from clawforge_cli.agent.store import AgentState, CorruptStateError, Store
from clawforge_cli.agent.transport import AgentTransport, checked_server
from clawforge_cli.agent.uploader import Uploader
from clawforge_cli.agent.version_notice import VersionNotice

Report = Callable[[str], None]

_LAST_WORDS_SECONDS = 1.0

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
            _serve(store, service, ())
            return
        _run(store, state, report)
    finally:
        store.close()


def _run(store: Store, state: AgentState, report: Report) -> None:
    clock, gate = Clock(state.trust.high_water), threading.Lock()
    spool = Spool(store.directory / FOLDER)
    with contextlib.suppress(UnavailableError):
        spool.append(start_event(clock.now(), __version__))
    inbox = Inbox(state.inbox)
    service = AgentService(clock, _facts(state), spool=spool, inbox=inbox)
    transport = AgentTransport(state.server, insecure=state.insecure_http)
    poller = Poller(
        state,
        store=store,
        transport=transport,
        service=service,
        clock=clock,
        report=report,
        notice=VersionNotice(transport, service.facts.versions or {}),
        gate=gate,
        messenger=Messenger(transport, inbox, report),
    )
    uploads = AgentTransport(state.server, insecure=state.insecure_http)
    uploader = Uploader(spool, uploads, poller.settled_credential, gate, report)
    poller.load()
    try:
        _serve(store, service, (poller.run, uploader.run))
    finally:
        spool.close()


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


def _serve(store: Store, service: AgentService, chores: Sequence[Callable[[threading.Event], None]]) -> None:
    listener = listen(store.directory)
    stop = threading.Event()
    # Daemon threads: a request that hangs must not hold up the end of the process.
    running = [threading.Thread(target=chore, args=(stop,), daemon=True) for chore in chores]
    for thread in running:
        thread.start()
    try:
        asyncio.run(_until_signalled(AgentSocket(service.answer), listener))
    finally:
        stop.set()
        for thread in running:
            thread.join(_LAST_WORDS_SECONDS)
        (store.directory / SOCKET_NAME).unlink(missing_ok=True)


async def _until_signalled(server: AgentSocket, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await server.serve(listener, stop)
