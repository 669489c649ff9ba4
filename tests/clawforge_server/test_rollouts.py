"""Rollouts by rings: which machine is served from which revision, and what carries a rollout on or stops it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from server_app import Api
from server_process import company, resource

from clawforge_server.service.overlay_clock import tend_overlays
from clawforge_server.service.rollout_clock import orgs_with_due_rollouts, tend_rollout

ROLLOUT = "/v1/orgs/acme/rollout"
RINGS = [
    {"name": "canaries", "appliesTo": {"tags": {"ring": ["canary"]}}, "bake": "30m"},
    {"name": "engineers", "appliesTo": {"groups": ["eng"]}, "bake": "2h"},
]
USERS = [resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob")]


def world(deny: list[str], *more: dict[str, Any], **rollout: Any) -> list[dict[str, Any]]:
    """The org with two rings, in which these tools are denied."""
    rule = {"rings": RINGS, **rollout}
    return company(*USERS, resource("ChangePolicy", "slowly", rollout=rule), *more, deny=deny)


CLOSED = ["exec", "write"]
OPEN = ["write"]


class Fleet:
    """One machine in each ring, and one in none."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.machines = {
            "canary": api.enroll("dev", tags={"ring": "canary"}, groups=["eng"]),
            "engineer": api.enroll("ann", groups=["eng"]),
            "other": api.enroll("bob"),
        }

    def bundle(self, name: str) -> dict[str, Any]:
        """What a machine is served now."""
        answer = self.api.get("/v1/agent/policy", token=self.machines[name]["credential"])
        assert answer.status_code == 200, answer.text
        envelope = answer.json()["bundle"]
        bundle: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
        assert answer.headers["clawforge-revision"] == str(bundle["revision"])
        return bundle

    def revisions(self) -> list[int]:
        """What the machines are served from, in the order of the rings."""
        return [self.bundle(name)["revision"] for name in self.machines]

    def denied(self) -> list[bool]:
        """Whether exec is denied to each."""
        return [
            all("exec" in item["enforced"]["tools"]["deny"] for item in self.bundle(name)["policies"].values())
            for name in self.machines
        ]

    def acknowledge(self) -> None:
        """Each enforces what it is served."""
        for machine in self.machines.values():
            token = machine["credential"]
            digest = self.api.get("/v1/agent/policy", token=token).headers["etag"].strip('"')
            self.api.post("/v1/agent/heartbeat", token=token, json={"acknowledged": digest})
        self.api.plane.reports.flush()


@pytest.fixture
def fleet(api: Api) -> Fleet:
    api.apply(world(CLOSED))
    return Fleet(api)


def tick(api: Api) -> None:
    """What a running server does every second."""
    for org in orgs_with_due_rollouts(api.plane):
        tend_rollout(api.plane, org)


def status(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = api.get(ROLLOUT).json()["rollout"]
    return document


def order(api: Api, action: str, revision: int, **options: Any) -> Any:
    return api.post(ROLLOUT, json={"action": action, "revision": revision, "reason": "looked"}, **options)


def test_a_loosening_comes_ring_by_ring(api: Api, fleet: Fleet) -> None:
    assert (fleet.revisions(), fleet.denied()) == ([1, 1, 1], [True] * 3)
    api.apply(world(OPEN))
    assert (fleet.revisions(), fleet.denied()) == ([2, 1, 1], [False, True, True])
    serial = fleet.bundle("other")["serial"]
    for minutes, expected in ((29, [2, 1, 1]), (1, [2, 2, 1]), (119, [2, 2, 1]), (1, [2, 2, 2])):
        api.clock.move(minutes=minutes)
        tick(api)
        assert fleet.revisions() == expected
        assert fleet.bundle("other")["serial"] >= serial
        serial = fleet.bundle("other")["serial"]
    assert fleet.denied() == [False] * 3
    found = status(api)
    assert (found["state"], found["held"], found["revision"], found["endedBy"]) == ("done", 1, 2, "server")
    assert [ring["machines"] for ring in found["rings"]] == [1, 1, 1]
    actions = [item["action"] for item in api.audit() if item["action"].startswith("rollouts:")]
    assert actions == ["rollouts:start", "rollouts:advance", "rollouts:advance"]


def test_a_tightening_reaches_everybody_at_once(api: Api, fleet: Fleet) -> None:
    api.apply(world([*CLOSED, "web_fetch"]))
    assert fleet.revisions() == [2, 2, 2]
    assert status(api) is None


@pytest.mark.parametrize(("effects", "expected"), [("tighten", [2, 1, 1]), ("any", [2, 1, 1])])
def test_it_can_be_asked_for(api: Api, effects: str, expected: list[int]) -> None:
    api.apply(world(CLOSED, effects=effects))
    fleet = Fleet(api)
    api.apply(world([*CLOSED, "web_fetch"], effects=effects))
    assert fleet.revisions() == expected


def test_what_changes_nothing_for_agents_is_not_rolled_out(api: Api, fleet: Fleet) -> None:
    api.apply(world(CLOSED, resource("User", "eve", email="eve@acme.example")))
    assert fleet.revisions() == [2, 2, 2]
