"""Our agent without its transport: the transitions of trust, and the service that decides."""

from __future__ import annotations

import datetime as dt
from typing import Any

from signing_world import NOON

from clawforge.decide.request import InstanceFacts
from clawforge.errors import UntrustedError
from clawforge.trust import Answer, TrustState, accept_answer, held, new_trust, witness
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService


class BelievingAgent:
    """From its enrolment on; `now` is its clock."""

    def __init__(self, enrolled: dict[str, Any]) -> None:
        self.now = NOON
        self.trust: TrustState = new_trust(
            org=enrolled["org"],
            instance=enrolled["instance"],
            user=enrolled["user"],
            root_key=enrolled["rootKey"],
            keys=enrolled["keys"],
            now=NOON,
        )
        self.clock = Clock(NOON, wall=self.present, monotonic=self.seconds)
        self.service = AgentService(self.clock, InstanceFacts(workspace="/w", home="/home/dev"))

    def seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    def present(self) -> dt.datetime:
        return self.now

    def hear(self, answer: Answer) -> str | None:
        """None if the answer came into force, else the code of the refusal."""
        try:
            self.trust = accept_answer(self.trust, answer, self.clock.now())
        except UntrustedError as error:
            self._witness(answer)
            return error.code
        holding = held(self.trust)
        assert holding is not None
        self.clock.learn(holding.lease.issued_at)
        self.service.adopt(holding)
        return None

    def effects(self, calls: list[dict[str, Any]]) -> list[str]:
        """What each of these calls gets now."""
        asked = [CheckRequest(tool=call["tool"], params=call.get("params", {})) for call in calls]
        return [self.service.decide(one).effect for one in asked]

    def _witness(self, answer: Answer) -> None:
        try:
            self.trust = witness(self.trust, answer, self.clock.now())
        except UntrustedError:
            return
        assert self.trust.seen is not None
        self.service.adopt_kill(self.trust.seen.kill)
