"""What old plugins report: taken in whole, kept once, and read again in their own words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from server_app import Api
from server_process import company

from clawforge.errors import UnavailableError
from clawforge.legacy.identifier import org_id, user_id
from clawforge_server.service.legacy import plugin_audit

ACME, DEV = org_id("acme"), user_id("acme", "dev")
EVENTS = f"/api/v1/audit/{ACME}/events"


def event(**more: Any) -> dict[str, Any]:
    made = {
        "userId": DEV,
        "orgId": ACME,
        "eventType": "tool_call_attempt",
        "toolName": "exec",
        "timestamp": 1_795_166_980_914,
        "outcome": "blocked",
        "agentId": "main",
        "sessionKey": "agent:main:main",
        "metadata": {"reason": "deny_list"},
    }
    return {**made, **more}


@pytest.fixture
def token(api: Api) -> str:
    """Of a plugin that enrolled."""
    api.apply(company())
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    body = {"token": minted, "email": "dev@acme.example"}
    return str(api.post("/api/v1/auth/enroll", token="", json=body).json()["accessToken"])


def test_a_buffer_that_comes_again_is_kept_once(api: Api, token: str) -> None:
    twins = [event(), event(), event(timestamp=1_795_166_980_915)]
    for _ in range(2):
        assert api.post(EVENTS, token=token, json={"events": twins}).json() == {"ingested": 3}
    more = [*twins, event(outcome="allowed")]
    assert api.post(EVENTS, token=token, json={"events": more}).json() == {"ingested": 4}
    kept = [item for item in api.audit() if item["class"] == "call"]
    assert [item["outcome"] for item in kept] == ["deny", "deny", "deny", "allow"]
    assert {item["target"] for item in kept} == {"exec"}
    assert all(item["detail"]["user"] == "dev" for item in kept)


def test_a_large_buffer_is_stored_in_parts_and_goes_on_where_it_stopped(
    api: Api, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin_audit, "_AT_ONCE", 4)
    events = [event(), event(), *(event(timestamp=1_795_166_980_000 + number) for number in range(10)), event()]
    sizes: list[int] = []
    real = plugin_audit._entry

    def failing(*arguments: Any) -> Any:
        sizes.append(1)
        if len(sizes) == 7:
            raise UnavailableError("The disk is full.")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(plugin_audit, "_entry", failing)
        assert api.post(EVENTS, token=token, json={"events": events}).status_code == 503
    assert len([item for item in api.audit() if item["class"] == "call"]) == 4, "whole parts, and no half one"
    for _ in range(2):
        assert api.post(EVENTS, token=token, json={"events": events}).json() == {"ingested": 13}
    assert len([item for item in api.audit() if item["class"] == "call"]) == 13


def test_more_than_a_plugin_ever_holds_is_refused_in_its_own_words(api: Api, token: str) -> None:
    short = {key: value for key, value in event().items() if key not in ("metadata", "sessionKey", "agentId")}
    answer = api.post(EVENTS, token=token, json={"events": [short] * (plugin_audit.MOST_EVENTS + 1)})
    assert answer.status_code == 413
    assert answer.json() == {
        "statusCode": 413,
        "code": "FST_ERR_CTP_BODY_TOO_LARGE",
        "error": "Payload Too Large",
        "message": "More than 20000 events in one request.",
    }


def test_events_of_every_kind_are_kept_in_the_plugins_words(api: Api, token: str) -> None:
    sent = [
        event(eventType="kill_switch_activated", metadata={"transitionType": "online_to_degraded"}),
        event(eventType="x" * 500, outcome="?!", timestamp=1e300),
        {"userId": DEV, "orgId": ACME, "eventType": "session_start", "outcome": "success", "timestamp": 0},
        event(metadata={"a": [{"b": "\u0000\ud800"}], "n": 10**400}),
    ]
    headers = {"Content-Type": "application/json"}
    answer = api.post(EVENTS, token=token, content=json.dumps({"events": sent}), headers=headers)
    assert (answer.status_code, answer.json()) == (201, {"ingested": 4})
    owner = api.get(f"/api/v1/audit/{ACME}/query?limit=4").json()
    assert [item["eventType"] for item in owner["events"]] == [item["eventType"] for item in reversed(sent)]
    assert owner["events"][3]["metadata"] == {"transitionType": "online_to_degraded"}
    (one,) = [api.get(f"/api/v1/audit/{ACME}/events/{owner['events'][0]['id']}").json()["event"]]
    assert one == owner["events"][0]


def test_the_log_is_read_page_by_page(api: Api, token: str) -> None:
    api.post(EVENTS, token=token, json={"events": [event(timestamp=at) for at in range(5)]})
    seen: list[str] = []
    path = f"/api/v1/audit/{ACME}/query?limit=2"
    answer = api.get(path).json()
    while True:
        seen += [item["id"] for item in answer["events"]]
        if answer["nextCursor"] is None:
            break
        answer = api.get(f"{path}&cursor={answer['nextCursor']}").json()
    assert len(seen) == len(set(seen)) == answer["total"]
    assert api.get(f"{path}&cursor=x").status_code == 400
    assert api.get(f"{path}&limit=x").status_code == 400
    assert api.get(f"{path}&startDate=yesterday").status_code == 400
