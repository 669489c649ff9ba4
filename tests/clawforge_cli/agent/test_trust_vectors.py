"""The vectors of trust: our own agent believes exactly what they say, and calls get what they say."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import trust_vectors
from believing_agent import BelievingAgent

from clawforge.trust import Answer

SEQUENCES = json.loads(trust_vectors.FILE.read_text(encoding="utf-8"))["sequences"]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=lambda sequence: sequence["name"])
def test_sequences(sequence: dict[str, Any]) -> None:
    agent = BelievingAgent(sequence["enrolled"])
    for step in sequence["steps"]:
        agent.now = dt.datetime.fromisoformat(step["at"])
        if "answer" in step:
            said = step["answer"]
            refused = agent.hear(Answer(lease=said["lease"], keys=said.get("keys"), bundle=said.get("bundle")))
            assert step["expect"] == ({"accepted": True} if refused is None else {"refused": refused})
        assert agent.effects(step["calls"]) == [call["effect"] for call in step["calls"]], step["at"]


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
