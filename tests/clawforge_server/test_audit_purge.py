"""Retention: old payloads go, hashes stay, a purge says what it took, and a hold is stronger."""

from __future__ import annotations

from typing import Any

import pytest
from audit_world import DirectSource, company, fill

from clawforge_cli.audit_verification import verify_log
from clawforge_server.service.audit_retention import tend_ledger


def purge(api: Any, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/orgs/acme/audit/purge", json={"reason": "test", **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def states(api: Any, event_class: str) -> list[str]:
    events: list[dict[str, Any]] = []
    after = 0
    while True:
        page = api.get(f"/v1/orgs/acme/audit?limit=1000&class={event_class}&after={after}").json()
        events += page["events"]
        if page["next"] is None:
            return [event["payloadState"] for event in events]
        after = page["next"]


def whole(api: Any) -> bool:
    return verify_log("acme", DirectSource(api)).findings == ()


def test_what_is_older_goes_and_the_log_still_verifies(api: Any) -> None:
    api.apply(company(retention={"default": "30d", "byClass": {"call": "7d"}}))
    fill(api, 130)
    api.clock.move(days=8)
    fill(api, 20)
    fill(api, 10, event_class="dlp")
    answer = purge(api)
    assert answer["purged"] == {"call": 130}
    assert states(api, "call") == ["absent"] * 130 + ["present"] * 20
    assert states(api, "dlp") == ["present"] * 10
    record = api.audit()[-1]
    assert (record["seq"], record["class"], record["action"]) == (answer["seq"], "purge", "audit:purge")
    assert record["detail"]["classes"]["call"]["records"] == 130
    assert whole(api)


def test_the_statement_of_a_purged_record_stays(api: Any) -> None:
    api.apply(company(retention={"default": "1d"}))
    fill(api, 1)
    api.clock.move(days=3)
    purge(api)
    event = next(item for item in api.get("/v1/orgs/acme/audit?limit=1000&class=call").json()["events"])
    assert (event["actor"], event["action"], event["target"]) == ("instance:a", "tool:call", "tool-0")
    assert (event["detail"], event["address"]) == ({}, None)


def test_a_hold_is_stronger_than_any_purge(api: Any) -> None:
    hold = [{"reason": "case 17", "classes": ["call"], "actors": ["instance:held"]}]
    api.apply(company(retention={"default": "1d", "legalHold": hold}))
    fill(api, 70)
    fill(api, 70, actor="instance:held")
    fill(api, 70)
    api.clock.move(days=10)
    answer = purge(api, olderThan="1d")
    assert (answer["purged"]["call"], answer["held"]) == (140, 70)
    assert states(api, "call") == ["absent"] * 70 + ["present"] * 70 + ["absent"] * 70
    assert whole(api)
    api.apply(company(retention={"default": "1d"}))
    api.clock.move(days=2)
    assert purge(api)["purged"]["call"] == 70
    assert whole(api)


def test_a_hold_of_a_time_range(api: Any) -> None:
    hold = [{"reason": "case 18", "since": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"}]
    api.apply(company(retention={"default": "1d", "legalHold": hold}))
    for _ in range(3):
        fill(api, 5)
        api.clock.move(days=1)
    api.clock.move(days=5)
    purge(api)
    assert states(api, "call") == ["absent"] * 5 + ["present"] * 5 + ["absent"] * 5


def test_nothing_is_purged_before_its_day_is_over(api: Any) -> None:
    api.apply(company(retention={"default": "1d"}))
    fill(api, 5)
    api.clock.move(hours=23)
    assert purge(api, olderThan="1s")["purged"] == {}


def test_an_agents_clock_decides_nothing(api: Any) -> None:
    """The public server purged by the client's time, so that events of 1970 were gone at once."""
    api.apply(company())
    agent = api.enroll()
    event = {"seq": 1, "at": "1970-01-01T00:00:00Z", "action": "tool:call", "outcome": "allow"}
    api.post("/v1/agent/audit", token=agent["credential"], json={"events": [event]})
    assert purge(api)["purged"] == {}
    assert states(api, "call") == ["present"]


def test_payloads_that_somebody_took_before_do_not_become_purged_ones(api: Any) -> None:
    api.apply(company(retention={"default": "1d"}))
    fill(api, 200)
    connection = api.plane.store._database._connection
    connection.execute(
        "DELETE FROM audit_payloads WHERE org = 'acme' AND class = 'call' AND first > 60 AND first < 110"
    )
    api.clock.move(days=5)
    purge(api)
    found = {finding.code for finding in verify_log("acme", DirectSource(api)).findings}
    assert found == {"payload-missing"}


def test_only_who_may_purge_purges(api: Any, problem: Any) -> None:
    api.apply(company())
    reader = api.token("audit:read")
    problem(api.post("/v1/orgs/acme/audit/purge", token=reader, json={"reason": "x"}), 403, "missing-permission")


@pytest.mark.parametrize("body", [{}, {"reason": " "}, {"reason": "x", "olderThan": 5}, {"reason": "x", "more": 1}])
def test_a_purge_needs_a_reason(api: Any, problem: Any, body: dict[str, Any]) -> None:
    api.apply(company())
    problem(api.post("/v1/orgs/acme/audit/purge", json=body), 422, "invalid-request")


def test_the_server_purges_by_itself_and_says_so(api: Any) -> None:
    api.apply(company(retention={"default": "1d"}))
    fill(api, 10)
    tend_ledger(api.plane, "acme")
    api.clock.move(days=2)
    tend_ledger(api.plane, "acme")
    record = api.audit()[-1]
    assert (record["actor"], record["action"]) == ("server", "audit:purge")
    count = len(api.audit())
    tend_ledger(api.plane, "acme")
    api.clock.move(hours=2)
    tend_ledger(api.plane, "acme")
    assert len(api.audit()) == count
    assert whole(api)
