"""The vectors of whole calls: resources and a subject in, decisions out; for library, server and agent."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clawforge.decide.request import Decision
from clawforge.load.resource import parse_resource
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

_VECTORS = Path(__file__).resolve().parents[1] / "schemas" / "vectors"


@dataclass(frozen=True)
class Call:
    """One call and what must come out."""

    tool: str
    params: dict[str, Any]
    expect: dict[str, Any]

    def check(self, decision: Decision) -> None:
        """Fails unless the decision is the expected one."""
        got = [reason.code for reason in decision.reasons]
        wanted = self.expect["reasons"]
        assert (decision.effect.value, got[: len(wanted)]) == (self.expect["effect"], wanted), self
        if "params" in self.expect:
            assert decision.obligations.params == self.expect["params"], self
        if "record" in self.expect:
            assert [record.code for record in decision.obligations.record] == self.expect["record"], self


@dataclass(frozen=True)
class CallVector:
    """A state, a subject, a moment, and calls."""

    name: str
    bodies: list[dict[str, Any]]
    subject: Subject
    at: dt.datetime
    calls: list[Call]

    @property
    def resources(self) -> list[Resource]:
        """The state as models."""
        parsed = [parse_resource(body) for body in self.bodies]
        assert all(isinstance(item, Resource) for item in parsed), parsed
        return [item for item in parsed if isinstance(item, Resource)]


def call_vectors() -> list[CallVector]:
    """Those of call.json, and the shell bypasses under both modes that must stop them."""
    document = json.loads((_VECTORS / "call.json").read_text())
    return [*(_vector(item) for item in document["vectors"]), *_bypasses()]


def _vector(item: dict[str, Any]) -> CallVector:
    subject = Subject.model_validate_json(json.dumps(item["subject"]))
    calls = [Call(call["tool"], call.get("params", {}), call["expect"]) for call in item["calls"]]
    return CallVector(item["name"], item["resources"], subject, dt.datetime.fromisoformat(item["at"]), calls)


def _bypasses() -> list[CallVector]:
    vectors = json.loads((_VECTORS / "shell.json").read_text())["vectors"]
    bypasses = [item for item in vectors if item["name"].startswith("bypass-")]
    assert len(bypasses) == 25
    moment = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    made = []
    for mode, effect in (("allowlist", "deny"), ("ask", "ask")):
        rules = {"appliesTo": "everyone", "exec": {"mode": mode, "allow": bypasses[0]["allow"]}}
        calls = [Call("exec", {"command": item["command"]}, {"effect": effect, "reasons": []}) for item in bypasses]
        bodies = [_body("User", "dev", {"email": "dev@acme.example"}), _body("Policy", "default", rules)]
        made.append(CallVector(f"the 25 shell bypasses under {mode}", bodies, Subject(user="dev"), moment, calls))
    return made


def _body(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
