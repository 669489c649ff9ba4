"""`kill -9` of the process group at random moments during applies: the whole revision is there, or nothing of it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import PROGRAM, ServerProcess, company, make_plan, proposal, resource, send_apply, server_process

ROUNDS = int(os.environ.get("CLAWFORGE_CHAOS_ROUNDS", "20"))
POLICIES = 40
WARM_APPLIES = 2
KILL_WITHIN = 1.6
"""Times what an apply took just before on the same server: some are cut off and some are not."""
ROUNDS_A_DATABASE = 40
"""The check reads the whole history, so a database lives through so many kills only."""
MUTANT = Path(__file__).with_name("autocommit_server.py")
MUTANT_ROUNDS = 12


@dataclass
class Witness:
    """What clients were told, against which a restarted server is held."""

    generation: int = 0
    acknowledged: dict[int, int] = field(default_factory=dict)

    def next(self) -> list[dict[str, Any]]:
        """A proposal in which every policy carries the number of the generation."""
        self.generation += 1
        mark = f"mark{self.generation}"
        policies = [
            resource("Policy", f"p{number}", mode="overlay", appliesTo="everyone", tools={"deny": [mark]})
            for number in range(POLICIES)
        ]
        return company(*policies, deny=[mark])

    def told(self, answer: httpx.Response) -> None:
        """Note an acknowledged apply of the newest generation."""
        if answer.status_code == 200:
            self.acknowledged[answer.json()["revision"]] = self.generation

    def check(self, client: httpx.Client) -> None:
        """Raise AssertionError unless state, revisions, digests and log tell one story."""
        state = client.get("/v1/orgs/acme/state")
        if state.status_code == 404:
            assert self.acknowledged == {}
            assert state.json()["code"] == "unknown-org"
            return
        assert state.status_code == 200, state.text
        body = state.json()
        marks = {item["spec"]["tools"]["deny"][0] for item in body["resources"] if item["kind"] == "Policy"}
        assert len(marks) == 1, marks
        assert len([item for item in body["resources"] if item["kind"] == "Policy"]) == POLICIES + 1
        revisions = client.get("/v1/orgs/acme/revisions?limit=500").json()["revisions"]
        assert [item["number"] for item in revisions] == list(range(body["revision"], 0, -1))
        assert revisions[0]["stateDigest"] == body["digest"]
        events = client.get("/v1/orgs/acme/audit?limit=1000").json()["events"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        applied = [event["revision"] for event in events if event["action"] == "plans:apply"]
        assert applied == list(range(1, body["revision"] + 1))
        # The head, the tree and the records were written together, or not at all.
        assert client.get("/v1/orgs/acme/audit/checkpoints").json()["damage"] is None
        assert client.get("/v1/orgs/acme/keys").status_code == 200
        assert max(self.acknowledged, default=0) <= body["revision"]
        if body["revision"] in self.acknowledged:
            assert marks == {f"mark{self.acknowledged[body['revision']]}"}


def killed_during_apply(server: ServerProcess, witness: Witness, moment: float) -> None:
    """Apply and measure that; apply again, and kill the process group after `moment` times as long."""
    with server.client() as client:
        for _ in range(WARM_APPLIES):
            plan = make_plan(client, proposal(witness.next()))
            started = time.monotonic()
            witness.told(send_apply(client, plan))
            took = time.monotonic() - started
        plan = make_plan(client, proposal(witness.next()))
        answers: list[httpx.Response] = []

        def work() -> None:
            with suppress(httpx.TransportError):
                answers.append(send_apply(client, plan))

        applying = threading.Thread(target=work)
        applying.start()
        time.sleep(moment * took)
        server.kill()
        applying.join(30)
    for answer in answers:
        witness.told(answer)


def survive(data: Path, count: int, program: Sequence[str]) -> int:
    """Kill, restart and check, again and again; how many of the applies that were shot at are there in the end."""
    witness = Witness()
    chance = random.Random(7)
    for _ in range(count):
        with server_process(data, program=program) as server:
            with server.client() as client:
                witness.check(client)
            killed_during_apply(server, witness, chance.uniform(0, KILL_WITHIN))
    with server_process(data, program=program) as server, server.client() as client:
        witness.check(client)
        revision = int(client.get("/v1/orgs/acme/state").json()["revision"])
        return revision - count * WARM_APPLIES


@pytest.mark.timeout(60 + 10 * ROUNDS)
def test_a_killed_apply_happened_whole_or_not_at_all(tmp_path: Path) -> None:
    survived = 0
    for first in range(0, ROUNDS, ROUNDS_A_DATABASE):
        count = min(ROUNDS_A_DATABASE, ROUNDS - first)
        survived += survive(tmp_path / f"data-{first}", count, PROGRAM)
    # Some applies must have been cut off and some not, or the kills did not hit what they were meant to hit.
    assert 0 < survived < ROUNDS


def test_the_check_fails_for_a_store_without_transactions(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        survive(tmp_path / "data", MUTANT_ROUNDS, (str(MUTANT),))
    assert "does not answer" not in str(caught.value)
