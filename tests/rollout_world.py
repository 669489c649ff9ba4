"""An org that rolls changes out in rings, with a machine in each ring and one in none."""

from __future__ import annotations

import base64
import json
from typing import Any

from server_app import Api
from server_process import company, resource

from clawforge.lease import Lease
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.service.rollout_clock import orgs_with_due_rollouts, tend_rollout
from clawforge_server.state.offers import known_offer, lease_of, offer_to

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

    def digest(self, name: str) -> str:
        """The digest of what a machine is served now."""
        answer = self.api.get("/v1/agent/policy", token=self.machines[name]["credential"])
        return answer.headers["etag"].strip('"')

    def lease(self, name: str, *, hot: bool = False) -> Lease:
        """The lease that a machine is given now; `hot` by the front of the server, which must know it."""
        instance = self.api.plane.instances.peek(credential_hash(self.machines[name]["credential"]))
        state = self.api.plane.states.get("acme")
        assert instance is not None
        if not hot:
            offer_to(state, instance)
        offer = known_offer(state, instance)
        assert offer is not None
        return lease_of("acme", instance.name, offer, self.api.clock.now())

    def acknowledge(self) -> None:
        """Each enforces what it is served."""
        for machine in self.machines.values():
            token = machine["credential"]
            digest = self.api.get("/v1/agent/policy", token=token).headers["etag"].strip('"')
            self.api.post("/v1/agent/heartbeat", token=token, json={"acknowledged": digest})
        self.api.plane.reports.flush()


def tick(api: Api) -> None:
    """What a running server does every second."""
    for org in orgs_with_due_rollouts(api.plane):
        tend_rollout(api.plane, org)


def status(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = api.get(ROLLOUT).json()["rollout"]
    return document


def order(api: Api, action: str, revision: int, **options: Any) -> Any:
    return api.post(ROLLOUT, json={"action": action, "revision": revision, "reason": "looked"}, **options)
