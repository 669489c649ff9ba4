"""What of a call is kept for the log: as much as the policy says, and every use of an elevation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing_world import DEV, NOON, SigningWorld, elevation, policy
from strategies import resource

from clawforge.decide.request import InstanceFacts
from clawforge.resource.meta import Resource
from clawforge.trust import accept_answer, held
from clawforge.wire_audit import AgentEvent
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.spool import Spool


def cards(action: str) -> Resource:
    rules = [{"id": "number", "pattern": "4111[0-9]{12}", "action": action}]
    return resource("DlpRuleSet", "cards", {"appliesTo": "everyone", "rules": rules})


CARDS, BLOCKED = cards("redact"), cards("block")
NUMBER = "4111" + "1" * 12


class Desk:
    """A service with a spool, over a world."""

    def __init__(self, folder: Path, *resources: Resource, lifted: bool = False) -> None:
        world = SigningWorld(list(resources))
        if lifted:
            world.set_overlays(elevation(minutes=(-1, 30)))
        self.spool = Spool(folder)
        clock = Clock(NOON, wall=lambda: NOON, monotonic=lambda: 0.0)
        self.service = AgentService(clock, InstanceFacts(workspace="/w", home="/home/dev"), spool=self.spool)
        found = held(accept_answer(world.enrolled(DEV, NOON), world.full(DEV, NOON), NOON))
        assert found is not None
        self.service.adopt(found)

    def ask(self, tool: str, **params: Any) -> dict[str, Any]:
        answer = json.loads(self.service.answer(json.dumps({"tool": tool, "params": params}).encode() + b"\n"))
        decision: dict[str, Any] = answer["decision"]
        return decision

    def events(self) -> list[AgentEvent]:
        return [AgentEvent.model_validate_json(item) for item in self.spool.batch().events]


def test_a_call_is_kept_with_its_effect_and_why(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "audit", policy(tools={"deny": ["exec"]}))
    desk.ask("read", path="/w/a")
    decision = desk.ask("exec", command="ls")
    allowed, denied = desk.events()
    assert (allowed.action, allowed.outcome, allowed.target, allowed.revision) == ("call:decide", "allow", "read", 1)
    assert denied.outcome == "deny"
    reason = {"code": "tool-denied", "resource": "Policy/default", "path": decision["reasons"][0]["path"]}
    assert denied.detail["reasons"][0] | {"code": "tool-denied"} == reason
    assert "params" not in denied.detail, "nothing of its content is kept unless the policy says so"


@pytest.mark.parametrize(
    ("audit", "rules", "kept"),
    [
        ({"level": "full", "content": "full"}, CARDS, {"params": {"path": f"/w/{NUMBER}"}}),
        ({"level": "full", "content": "none"}, CARDS, {}),
        ({"level": "metadata", "content": "full"}, CARDS, {}),
        ({"level": "full", "content": "redacted"}, BLOCKED, {"paramsRedacted": True}),
    ],
)
def test_content_is_kept_as_the_policy_says(tmp_path: Path, audit: Any, rules: Any, kept: Any) -> None:
    desk = Desk(tmp_path / "audit", policy(audit=audit), rules)
    desk.ask("read", path=f"/w/{NUMBER}")
    (event,) = desk.events()
    assert {key: value for key, value in event.detail.items() if key.startswith("params")} == kept


def test_redacted_content_holds_nothing_of_what_was_cut_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "audit", policy(audit={"level": "full", "content": "redacted"}), CARDS)
    desk.ask("read", path=f"/w/{NUMBER}", limit=3)
    desk.ask("read", path="/w/plain")
    cut, plain = desk.events()
    assert (cut.detail["params"]["limit"], cut.detail["paramsRedacted"]) == (3, True)
    assert plain.detail["params"] == {"path": "/w/plain"}
    assert NUMBER.encode() not in b"".join(desk.spool.batch().events)


def test_a_lifted_call_is_kept_whatever_the_policy_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "audit", policy(tools={"deny": ["exec"]}, audit={"level": "off"}), lifted=True)
    desk.ask("read", path="/w/a")
    assert desk.ask("exec", command="ls")["effect"] == "allow"
    (event,) = desk.events()
    assert (event.target, event.outcome) == ("exec", "allow")
    assert event.detail["record"][0]["code"] == "elevated"


class Sloppy(AgentService):
    """Mutant: goes on when a lifted call could not be recorded."""

    def _recorded(self, request: Any, decision: Any) -> Any:
        super()._recorded(request, decision)
        return decision


@pytest.mark.parametrize(("service", "effect"), [(AgentService, "deny"), (Sloppy, "allow")])
def test_a_lifted_call_that_cannot_be_recorded_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: type[AgentService], effect: str
) -> None:
    desk = Desk(tmp_path / "audit", policy(tools={"deny": ["exec"]}), lifted=True)
    desk.service.__class__ = service

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        assert desk.ask("exec", command="ls")["effect"] == effect
        assert desk.ask("read", path="/w/a")["effect"] == "allow", "others go on"
    assert desk.ask("exec", command="ls")["effect"] == "allow"


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.integers() | st.text(), st.lists), max_size=3))
def test_whatever_is_asked_is_kept_in_a_form_that_the_control_plane_reads(
    tmp_path_factory: pytest.TempPathFactory, params: dict[str, Any]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk") / "audit", policy(audit={"level": "full", "content": "full"}))
    desk.ask("t\u0000" * 100)
    answer = json.loads(desk.service.answer(json.dumps({"tool": "x", "params": params}).encode() + b"\n"))
    assert len(desk.events()) == 1 + ("decision" in answer)
