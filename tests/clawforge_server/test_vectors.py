"""The published vectors through the server: applied as plans, asked over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from call_vectors import CallVector, call_vectors
from server_app import Api

from clawforge.decide.request import Decision
from clawforge.diagnostic import Severity
from clawforge.effective import Effective, effective_digest
from clawforge.lint.context import LintContext
from clawforge.lint.engine import lint
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource, format_instant

EFFECTIVE = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "vectors" / "effective.json").read_text())
BY_REQUEST = [vector for vector in EFFECTIVE["vectors"] if "claims" not in vector["subject"]]


def test_nearly_every_vector_is_asked_of_the_server() -> None:
    assert len(EFFECTIVE["vectors"]) - len(BY_REQUEST) <= 2
    assert sum(bool(lint_errors(vector["resources"])) for vector in BY_REQUEST) <= 10


@pytest.mark.parametrize("vector", call_vectors(), ids=lambda vector: vector.name)
def test_a_call_through_decide(vector: CallVector, api: Api) -> None:
    api.apply(vector.bodies)
    subject = vector.subject.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for call in vector.calls:
        body = {**subject, "tool": call.tool, "params": call.params, "at": format_instant(vector.at)}
        answer = api.post("/v1/orgs/acme/decide", json=body)
        assert answer.status_code == 200, answer.text
        call.check(Decision.model_validate_json(answer.content))


@pytest.mark.parametrize("vector", BY_REQUEST, ids=lambda vector: vector["name"])
def test_an_effective_policy(vector: dict[str, Any], api: Api) -> None:
    refused = lint_errors(vector["resources"])
    if refused:
        body = {"source": "policies", "resources": vector["resources"], "positions": {}}
        answer = api.post("/v1/orgs/acme/plans", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "lint-errors"), answer.text
        assert refused == {problem["code"] for problem in answer.json()["problems"]}
        return
    api.apply(vector["resources"])
    subject = vector["subject"]
    query: list[tuple[str, str]] = [("at", vector["at"])]
    query += [(key, value) for key, value in subject.items() if isinstance(value, str)]
    query += [("group", name) for name in subject.get("groups", [])]
    query += [("tag", f"{key}={value}") for key, value in subject.get("tags", {}).items()]
    answer = api.get("/v1/orgs/acme/effective", params=query)
    assert answer.status_code == 200, answer.text
    view = answer.json()
    wanted = vector["expect"]
    assert effective(view["effective"]) == effective(wanted["effective"])
    assert view["digest"] == effective_digest(effective(wanted["effective"]))
    assert view["base"] == wanted.get("base", view["base"])
    assert [alert["code"] for alert in view["alerts"]] == wanted.get("alerts", [])


def effective(document: dict[str, Any]) -> Effective:
    return Effective.model_validate_json(json.dumps(document))


def lint_errors(bodies: list[dict[str, Any]]) -> set[str]:
    """Codes of what lint refuses: such a state can only come about by later data, so the server takes no such plan."""
    resources = [item for body in bodies if isinstance(item := parse_resource(body), Resource)]
    findings = lint(LintContext.of(resources, org="acme"))
    return {finding.code for finding in findings if finding.severity is Severity.ERROR}
