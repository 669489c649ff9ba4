"""Enrolment tokens against a real process: from n uses come exactly n machines, however many try at once.

The suite takes a slice; `make chaos` takes a thousand.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from server_process import PROGRAM, ServerProcess, apply, company, resource, server_process

ROUNDS = int(os.environ.get("CLAWFORGE_CHAOS_ENROLMENTS", "6"))
TRIES = 64
PROXY = "--behind-proxy"
"""So that every request may come from an address of its own: guessing is slowed down by address."""
MUTANT = Path(__file__).with_name("careless_server.py")
MUTANT_ROUNDS = 20
TEMPLATE = resource("Enrollment", "many", users=["dev"], maxUses=100)


def rush(server: ServerProcess, round_: int, uses: int) -> tuple[int, int, int]:
    """How many of 64 concurrent tries were let in, how many machines there are, and how many uses are left."""
    with server.client() as owner:
        body = {"template": "many", "uses": uses}
        minted = owner.post("/v1/orgs/acme/enrollments", json=body).json()
        ready = threading.Barrier(TRIES)

        def attempt(number: int) -> int:
            headers = {"X-Forwarded-For": f"198.18.{round_ % 256}.{number}"}
            ready.wait()
            return crowd.post("/v1/enroll", json={"token": minted["token"]}, headers=headers).status_code

        with (
            httpx.Client(base_url=server.url, trust_env=False, timeout=60) as crowd,
            ThreadPoolExecutor(TRIES) as pool,
        ):
            answers = list(pool.map(attempt, range(TRIES)))
        assert set(answers) <= {201, 401}, answers
        tokens = owner.get("/v1/orgs/acme/enrollments").json()["enrollments"]
        left = next(item["usesLeft"] for item in tokens if item["id"] == minted["id"])
        machines = len(owner.get("/v1/orgs/acme/instances").json()["instances"])
    return answers.count(201), machines, left


def test_n_uses_are_n_machines(tmp_path: Path) -> None:
    machines = 0
    with server_process(tmp_path / "data", program=(*PROGRAM, PROXY)) as server:
        with server.client() as owner:
            apply(owner, company(TEMPLATE))
        for round_ in range(ROUNDS):
            uses = (1, 2, 7, 63, 64, 100)[round_ % 6]
            let_in, there, left = rush(server, round_, uses)
            expected = min(uses, TRIES)
            machines += expected
            assert (let_in, there, left) == (expected, machines, uses - expected)


def test_a_server_that_counts_in_two_steps_is_caught(tmp_path: Path) -> None:
    with server_process(tmp_path / "data", program=(str(MUTANT), PROXY)) as server:
        with server.client() as owner:
            apply(owner, company(TEMPLATE))
        # Two must meet between the two steps, which a busy machine may keep from happening.
        for round_ in range(MUTANT_ROUNDS):
            let_in, _, _ = rush(server, round_, 1)
            if let_in > 1:
                return
    pytest.fail("every token let one machine in")


def test_a_lost_laptop_is_out_within_two_seconds(running: ServerProcess) -> None:
    with running.client() as owner:
        apply(owner, company())
        token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": "lost"}).json()["token"]
        credential = httpx.post(f"{running.url}/v1/enroll", json={"token": token}, trust_env=False).json()["credential"]
        with running.client(credential) as agent:
            held = agent.get("/v1/agent/policy").headers["etag"]

            def wait() -> httpx.Response:
                return agent.get("/v1/agent/policy?wait=30", headers={"If-None-Match": held})

            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(wait)
                with pytest.raises(TimeoutError):
                    waiting.result(0.5)
                gone = owner.delete("/v1/orgs/acme/instances/lost", params={"reason": "left in a train"})
                assert gone.status_code == 204
                answer = waiting.result(2)
    assert (answer.status_code, answer.json()["code"]) == (401, "instance-revoked")
