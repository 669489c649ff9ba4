"""Every call that was recorded at the public ClawForge server, sent to a real process of ours.

Status, content type, names of fields in their order, and their types must be the recorded ones. Where they are not,
that is on purpose: `DEVIATIONS` says what comes instead, and why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import wire_recordings as wire
from server_process import ServerProcess, apply, resource, server_process
from wire_deviations import DEVIATIONS
from wire_recordings import Recording, form, recordings

PASSWORD = "four unrelated words make one"
MACHINE_OF_DEV = "a laptop"

STREAM = "82-sse-stream"
PLAYED = [item for item in recordings() if item.name != STREAM]


@dataclass
class World:
    """A running server, who is known there, and what it answered."""

    server: ServerProcess
    admin: dict[str, Any]
    user: dict[str, Any]
    enrollment: str
    answers: dict[str, httpx.Response] = field(default_factory=dict)

    def replay(self, recording: Recording) -> httpx.Response:
        """Send one call, with our ids and tokens in the place of the recorded ones."""
        headers = {"Content-Type": recording.headers["content-type"]} if "content-type" in recording.headers else {}
        bearer = self._bearer(recording)
        if bearer is not None:
            headers["Authorization"] = bearer
        for name in ("origin", "access-control-request-method", "x-clawforge-org"):
            if name in recording.headers:
                headers[name] = self._ours(recording.headers[name])
        body = self._body(recording)
        with httpx.Client(base_url=self.server.url, trust_env=False, timeout=30) as client:
            return client.request(recording.method, self._ours(recording.path), headers=headers, content=body)

    def _bearer(self, recording: Recording) -> str | None:
        if recording.name == "71-apikey-use":
            return f"Bearer {self.answers['70-apikey-create-201'].json()['key']}"
        if recording.bearer is None or "<jwt>" not in recording.bearer:
            return recording.bearer.replace("<key>", "unknown") if recording.bearer else None
        number = int(recording.name[:2])
        who = self.user if number in range(59, 66) or number in (68, 69, 82) else self.admin
        token = who["refreshToken" if "refresh-as-access" in recording.name else "accessToken"]
        return recording.bearer.replace("<jwt>", token)

    def _body(self, recording: Recording) -> str:
        name = recording.name
        if name == "10-exchange-refresh":
            return json.dumps({"grantType": "refresh_token", "refreshToken": self.fresh()["refreshToken"]})
        if name == "11-exchange-refresh-with-access-400":
            return json.dumps({"grantType": "refresh_token", "refreshToken": self.admin["accessToken"]})
        if name == "49-audit-post-501-400":
            (event,) = json.loads(self._ours(next(item for item in PLAYED if item.name == "42-audit-post-201").body))[
                "events"
            ]
            return json.dumps({"events": [{**event, "timestamp": event["timestamp"] + at} for at in range(501)]})
        return self._ours(recording.body)

    @property
    def _handed_in(self) -> bool:
        return "65-skill-submit-201" in self.answers

    def fresh(self) -> dict[str, Any]:
        """Another sign-in of the administrator."""
        return sign_in(self.server)

    def _ours(self, text: str) -> str:
        event = self.answers["50-audit-query"].json()["events"][0]["id"] if "50-audit-query" in self.answers else ""
        swaps = {
            wire.ORG: self.admin["orgId"],
            wire.ADMIN: self.admin["userId"],
            wire.USER: self.user["userId"],
            wire.EVENT: event,
            wire.SUBMISSION: self.answers["65-skill-submit-201"].json()["id"] if self._handed_in else "",
            "<enrollment-token>": self.enrollment,
            '"clawforge"}': f'"{PASSWORD}"}}',
        }
        for theirs, ours in swaps.items():
            text = text.replace(theirs, ours)
        return text


def sign_in(server: ServerProcess) -> dict[str, Any]:
    body = {"email": "admin@clawforge.local", "password": PASSWORD}
    answer = httpx.post(f"{server.url}/api/v1/auth/login", json=body, trust_env=False)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


POSITIONS = {"Policy/default": {"file": "policies/default.yaml", "line": 4, "fields": {}}}


def company() -> list[dict[str, Any]]:
    """The recorded org in our words."""
    return [
        resource("Organization", "acme", displayName="Default", passwords={"enabled": True}),
        resource("User", "admin", email="admin@clawforge.local", displayName="Super Admin"),
        resource("User", "dev", email="dev40867328@example.com", displayName="Dev One"),
        resource("RoleBinding", "admins", role="owner", subjects={"users": ["admin"]}),
        resource(
            "Policy",
            "default",
            appliesTo="everyone",
            tools={"deny": ["exec", "group:web"]},
            skills={"requireApproval": True},
            audit={"level": "full"},
        ),
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("wire") / "data"
    with server_process(data) as server, server.client() as owner:
        apply(owner, company(), positions=POSITIONS)
        code = owner.post("/v1/orgs/acme/password-resets", json={"user": "admin"}).json()["code"]
        assert owner.post("/v1/passwords", json={"code": code, "password": PASSWORD}).status_code == 200
        admin = sign_in(server)
        user, enrollment = enrolled(server, owner)
        world = World(server, admin, user, enrollment)
        for recording in PLAYED:
            world.answers[recording.name] = world.replay(recording)
        yield world


def enrolled(server: ServerProcess, owner: httpx.Client) -> tuple[dict[str, Any], str]:
    """A plugin of the second person, and another token for one more machine of theirs."""
    tokens = [owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"] for _ in range(2)]
    body = {"token": tokens[0], "email": "dev40867328@example.com", "name": MACHINE_OF_DEV}
    answer = httpx.post(f"{server.url}/api/v1/auth/enroll", json=body, trust_env=False)
    assert answer.status_code == 201, answer.text
    return answer.json(), tokens[1]


@pytest.mark.parametrize("recording", PLAYED, ids=lambda item: item.name)
def test_a_recorded_call_is_answered_as_it_was(world: World, recording: Recording) -> None:
    answer = world.answers[recording.name]
    deviation = DEVIATIONS.get(recording.name)
    assert answer.status_code == (recording.status if deviation is None else deviation.status), answer.text
    if recording.name.startswith(("01", "02")):
        assert answer.headers["content-type"].startswith("application/json")
    elif answer.content:
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert form(answer.json()) == (form(recording.document) if deviation is None else deviation.form)


@pytest.mark.parametrize("recording", PLAYED, ids=lambda item: item.name)
def test_refusals_are_in_the_recorded_words(world: World, recording: Recording) -> None:
    """People read them, and scripts look for them."""
    if recording.status < 400 or recording.name in DEVIATIONS:
        return
    ours, theirs = world.answers[recording.name].json(), recording.document
    if "details" in theirs:
        assert ours["details"] == theirs["details"]
    if not recording.name.startswith(("08", "09", "75", "77")):
        assert ours["error"].startswith(theirs["error"])


def events(raw: str) -> list[tuple[str, Any]]:
    """Names and forms of the events of a stream, read as strictly as the plugin does."""
    found = []
    for part in raw.split("\n\n")[:-1]:
        if not part.startswith(":"):
            name, data = part.split("\n")
            assert name.startswith("event: ")
            assert data.startswith("data: ")
            found.append((name.removeprefix("event: "), form(json.loads(data.removeprefix("data: ")))))
    return found


def test_the_recorded_stream_is_repeated(world: World) -> None:
    """The same changes lead to the same events."""
    (recorded,) = [item for item in recordings() if item.name == STREAM]
    wanted = events(recorded.answer + "\n\n")
    switch = f"/api/v1/policies/{world.admin['orgId']}/kill-switch"
    admin = {"Authorization": f"Bearer {world.fresh()['accessToken']}"}
    raw = ""
    with (
        httpx.Client(base_url=world.server.url, trust_env=False, timeout=30) as client,
        client.stream(
            "GET",
            f"/api/v1/events/{world.user['orgId']}/stream",
            headers={"Authorization": f"Bearer {world.user['accessToken']}", "Accept": "text/event-stream"},
        ) as stream,
        world.server.client() as owner,
    ):
        assert stream.status_code == recorded.status
        assert stream.headers["content-type"] == recorded.content_type
        chunks = stream.iter_raw()

        def until(count: int) -> None:
            nonlocal raw
            while len(events(raw)) < count:
                raw += next(chunks).decode()

        until(1)
        client.put(switch, json={"active": True, "message": "sse drill"}, headers=admin)
        until(2)
        client.put(switch, json={"active": False}, headers=admin)
        until(3)
        changed = [item for item in company() if item["kind"] != "Policy"]
        apply(owner, [*changed, resource("Policy", "default", appliesTo="everyone", tools={"deny": ["read"]})])
        until(4)
    assert "\r" not in raw
    assert events(raw) == wanted


def test_every_deviation_is_one(world: World) -> None:
    for name, deviation in DEVIATIONS.items():
        recording = next(item for item in PLAYED if item.name == name)
        answer = world.answers[name]
        same = answer.status_code == recording.status and form(answer.json()) == form(recording.document)
        assert not same, f"{name} is answered as recorded: {deviation.why}"


def test_no_answer_tells_what_is_inside(world: World) -> None:
    for name, answer in world.answers.items():
        assert not re.search(r"select |insert |Traceback|sqlite|argon2", answer.text, re.IGNORECASE), name


def test_the_comparison_itself_notices() -> None:
    assert form({"a": 1, "b": None}) != form({"b": None, "a": 1})
    assert form({"killSwitch": False}) != form({})
    assert form({"message": "x"}) != form({"message": None})
    assert form([{"id": "x"}]) != form([{"id": wire.ORG}])
