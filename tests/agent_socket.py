"""The agent's real socket on a thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from signing_world import NOON

from clawforge.decide.request import InstanceFacts
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.socket import AgentSocket, listen


@contextmanager
def serving(directory: Path, answer: Callable[[bytes], bytes] | None = None, idle: float = 300.0) -> Iterator[Path]:
    """The real socket on a thread; the default service has no policy and so denies."""
    directory.mkdir(parents=True, exist_ok=True)
    answer = answer or AgentService(Clock(NOON), InstanceFacts()).answer
    listener = listen(directory)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    server = AgentSocket(answer, idle=idle)
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(listener, stop),))
    thread.start()
    try:
        yield directory
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.01))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
