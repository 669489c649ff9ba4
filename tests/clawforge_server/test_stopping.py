"""A server that is told to stop stops, however busy its loop is, and whichever loop it runs on."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest
import uvloop

from clawforge_server.serving import stop_on_signals

Setup = Callable[[asyncio.AbstractEventLoop, asyncio.Event], None]
Loop = Callable[[], asyncio.AbstractEventLoop]


def by_the_pipe(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """The usual way, which loses the signal."""
    loop.add_signal_handler(signal.SIGTERM, stop.set)


@pytest.fixture
def handlers() -> Iterator[None]:
    kept = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    for signum, handler in kept.items():
        signal.signal(signum, handler)


@pytest.mark.usefixtures("handlers")
# Python says so when the byte of a signal is lost.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("new_loop", "setup", "stops"),
    [
        (asyncio.new_event_loop, stop_on_signals, True),
        (asyncio.new_event_loop, by_the_pipe, False),
        (uvloop.new_event_loop, stop_on_signals, True),
    ],
)
def test_a_signal_is_heard_while_the_loop_is_behind(new_loop: Loop, setup: Setup, stops: bool) -> None:
    async def run() -> bool:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        setup(loop, stop)
        # As many threads do that have something to say while the loop does something else.
        for _ in range(100_000):
            loop.call_soon_threadsafe(int)
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(100):
            await asyncio.sleep(0.001)
        return stop.is_set()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(run()) is stops


@pytest.mark.usefixtures("handlers")
def test_a_signal_after_the_end_disturbs_nothing() -> None:
    async def run() -> None:
        stop_on_signals(asyncio.get_running_loop(), asyncio.Event())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    signal.raise_signal(signal.SIGTERM)
