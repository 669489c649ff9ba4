"""Many applies at once on one base: exactly one happens, the others hear what moved, and nothing has a gap."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import PROGRAM, ServerProcess, apply, company, proposal, resource, server_process

ROUNDS = int(os.environ.get("CLAWFORGE_CHAOS_RACES", "6"))
AT_ONCE = 64
MUTANT = Path(__file__).with_name("rebasing_server.py")


def wanted(number: int, mark: int) -> dict[str, Any]:
    """What one of many projects wants: a policy of its own, which says something else in every round."""
    policy = resource("Policy", f"p{number}", mode="overlay", appliesTo="everyone", tools={"deny": [f"mark{mark}"]})
    return dict(proposal([policy], source=f"team-{number}"))


async def race(server: ServerProcess, mark: int) -> list[httpx.Response]:
    """Everybody plans, then everybody applies."""
    limits = httpx.Limits(max_connections=AT_ONCE)
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(
        base_url=server.url, headers=headers, timeout=60, trust_env=False, limits=limits
    ) as client:
        made = await asyncio.gather(
            *(client.post("/v1/orgs/acme/plans", json=wanted(number, mark)) for number in range(AT_ONCE))
        )
        plans = [answer.json() for answer in made]
        assert len({plan["base"]["revision"] for plan in plans}) == 1
        return await asyncio.gather(
            *(
                client.post(
                    f"/v1/orgs/acme/plans/{plan['id']}/apply",
                    json={"plan": plan},
                    headers={"If-Match": f'"{plan["base"]["revision"]}"'},
                )
                for plan in plans
            )
        )


def check(client: httpx.Client, rounds: int) -> None:
    """Raise AssertionError unless revisions and log tell of one apply a round."""
    state = client.get("/v1/orgs/acme/state").json()
    assert state["revision"] == rounds + 1
    revisions = client.get("/v1/orgs/acme/revisions?limit=500").json()["revisions"]
    assert [item["number"] for item in revisions] == list(range(rounds + 1, 0, -1))
    events: list[dict[str, Any]] = []
    while page := client.get(f"/v1/orgs/acme/audit?limit=1000&after={events[-1]['seq'] if events else 0}").json():
        events += page["events"]
        if not page["events"]:
            break
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    applies = Counter(event["outcome"] for event in events if event["action"] == "plans:apply")
    assert applies["done"] == rounds + 1
    assert applies["refused"] == rounds * (AT_ONCE - 1)
    assert client.get("/v1/orgs/acme/audit/checkpoints").json()["damage"] is None


def run(data: Path, rounds: int, program: Sequence[str] = PROGRAM) -> None:
    with server_process(data, program=program) as server, server.client() as client:
        apply(client, company())
        for mark in range(rounds):
            answers = asyncio.run(race(server, mark))
            won = [answer for answer in answers if answer.status_code == 200]
            lost = [answer.json() for answer in answers if answer.status_code == 409]
            assert (len(won), len(lost)) == (1, AT_ONCE - 1), Counter(answer.status_code for answer in answers)
            revision = won[0].json()["revision"]
            assert {item["code"] for item in lost} == {"stale-plan"}
            assert all(f"since then revision {revision} was applied" in item["detail"] for item in lost)
        check(client, rounds)


@pytest.mark.timeout(60 + 10 * ROUNDS)
def test_one_of_many_applies_wins(tmp_path: Path) -> None:
    run(tmp_path / "data", ROUNDS)


def test_the_race_is_lost_by_a_server_that_rebases(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        run(tmp_path / "data", 1, (str(MUTANT),))
    assert "Counter({200: 64})" in str(caught.value)
