"""Whatever is applied, reported and ordered in whichever order: who is served what during rollouts."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rollout_world import Fleet, order, status, tick, world
from server_app import Api, MovableClock, opened_api

EXAMPLES = int(os.environ.get("CLAWFORGE_ROLLOUT_EXAMPLES", "4"))
"""More of them take long: each is a server of its own with some dozens of requests."""
TOOLS = ("exec", "write", "web_fetch")
HALT = {"halt": {"denials": {"factor": 2, "atLeast": 2}}}
DENIED = st.sets(st.sampled_from(TOOLS)).map(sorted)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("apply"), DENIED),
        st.tuples(st.just("machine"), DENIED),
        st.tuples(st.just("now"), DENIED),
        st.tuples(st.just("wait"), st.sampled_from([1, 29, 30, 120])),
        st.tuples(st.just("report"), st.sampled_from(["canary", "engineer", "other"])),
        st.tuples(st.just("order"), st.sampled_from(["advance", "finish", "halt", "resume"])),
        st.tuples(st.just("kill"), st.none()),
    ),
    min_size=4,
    max_size=9,
)


class Course:
    """What must hold after every step, from what was done and nothing that the server worked out."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.said: dict[int, list[str]] = {}
        self.apply(["exec"])
        self.robot = api.token("plans:*", "state:read")
        self.fleet = Fleet(api)
        self.serials: dict[str, dict[int, str]] = {name: {} for name in self.fleet.machines}
        self.kills = 0
        self.reported = 0

    def apply(self, denied: list[str], token: str | None = None, **terms: Any) -> None:
        plan = self.api.plan(world(denied, **HALT))
        headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
        path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
        answer = self.api.post(path, json={"plan": plan, **terms}, headers=headers, token=token)
        assert answer.status_code == 200, answer.text
        self.said[answer.json()["revision"]] = denied

    def step(self, what: str, value: Any) -> None:
        found = status(self.api)
        revision = max(self.said)
        if what == "apply":
            self.apply(value)
        elif what == "machine":
            self.apply(value, self.robot)
        elif what == "now":
            served = self.fleet.revisions()
            self.apply(value, immediate=True, reason="urgent")
            # A plan without a change applies nothing, and so ends no rollout: `rollout advance --all` does.
            is_change = max(self.said) > revision
            assert self.fleet.revisions() == ([max(self.said)] * 3 if is_change else served)
        elif what == "wait":
            self.api.clock.move(minutes=value)
            tick(self.api)
        elif what == "report":
            self._report(value)
        elif what == "order" and found is not None:
            order(self.api, value, revision)
        elif what == "kill":
            scope = ("org", "tool:exec", "tool:write")[self.kills % 3]
            assert self.api.post("/v1/orgs/acme/overlays", json={"scope": scope, "reason": "x"}).status_code == 201
            self.kills = min(self.kills + 1, 3)
        self.check(what, value, found)

    def check(self, what: str, value: Any, before: dict[str, Any] | None) -> None:
        found = status(self.api)
        is_open = found is not None and found["state"] in ("baking", "halted")
        revision = max(self.said)
        allowed = {revision, found["held"]} if found is not None and is_open else {revision}
        served = []
        for name in self.fleet.machines:
            bundle = self.fleet.bundle(name)
            served.append(bundle["revision"])
            assert bundle["revision"] in allowed
            for policy in bundle["policies"].values():
                assert sorted(policy["enforced"].get("tools", {}).get("deny", [])) == self.said[bundle["revision"]]
            known = self.serials[name]
            assert bundle["serial"] >= max(known, default=0)
            assert known.setdefault(bundle["serial"], self.fleet.digest(name)) == self.fleet.digest(name)
            assert len(self.fleet.lease(name).kill) == self.kills
        # A later ring never has what an earlier one has not.
        assert served == sorted(served, reverse=True)
        # What is halted goes on by the word of whoever may say so; a program that applies something else has no say.
        lets_go = what in ("apply", "now") or value == "resume"
        if before is not None and found is not None and before["state"] == "halted" and not lets_go:
            undone = what == "machine" and self.said[before["held"]] == value
            kept = what == "machine" and not undone and found["revision"] != before["revision"]
            ring = "canaries" if kept else before["ring"]
            assert (found["state"], found["ring"]) == ("replaced" if undone else "halted", ring)

    def finish(self) -> None:
        """Whoever resumes and waits sees everybody on the present revision."""
        # What was reported last may halt it at the first look.
        for _ in range(3):
            order(self.api, "resume", max(self.said))
            self.api.clock.move(hours=2)
            tick(self.api)
        assert self.fleet.revisions() == [max(self.said)] * 3

    def _report(self, name: str) -> None:
        first = self.reported * 3 + 1
        events = [
            {"seq": seq, "at": "2026-11-20T12:00:00Z", "action": "call:decide", "outcome": "deny"}
            for seq in range(first, first + 3)
        ]
        token = self.fleet.machines[name]["credential"]
        assert self.api.post("/v1/agent/audit", token=token, json={"events": events}).status_code == 200
        self.reported += 1


def play(steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, opened_api(Path(folder) / "data", MovableClock()) as api:
        course = Course(api)
        for what, value in steps:
            course.step(what, value)
        course.finish()


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(STEPS)
def test_nobody_gets_what_did_not_bake_and_kills_reach_everybody(steps: list[tuple[str, Any]]) -> None:
    play(steps)
