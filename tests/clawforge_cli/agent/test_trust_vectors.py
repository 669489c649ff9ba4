"""The vectors of trust: our own agent believes exactly what they say, and calls get what they say."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import trust_vectors
from signing_world import NOON

from clawforge.decide.request import InstanceFacts
from clawforge.errors import UntrustedError
from clawforge.trust import Answer, TrustState, accept_answer, held, new_trust, witness
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService

SEQUENCES = json.loads(trust_vectors.FILE.read_text(encoding="utf-8"))["sequences"]


class Agent:
    """Our agent without its transport: the transitions of trust, and the service that decides."""

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

    def _witness(self, answer: Answer) -> None:
        try:
            self.trust = witness(self.trust, answer, self.clock.now())
        except UntrustedError:
            return
        assert self.trust.seen is not None
        self.service.adopt_kill(self.trust.seen.kill)


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence["name"])
def test_sequences(sequence: dict[str, Any]) -> None:
    agent = Agent(sequence["enrolled"])
    for step in sequence["steps"]:
        agent.now = dt.datetime.fromisoformat(step["at"])
        if "answer" in step:
            said = step["answer"]
            refused = agent.hear(Answer(lease=said["lease"], keys=said.get("keys"), bundle=said.get("bundle")))
            assert step["expect"] == ({"accepted": True} if refused is None else {"refused": refused})
        for call in step["calls"]:
            asked = CheckRequest(tool=call["tool"], params=call.get("params", {}))
            assert agent.service.decide(asked).effect == call["effect"], (step["at"], call)


def test_the_vectors_cover_every_refusal_of_an_answer() -> None:
    seen = {step["expect"].get("refused") for one in SEQUENCES for step in one["steps"] if "expect" in step}
    assert seen == {
        None,
        "bad-document",
        "bad-envelope",
        "bad-signature",
        "foreign-instance",
        "foreign-org",
        "lease-bundle-mismatch",
        "nothing-held",
        "rollback",
        "same-serial-other-digest",
        "unknown-key",
        "wrong-type",
        "epoch-mismatch",
        "expired-keyset",
    }


def test_the_file_is_what_its_maker_makes() -> None:
    assert trust_vectors.FILE.read_text(encoding="utf-8") == trust_vectors.text()
