"""Threads that wait for others are shared: whoever's issuer hangs does not keep everybody else from signing in."""

from __future__ import annotations

import threading

import anyio
import pytest

from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.auth.turns import Turns


def test_an_org_whose_issuer_hangs_leaves_threads_to_the_others() -> None:
    async def main() -> None:
        turns, hang, running = Turns(4, 2), threading.Event(), []

        def slow() -> None:
            running.append("slow")
            assert hang.wait(10)

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(turns.run, "evil", slow)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(5):
                assert await turns.run("acme", lambda: "in") == "in"
            assert running == ["slow"] * 2
            hang.set()
        assert len(running) == 20

    anyio.run(main)


def test_a_queue_is_refused_before_it_grows_and_nothing_is_kept_of_who_stood_there() -> None:
    async def main() -> None:
        turns, hang = Turns(2, 2), threading.Event()
        async with anyio.create_task_group() as tasks:
            for _ in range(34):
                tasks.start_soon(turns.run, "acme", lambda: hang.wait(10))
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(RateLimitedError):
                await turns.run("acme", lambda: None)
            hang.set()
        assert turns._by_key == {}
        with pytest.raises(ZeroDivisionError):
            await turns.run("acme", lambda: 1 // 0)
        assert turns._by_key == {}

    anyio.run(main)
