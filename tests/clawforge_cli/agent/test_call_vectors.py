"""The vectors of whole calls through the agent: a signed bundle, verified, and its real socket."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from agent_socket import serving
from call_vectors import CallVector, call_vectors
from signing_world import SigningWorld

from clawforge.decide.simulate import simulated_facts
from clawforge.effective import Effective, effective_digest
from clawforge.load.resource import parse_resource
from clawforge.resolve.subject import Subject
from clawforge.trust import accept_answer, held
from clawforge_cli.agent.asker import ask, question
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.service import AgentService

EFFECTIVE = json.loads((Path(__file__).resolve().parents[3] / "schemas" / "vectors" / "effective.json").read_text())


def service_for(world: SigningWorld, subject: Subject, at: dt.datetime) -> AgentService:
    """An agent that took over what the world signed for the subject."""
    trust = accept_answer(world.enrolled(subject, at), world.full(subject, at), at)
    holding = held(trust)
    assert holding is not None
    clock = Clock(at, wall=lambda: at, monotonic=lambda: 0.0)
    service = AgentService(clock, simulated_facts(subject.user))
    service.adopt(holding)
    return service


@pytest.mark.parametrize("vector", call_vectors(), ids=lambda vector: vector.name)
def test_through_the_socket(vector: CallVector, tmp_path: Path) -> None:
    subject = vector.subject.model_copy(update={"instance": "i-1"})
    service = service_for(SigningWorld(vector.resources), subject, vector.at)
    with serving(tmp_path / "state", service.answer) as directory:
        for call in vector.calls:
            asked = question(call.tool, call.params, agent=subject.agent, context=subject.context)
            call.check(ask(directory, asked))


@pytest.mark.parametrize("vector", EFFECTIVE["vectors"], ids=lambda vector: vector["name"])
def test_the_agent_enforces_the_policy_that_the_vector_expects(vector: dict[str, Any], tmp_path: Path) -> None:
    """What a socket tells of an effective policy is its digest: it must be that of the expected document."""
    resources = [parse_resource(body) for body in vector["resources"]]
    subject = Subject.model_validate_json(json.dumps({"instance": "i-1", **vector["subject"]}))
    at = dt.datetime.fromisoformat(vector["at"])
    service = service_for(SigningWorld(resources), subject, at)
    with serving(tmp_path / "state", service.answer) as directory:
        decision = ask(directory, question("session_status", {}, agent=subject.agent, context=subject.context))
    expected = Effective.model_validate_json(json.dumps(vector["expect"]["effective"]))
    assert decision.digest == effective_digest(expected)
