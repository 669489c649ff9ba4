"""An agent that polls three times and is killed at one step: before or after an exchange, before or after a state file
takes its place. Without a step to die at it ends by itself."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from clawforge.decide.request import InstanceFacts
from clawforge_cli.agent import store as store_module
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.poller import Poller
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import Store
from clawforge_cli.agent.transport import AgentTransport


class Fate:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self.steps = 0
        self.last = last

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Any) -> Any:
        def surrounded(*arguments: Any, **options: Any) -> Any:
            self.step()
            answer = work(*arguments, **options)
            self.step()
            return answer

        return surrounded


def main(directory: str, last: str) -> None:
    fate = Fate(int(last))
    AgentTransport._exchange = fate.around(AgentTransport._exchange)  # type: ignore[method-assign]
    store_module.os.replace = fate.around(os.replace)  # type: ignore[attr-defined]
    store = Store.open(Path(directory))
    state = store.read()
    assert state is not None
    clock = Clock(state.trust.high_water)
    service = AgentService(clock, InstanceFacts())
    transport = AgentTransport(state.server)
    poller = Poller(state, store=store, transport=transport, service=service, clock=clock, report=print)
    poller.load()
    for _ in range(3):
        poller.poll_once()


if __name__ == "__main__":
    main(*sys.argv[1:])
