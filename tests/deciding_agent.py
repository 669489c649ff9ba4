"""What a real agent does with what a control plane answers it: it verifies, keeps, and decides."""

from __future__ import annotations

from typing import Any

from server_app import NOON

from clawforge.decide.request import Decision, InstanceFacts
from clawforge.errors import UntrustedError
from clawforge.lease import read_lease_header
from clawforge.resource.policy_test import Effect
from clawforge.trust import REFETCH_CODES, Answer, accept_answer, held, new_trust
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest
from clawforge_cli.agent.service import AgentService


class DecidingAgent:
    """The library's trust and the program's service, without its threads and its disk."""

    def __init__(self, api: Any, enrolled: dict[str, Any]) -> None:
        self.api = api
        self.name = enrolled["instance"]
        self.credential = enrolled["credential"]
        self._trust = new_trust(
            org="acme",
            instance=self.name,
            user=enrolled["user"],
            root_key=enrolled["rootKey"],
            keys=enrolled["keys"],
            now=api.clock.now(),
        )
        clock = Clock(NOON, wall=api.clock.now, monotonic=lambda: 0.0)
        self._service = AgentService(clock, InstanceFacts(workspace="/w", home="/home/dev"))

    @property
    def tag(self) -> dict[str, str]:
        found = held(self._trust)
        return {} if found is None else {"If-None-Match": f'"{found.digest}"'}

    def take(self, answer: Any) -> None:
        assert answer.status_code in (200, 304), answer.text
        body = answer.json() if answer.status_code == 200 else {}
        lease = read_lease_header(answer.headers["ClawForge-Lease"])
        message = Answer(lease=lease, keys=body.get("keys"), bundle=body.get("bundle"))
        self._trust = accept_answer(self._trust, message, self.api.clock.now())
        found = held(self._trust)
        assert found is not None
        self._service.adopt(found)

    def poll(self) -> int:
        answer = self.api.get("/v1/agent/policy", token=self.credential, headers=self.tag)
        try:
            self.take(answer)
        except UntrustedError as error:
            if answer.status_code != 304 or error.code not in REFETCH_CODES:
                raise
            answer = self.api.get("/v1/agent/policy", token=self.credential)
            self.take(answer)
        return int(answer.status_code)

    def decide(self, tool: str, **params: Any) -> Decision:
        return self._service.decide(CheckRequest(tool=tool, params=params))

    def beat(self) -> None:
        """A heartbeat; the lease of the answer is all that an agent takes from it."""
        answer = self.api.post("/v1/agent/heartbeat", token=self.credential, json={})
        assert answer.status_code == 200, answer.text
        self._trust = accept_answer(self._trust, Answer(lease=answer.json()["lease"]), self.api.clock.now())
        found = held(self._trust)
        assert found is not None
        self._service.adopt(found)

    def allows(self, tool: str = "read", **params: Any) -> bool:
        """Whether a call goes through now; one to read a file of the workspace if nothing else is named."""
        return self.decide(tool, **(params or {"path": "/w/a"})).effect is Effect.ALLOW
