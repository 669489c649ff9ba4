"""The public plugin, spoken for by a Node program, against a real process of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from old_plugin import OldPlugin, old_plugin
from server_process import ServerProcess, apply, company, resource, server_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for all: starting it takes longer than most of what is asked of it."""
    with server_process(tmp_path_factory.mktemp("plugins") / "data") as server:
        yield server


@pytest.fixture
def owner(server: ServerProcess) -> Iterator[httpx.Client]:
    """The org as it is at first, and nothing of it stopped."""
    with server.client() as client:
        apply(client, company())
        for overlay in client.get("/v1/orgs/acme/overlays").json()["overlays"]:
            revive(client, overlay["id"])
        yield client


@pytest.fixture
def instance(owner: httpx.Client) -> str:
    """The name of the machine, which the token gives it."""
    return f"laptop-{len(owner.get('/v1/orgs/acme/instances').json()['instances'])}"


@pytest.fixture
def plugin(server: ServerProcess, owner: httpx.Client, instance: str) -> Iterator[OldPlugin]:
    """One that enrolled."""
    minted = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": instance})
    with old_plugin(server.url) as plugin:
        answer = plugin.do("enroll", token=minted.json()["token"], email="dev@acme.example", name="Dev")
        assert answer["status"] == 201, answer
        yield plugin


def log_size(owner: httpx.Client) -> int:
    return int(owner.get("/api/v1/audit/acme/stats").json()["eventCount"])


def test_a_plugin_is_denied_and_allowed_as_policy_says(plugin: OldPlugin) -> None:
    assert plugin.do("policy")["status"] == 200
    assert not plugin.allows("exec")
    assert not plugin.allows("Bash")
    assert plugin.allows("read")


def test_policy_changes_arrive_by_heartbeat_alone(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    assert not plugin.do("beat")["refreshed"]
    apply(owner, company(deny=["group:fs", "cron"]))
    told = plugin.do("beat")
    assert (told["status"], told["refreshed"]) == (200, True)
    # The groups of the plugin itself do not know `ls`, and its host calls `cron` otherwise.
    assert [plugin.allows(tool) for tool in ("ls", "read", "automations", "cron", "exec")] == [False] * 4 + [True]
    assert not plugin.do("beat")["refreshed"]


def test_policy_changes_arrive_as_events_too(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    apply(owner, company(deny=["read"]))
    assert plugin.event("policy_updated")["data"]["version"] > 0
    assert not plugin.allows("read")


def ask(owner: httpx.Client, instance: str) -> None:
    answer = owner.post("/v1/orgs/acme/fleet/refreshes", json={"instances": [instance]})
    assert [item["outcome"] for item in answer.json()["results"]] == ["done"], answer.text


def test_a_plugin_that_shall_ask_hears_it_by_heartbeat(plugin: OldPlugin, owner: httpx.Client, instance: str) -> None:
    plugin.do("policy")
    assert not plugin.do("beat")["refreshed"]
    ask(owner, instance)
    assert plugin.do("beat")["refreshed"]
    assert not plugin.do("beat")["refreshed"], "once it has asked, it holds what it should"


def test_a_plugin_that_shall_ask_hears_it_by_its_stream(plugin: OldPlugin, owner: httpx.Client, instance: str) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    ask(owner, instance)
    plugin.event("policy_updated")


def test_who_asks_for_the_headers_alone_holds_nothing(server: ServerProcess, owner: httpx.Client) -> None:
    minted = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    with server.client("") as client:
        body = {"token": minted, "email": "dev@acme.example", "name": "Dev"}
        session = client.post("/api/v1/auth/enroll", json=body).json()
        client.headers["Authorization"] = f"Bearer {session['accessToken']}"
        org, user = session["orgId"], session["userId"]

        def refresh() -> bool:
            return bool(client.get(f"/api/v1/heartbeat/{org}/{user}").json()["refreshPolicyNow"])

        assert client.head(f"/api/v1/policies/{org}/effective").status_code == 200
        assert refresh()
        assert client.get(f"/api/v1/policies/{org}/effective").status_code == 200
        assert not refresh()
        apply(owner, company(deny=["read"]))
        client.head(f"/api/v1/policies/{org}/effective")
        assert refresh()


def test_a_plugin_is_marked_counted_and_its_version_known(
    server: ServerProcess, owner: httpx.Client, instance: str
) -> None:
    before = owner.get("/v1/orgs/acme/status").json()["fleet"]["oldPlugins"]
    minted = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": instance}).json()["token"]
    with server.client("") as client:
        body = {"token": minted, "email": "dev@acme.example", "name": "Dev"}
        session = client.post("/api/v1/auth/enroll", json=body).json()
        client.headers["Authorization"] = f"Bearer {session['accessToken']}"
        for version in ("0.1.5", "0.1.6"):
            beat = f"/api/v1/heartbeat/{session['orgId']}/{session['userId']}?clientVersion={version}"
            assert client.get(beat).status_code == 200
    token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    agent = owner.post("/v1/enroll", json={"token": token}).json()["instance"]
    fleet = owner.get("/v1/orgs/acme/instances").json()["instances"]
    found = {item["instance"]: (item["protocol"], item["versions"].get("plugin")) for item in fleet}
    assert (found[instance], found[agent]) == (("plugin", "0.1.6"), ("agent", None))
    assert owner.get("/v1/orgs/acme/status").json()["fleet"]["oldPlugins"] == before + 1
    chosen = owner.get("/v1/orgs/acme/instances", params={"select": f"protocol=plugin,instance={instance}"}).json()
    assert [item["instance"] for item in chosen["instances"]] == [instance]


def test_a_stream_outlives_the_refresh_of_the_tokens(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    assert plugin.do("refresh")["status"] == 200
    plugin.event("stream-ended")
    plugin.event("connected")
    apply(owner, company(deny=["read"]))
    plugin.event("policy_updated")
    assert not plugin.allows("read")
    assert plugin.do("beat")["status"] == 200


def test_whoever_may_use_nothing_is_stopped_by_event_and_by_heartbeat(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    nothing = resource("Policy", "stop", appliesTo={"users": ["dev"]}, mode="guardrail", tools={"allow": []})
    apply(owner, company(nothing))
    assert plugin.event("kill_switch")["data"]["active"]
    assert not plugin.allows("read")
    assert plugin.do("beat")["killed"]
    apply(owner, company())
    assert not plugin.event("kill_switch")["data"]["active"]
    assert not plugin.do("beat")["killed"]
    assert plugin.allows("read")


def kill(owner: httpx.Client, scope: str, **more: Any) -> str:
    body = {"scope": scope, "reason": "drill", **more}
    answer = owner.post("/v1/orgs/acme/overlays", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["overlay"]["id"])


def revive(owner: httpx.Client, overlay: str) -> None:
    answer = owner.delete(f"/v1/orgs/acme/overlays/{overlay}", params={"reason": "over"})
    assert answer.status_code == 200, answer.text


def test_a_kill_is_seen_by_an_event_at_once(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    overlay = kill(owner, "org", message="Stop now.")
    assert plugin.event("kill_switch")["data"] == {"active": True, "message": "Stop now."}
    assert not plugin.allows("read")
    revive(owner, overlay)
    assert plugin.event("kill_switch")["data"] == {"active": False}
    assert plugin.allows("read")


@pytest.mark.parametrize("scope", ["org", "group:eng", "instance"])
def test_a_kill_is_seen_by_the_next_heartbeat_without_events(
    plugin: OldPlugin, owner: httpx.Client, instance: str, scope: str
) -> None:
    plugin.do("policy")
    overlay = kill(owner, f"instance:{instance}" if scope == "instance" else scope)
    told = plugin.do("beat")
    assert (told["killed"], told["message"], told["refreshed"]) == (True, "drill", True)
    assert not plugin.allows("read")
    assert plugin.do("beat")["killed"], "also once the policy was fetched"
    revive(owner, overlay)
    assert not plugin.do("beat")["killed"]
    assert plugin.allows("read")


def test_a_kill_of_a_tool_stops_that_tool(plugin: OldPlugin, owner: httpx.Client) -> None:
    plugin.do("policy")
    overlay = kill(owner, "tool:read")
    told = plugin.do("beat")
    assert (told["killed"], told["refreshed"]) == (False, True)
    assert (plugin.allows("read"), plugin.allows("write")) == (False, True)
    revive(owner, overlay)
    plugin.do("beat")
    assert plugin.allows("read")


def test_who_connects_while_the_switch_is_on_is_told_at_once(plugin: OldPlugin, owner: httpx.Client) -> None:
    kill(owner, "org")
    plugin.do("listen")
    plugin.event("connected")
    assert plugin.event("kill_switch")["data"]["active"]


def test_a_revoked_plugin_hears_nothing_more(plugin: OldPlugin, owner: httpx.Client, instance: str) -> None:
    plugin.do("policy")
    plugin.do("listen")
    plugin.event("connected")
    assert owner.delete(f"/v1/orgs/acme/instances/{instance}").status_code == 204
    plugin.event("stream-ended")
    assert plugin.do("beat") == {"status": 401}
    assert plugin.do("refresh") == {"status": 401}


def test_a_buffer_of_ten_thousand_events_is_delivered(plugin: OldPlugin, owner: httpx.Client) -> None:
    before = log_size(owner)
    sent = plugin.do("flush", count=10_000)
    assert (sent["status"], sent["ingested"], sent["left"]) == (201, 10_000, 0)
    assert sent["bytes"] > 4 * 1024 * 1024
    assert log_size(owner) == before + 10_000


def test_a_person_signs_in_with_a_password(server: ServerProcess, owner: httpx.Client) -> None:
    password = "four unrelated words make one"
    settings = resource("Organization", "acme", displayName="Acme", passwords={"enabled": True})
    apply(owner, [settings, *company()[1:]])
    code = owner.post("/v1/orgs/acme/password-resets", json={"user": "dev"}).json()["code"]
    assert owner.post("/v1/passwords", json={"code": code, "password": password}).status_code == 200
    with old_plugin(server.url) as plugin:
        wrong = plugin.do("login", email="dev@acme.example", password="something else, and wrong")
        assert (wrong["status"], wrong["error"]) == (401, "Invalid email or password")
        assert plugin.do("login", email="dev@acme.example", password=password)["status"] == 200
        assert plugin.do("policy")["status"] == 200
        assert not plugin.allows("exec")
        assert plugin.do("refresh")["status"] == 200
        assert plugin.do("beat")["status"] == 200
