"""Agents' event streams while the clock, the store or the line misbehaves; time is moved, so nothing is waited for."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import event_vectors
import message_vectors
import pytest
from believing_agent import BelievingAgent
from server_app import Api
from server_process import company

from clawforge.event_text import EventText, ServerSentEvent
from clawforge.trust import Answer
from clawforge_server.state import agent_events
from clawforge_server.state.agent_events import AgentEvents

SOON = 10.0


class Line:
    """One request for events, called as an HTTP server calls the application. A blocked line takes nothing."""

    def __init__(self, api: Api, credential: str) -> None:
        self.text = ""
        self.free = asyncio.Event()
        self.free.set()
        self.hangs_up = asyncio.Event()
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/v1/agent/events",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {credential}".encode())],
            "client": ("192.0.2.1", 1),
            "scheme": "http",
        }
        self.task = asyncio.create_task(api._app(scope, self._receive, self._send))  # type: ignore[arg-type]

    async def _receive(self) -> dict[str, Any]:
        await self.hangs_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.free.wait()
        self.text += message.get("body", b"").decode()

    async def names(self, count: int) -> list[str]:
        """The names of the first events, once there are so many."""
        async with asyncio.timeout(SOON):
            while len(found := [part[7:] for part in self.text.splitlines() if part.startswith("event: ")]) < count:
                await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def lines(api: Api, *credentials: str) -> AsyncIterator[list[Line]]:
    found = [Line(api, credential) for credential in credentials]
    yield found
    for line in found:
        line.hangs_up.set()
    async with asyncio.timeout(SOON):
        await asyncio.gather(*(line.task for line in found), return_exceptions=True)
    assert not api.plane.events._streams.by_org, "whoever left is forgotten"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_events, "_LOOK_SECONDS", 0.05)


@pytest.fixture
def agent(api: Api) -> dict[str, Any]:
    api.apply(company())
    return api.enroll()


async def applied(api: Api, deny: list[str]) -> None:
    async with api.client() as owner:
        body = {"source": "policies", "resources": company(deny=deny), "positions": {}}
        plan = (await owner.post("/v1/orgs/acme/plans", json=body)).json()
        headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
        path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
        assert (await owner.post(path, json={"plan": plan}, headers=headers)).status_code == 200


async def revoked(api: Api, agent: dict[str, Any]) -> None:
    async with api.client() as owner:
        assert (await owner.delete(f"/v1/orgs/acme/instances/{agent['instance']}")).status_code == 204


def test_midnight_is_told_and_a_clock_that_goes_back_tells_nothing(api: Api, agent: Any) -> None:
    async def run() -> list[str]:
        async with lines(api, agent["credential"]) as (line,):
            await line.names(1)
            api.clock.move(hours=12)
            await line.names(2)
            api.clock.move(days=-3_653)
            await asyncio.sleep(0.3)
            assert len(await line.names(2)) == 2
            await applied(api, ["read"])
            return await line.names(3)

    assert api.run(run()) == ["policy", "policy", "policy"]


def test_a_reader_that_takes_nothing_is_dropped_and_others_go_on(
    api: Api, agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with lines(api, agent["credential"], api_other["credential"]) as (slow, other):
            await slow.names(1)
            await other.names(1)
            slow.free.clear()
            for number in range(3):
                await applied(api, [f"tool-{number}"])
            assert await other.names(4) == ["policy"] * 4
            monkeypatch.setattr(agent_events, "_STALL_SECONDS", 0.1)
            async with asyncio.timeout(SOON):
                await asyncio.wait({slow.task})
            assert slow.text.count("event: ") == 1
            assert not other.task.done()

    api_other = api.enroll()
    api.run(run())


def test_a_reader_that_wakes_up_is_told_once(api: Api, agent: Any) -> None:
    async def run() -> list[str]:
        async with lines(api, agent["credential"]) as (line,):
            await line.names(1)
            line.free.clear()
            for number in range(4):
                await applied(api, [f"tool-{number}"])
            await asyncio.sleep(0.1)
            line.free.set()
            await applied(api, ["last"])
            await asyncio.sleep(0.3)
            return await line.names(3)

    # What was on its way when the line stalled, what waited behind it, and perhaps the last one by itself.
    assert len(api.run(run())) <= 4


def test_a_store_that_fails_ends_nothing_and_opens_nothing(
    api: Api, agent: Any, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with lines(api, agent["credential"]) as (line,):
            await line.names(1)
            with monkeypatch.context() as broken:
                broken.setattr(AgentEvents, "_still_good", _broken)
                api.plane.instances.forget_orgs({"acme"})
                await asyncio.sleep(0.3)
                await applied(api, ["read"])
                await asyncio.sleep(0.3)
                assert line.text.count("event: ") == 1, "nobody is told who may have been revoked"
            assert await line.names(2) == ["policy", "policy"]
            await revoked(api, agent)
            assert (await line.names(3))[-1] == "end"

    api.run(run())
    assert "agents not told" in logged.getvalue()


def _broken(*_: Any) -> Any:
    raise OSError("the disk is full")


def ends_with_its_credential(api: Api, agent: dict[str, Any]) -> bool:
    async def run() -> bool:
        async with lines(api, agent["credential"]) as (line,):
            await line.names(1)
            await revoked(api, agent)
            done, _ = await asyncio.wait({line.task}, timeout=0.5)
            return bool(done) and line.text.endswith("event: end\ndata: credential-ended\n\n")

    return bool(api.run(run()))


def test_a_server_that_does_not_look_again_is_caught(api: Api, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends_with_its_credential(api, agent)
    other = api.enroll()

    async def never(*_: Any) -> None:
        return None

    monkeypatch.setattr(AgentEvents, "_recheck", never)
    assert not ends_with_its_credential(api, other)


def test_what_the_server_says_has_the_form_of_the_vectors(api: Api, agent: Any) -> None:
    """And an agent that passes them believes it: the kill, and what waits for its person."""
    reader, believer = EventText(longest=event_vectors.LONGEST), BelievingAgent(_enrolled(agent))
    believer.now = api.clock.now()

    async def run() -> list[ServerSentEvent]:
        async with lines(api, agent["credential"]) as (line,), api.client() as owner:
            await line.names(1)
            body = {"kind": "kill", "scope": "org", "reason": "a drill"}
            assert (await owner.post("/v1/orgs/acme/overlays", json=body)).status_code == 201
            await line.names(2)
            told = {"instances": [agent["instance"]], "text": "hello"}
            assert (await owner.post("/v1/orgs/acme/fleet/messages", json=told)).status_code == 200
            await line.names(4)
            return list(reader.feed(line.text.encode()))

    events = api.run(run())
    assert [event.name for event in events] == ["policy", "kill", "message", "refresh"]
    genuine = _told_by(event_vectors.sessions()[0]["steps"][0]["text"])
    for event in events:
        assert _form(event) == _form(genuine)
        assert believer.hear(Answer(lease=json.loads(event.data)["lease"])) == "nothing-held"
    assert believer.trust.seen is not None
    assert [order.scope for order in believer.trust.seen.kill] == ["org"]
    answer = api.post("/v1/agent/heartbeat", token=agent["credential"], json={}).json()
    published = message_vectors.conversations()[0]["steps"][0]["heartbeat"]
    assert (answer.keys(), _message(answer).keys()) == (published.keys(), _message(published).keys())
    noted = api.post("/v1/agent/heartbeat", token=agent["credential"], json={"noted": 1}).json()
    assert noted.keys() == answer.keys() - {"messages"}


def _enrolled(agent: dict[str, Any]) -> dict[str, Any]:
    return {name: agent[name] for name in ("org", "instance", "user", "rootKey", "keys")}


def _told_by(text: str) -> ServerSentEvent:
    return next(iter(EventText(longest=event_vectors.LONGEST).feed(text.encode())))


def _form(event: ServerSentEvent) -> Any:
    document = json.loads(event.data)
    signed = json.loads(base64.b64decode(document["lease"]["payload"]))
    return re.sub("[0-9]+", "0", event.id), sorted(document), sorted(document["lease"]), sorted(signed)


def _message(answer: dict[str, Any]) -> dict[str, Any]:
    (envelope,) = answer["messages"]
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found
