"""The decision vectors on their whole way: signed, verified, put in force, and asked through the real socket."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from agent_socket import serving
from signing_world import DEV, NOON, SigningWorld, elevation

from clawforge.bundle import Bundle, lease_for, sign_bundle
from clawforge.decide.request import Decision, InstanceFacts, Runtime
from clawforge.dsse import envelope_json
from clawforge.effective import Effective, effective_digest
from clawforge.lease import sign_lease
from clawforge.resolve.variants import Variant
from clawforge.trust import Answer, accept_answer, held
from clawforge_cli.agent.asker import ask, question
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.service import AgentService

FOLDER = Path(__file__).parents[3] / "schemas" / "vectors"
INSTANCE = "i-1"


def joined(value: Any) -> Any:
    """Secrets stand in pieces in the file."""
    if isinstance(value, dict):
        if value.keys() == {"join"}:
            return "".join(value["join"])
        return {name: joined(member) for name, member in value.items()}
    return [joined(item) for item in value] if isinstance(value, list) else value


def within_reach(vector: dict[str, Any]) -> bool:
    """Whether an enrolled agent can be in this situation: it always has an instance and acts at its own time, and it
    hears of a quarantine as of a kill."""
    request = vector["request"]
    targets = vector["effective"].get("versions", {}).get("targets")
    unjudged = targets and "instance" not in request and not vector.get("facts", {}).get("versions")
    return (
        not vector.get("runtime", {}).get("quarantine")
        and not unjudged
        and request.keys() <= {"tool", "params", "instance", "agent", "context"}
    )


ALL = joined(json.loads((FOLDER / "decision.json").read_text(encoding="utf-8")))["vectors"]
VECTORS = [vector for vector in ALL if within_reach(vector)]
BYPASSES = [
    vector
    for vector in json.loads((FOLDER / "shell.json").read_text(encoding="utf-8"))["vectors"]
    if vector["name"].startswith("bypass-")
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, AgentService]]:
    service = AgentService(Clock(NOON, wall=lambda: NOON, monotonic=lambda: 0.0), InstanceFacts())
    with serving(tmp_path_factory.mktemp("agent"), service.answer) as directory:
        yield directory, service


def asked(agent: tuple[Path, AgentService], vector: dict[str, Any]) -> Decision:
    directory, service = agent
    request = vector["request"]
    runtime = Runtime.model_validate_json(orjson.dumps(vector.get("runtime", {})))
    subject = DEV.model_copy(update={"instance": request.get("instance", INSTANCE)})
    world = SigningWorld()
    effective = Effective.model_validate_json(orjson.dumps(vector["effective"]))
    digest = effective_digest(effective)
    bundle: Bundle = world.bundle(subject, NOON).model_copy(
        update={
            "user": "alice",
            "groups": runtime.groups,
            "policies": {digest: effective},
            "provenance": {},
            "overlays": (elevation(tools=("*",), user="alice"),) if vector.get("elevated") else (),
            "variants": (Variant(from_=NOON, until=NOON + dt.timedelta(days=1), digest=digest),),
        }
    )
    lease = lease_for(bundle, kill=runtime.kill, now=NOON)
    answer = Answer(
        keys=envelope_json(world.keys(NOON)),
        bundle=envelope_json(sign_bundle(bundle, world.online)),
        lease=envelope_json(sign_lease(lease, world.online)),
    )
    holding = held(accept_answer(world.enrolled(subject, NOON), answer, NOON))
    assert holding is not None
    service.adopt(holding)
    service.learn_facts(InstanceFacts.model_validate_json(orjson.dumps(vector.get("facts", {}))))
    return ask(
        directory,
        question(request["tool"], request["params"], agent=request.get("agent"), context=request.get("context")),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(agent: tuple[Path, AgentService], vector: dict[str, Any]) -> None:
    decision = asked(agent, vector)
    expect = vector["expect"]
    assert [reason.code for reason in decision.reasons] == expect["reasons"], decision.reasons
    assert decision.effect.value == expect["effect"]
    assert decision.obligations.params == expect.get("params", decision.obligations.params)


@pytest.mark.parametrize("vector", BYPASSES, ids=[vector["name"] for vector in BYPASSES])
def test_a_bypass_is_denied_under_allowlist_and_asked_under_ask(
    agent: tuple[Path, AgentService], vector: dict[str, Any]
) -> None:
    for mode, effect in (("allowlist", "deny"), ("ask", "ask")):
        effective = {"enforced": {"exec": {"mode": mode, "allow": [vector["allow"]]}}}
        request = {"tool": "exec", "params": {"command": vector["command"]}}
        assert asked(agent, {"effective": effective, "request": request}).effect.value == effect


def test_nearly_all_vectors_are_within_reach() -> None:
    assert len(VECTORS) >= len(ALL) - 7
    assert len(BYPASSES) == 25
