"""The vectors of decisions, and the bypasses of the shell vectors as decisions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from clawforge.decide.decider import CODES, Decider
from clawforge.decide.request import Decision, InstanceFacts, Request, Runtime
from clawforge.effective import Effective

_FOLDER = Path(__file__).parents[3] / "schemas" / "vectors"


def _joined(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"join"}:
            return "".join(value["join"])
        return {name: _joined(member) for name, member in value.items()}
    return [_joined(item) for item in value] if isinstance(value, list) else value


VECTORS: list[dict[str, Any]] = _joined(json.loads((_FOLDER / "decision.json").read_text(encoding="utf-8")))["vectors"]
BYPASSES: list[dict[str, Any]] = [
    vector
    for vector in json.loads((_FOLDER / "shell.json").read_text(encoding="utf-8"))["vectors"]
    if vector["name"].startswith("bypass-")
]


def _request(tool: str, params: dict[str, Any], **more: Any) -> Request:
    given = {"user": "alice", "at": "2026-11-20T12:00:00Z", "tool": tool, "params": params, **more}
    return Request.model_validate_json(orjson.dumps(given))


def _decide(vector: dict[str, Any]) -> Decision:
    decider = Decider(Effective.model_validate_json(orjson.dumps(vector["effective"])))
    return decider.decide(
        _request(**vector["request"]),
        facts=InstanceFacts.model_validate_json(orjson.dumps(vector.get("facts", {}))),
        runtime=Runtime.model_validate_json(orjson.dumps(vector.get("runtime", {}))),
        elevated=vector.get("elevated", False),
    )


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any]) -> None:
    decision = _decide(vector)
    expect = vector["expect"]
    assert [reason.code for reason in decision.reasons] == expect["reasons"], decision.reasons
    assert decision.effect.value == expect["effect"]
    assert decision.obligations.params == expect.get("params", decision.obligations.params)
    for part, found in (
        ("records", [record.code for record in decision.obligations.record]),
        ("redactions", [redaction.model_dump() for redaction in decision.obligations.redactions]),
    ):
        assert found == expect.get(part, found)


def test_the_vectors_cover_every_code() -> None:
    covered = {code for vector in VECTORS for code in vector["expect"]["reasons"]}
    assert covered == set(CODES)


def test_names_are_unique() -> None:
    names = [vector["name"] for vector in VECTORS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("vector", BYPASSES, ids=[vector["name"] for vector in BYPASSES])
def test_a_bypass_is_denied_under_allowlist_and_asked_under_ask(vector: dict[str, Any]) -> None:
    for mode, effect in (("allowlist", "deny"), ("ask", "ask")):
        effective = {"enforced": {"exec": {"mode": mode, "allow": [vector["allow"]]}}}
        decision = _decide(
            {"effective": effective, "request": {"tool": "exec", "params": {"command": vector["command"]}}}
        )
        assert decision.effect.value == effect
        assert cast(str, decision.reasons[0].code).startswith("exec-")


def test_there_are_25_bypasses() -> None:
    assert len(BYPASSES) == 25
