"""The agent's own checks over whatever the server answers, through applies, midnights, clock corrections, restarts."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

from clawforge.lease import read_lease_header
from clawforge.trust import Answer, TrustState, accept_answer, held, new_trust

STEPS = ("poll", "relevant", "irrelevant", "comment", "hours", "back")
LIVES = st.lists(st.lists(st.sampled_from(STEPS), max_size=6), min_size=1, max_size=3)
"""What happens during each life of the server; between them it is started again."""


class HonestAgent:
    """Polls as an agent does, and believes nothing that `clawforge.trust` does not let it believe."""

    def __init__(self, api: Api) -> None:
        enrolled = api.enroll(groups=["eng"])
        self.credential = enrolled["credential"]
        self.etag = ""
        self.trust: TrustState = new_trust(
            org=enrolled["org"],
            instance=enrolled["instance"],
            user=enrolled["user"],
            root_key=enrolled["rootKey"],
            keys=enrolled["keys"],
            now=api.clock.now(),
        )

    def poll(self, api: Api) -> None:
        answer = api.get("/v1/agent/policy", token=self.credential, headers={"If-None-Match": self.etag})
        assert answer.status_code in {200, 304}, answer.text
        body: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        lease = read_lease_header(answer.headers["ClawForge-Lease"])
        believed = Answer(lease=lease, keys=body.get("keys"), bundle=body.get("bundle"))
        self.trust = accept_answer(self.trust, believed, api.clock.now())
        self.etag = answer.headers["etag"]
        holding = held(self.trust)
        assert holding is not None
        assert holding.bundle.org == "acme"


@settings(max_examples=20, deadline=None)
@given(lives=LIVES)
def test_an_honest_agent_accepts_every_answer(tmp_path_factory: pytest.TempPathFactory, lives: list[list[str]]) -> None:
    data = tmp_path_factory.mktemp("honest") / "data"
    clock = MovableClock()
    with opened_api(data, clock) as api:
        api.apply(company())
        agent = HonestAgent(api)
    numbers = itertools.count()
    for steps in lives:
        with opened_api(data, clock) as api:
            agent.poll(api)
            for step in steps:
                act(api, step, next(numbers))
                agent.poll(api)


def act(api: Api, step: str, count: int) -> None:
    """Change something about the world."""
    if step == "relevant":
        api.apply(company(deny=[f"tool{count}"]))
    elif step == "irrelevant":
        api.apply([resource("Group", f"g{count}")], source="other")
    elif step == "comment":
        place = {"Policy/default": {"file": f"{count}.yaml", "line": count, "fields": {}}}
        api.apply(company(), positions=place)
    elif step == "hours":
        api.clock.move(hours=7)
    elif step == "back":
        api.clock.move(seconds=-30)
