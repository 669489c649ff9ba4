"""The listener: a push wakes, nothing else does, and nobody who is slow, huge or forged holds up the others."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import forge_hooks
import pytest
from forge_hooks import EVERY_SENDER, NOW, SECRET, SIGNING_SECRET, SentHook

from clawforge.errors import InputError
from clawforge.reconcile.hook_settings import HookProvider
from clawforge.reconcile.listen_settings import ListenAddress
from clawforge.secret import Secret
from clawforge.webhook import github, signature
from clawforge_cli.gitops import listener as module
from clawforge_cli.gitops.http_exchange import BODY_LIMIT
from clawforge_cli.gitops.listener import Health, Listener, ReadyHook
from clawforge_cli.gitops.metrics import Metrics

ANYWHERE = ListenAddress("127.0.0.1", 0)


@dataclass
class World:
    """A listener, what it woke, and the clock and health that it sees."""

    address: ListenAddress = ANYWHERE
    woke: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    health: Health = field(default_factory=lambda: Health(True))
    now: float = NOW

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, str]:
        """Status and text of an answer."""
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            connection.request(method, path, body=body or None, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def send(self, name: str, hook: SentHook) -> int:
        """The status that answers a webhook."""
        return self.ask("POST", f"/hooks/{name}", hook.headers, hook.body)[0]

    def count(self, name: str, result: str) -> int:
        """How many webhooks ended so."""
        line = f'clawforge_hooks_total{{source="{name}",result="{result}"}} '
        found = [text for text in self.metrics.text().splitlines() if text.startswith(line)]
        return int(found[0].removeprefix(line)) if found else 0

    def connect(self) -> socket.socket:
        """A plain connection."""
        return socket.create_connection(self.address, timeout=10)


class Polite(Listener):
    """The mutant: whoever came first stays, and newcomers are sent away."""

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= module._MOST_CLIENTS:
            writer.transport.abort()
        else:
            await super()._client(reader, writer)


@contextmanager
def listening(hooks: dict[str, ReadyHook], *, seconds: float = 10, kind: type[Listener] = Listener) -> Iterator[World]:
    world = World()
    listener = kind(
        ANYWHERE,
        hooks=hooks,
        on_push=world.woke.append,
        metrics=world.metrics,
        health=lambda: world.health,
        clock=lambda: world.now,
        seconds=seconds,
    )
    world.address = listener.start()
    try:
        yield world
    finally:
        listener.close()


@pytest.fixture
def world() -> Iterator[World]:
    with listening({"prod": ReadyHook(HookProvider.GITHUB, Secret(SECRET), "main")}) as world:
        yield world


@pytest.mark.parametrize("sender", EVERY_SENDER)
def test_a_push_to_the_branch_wakes_its_source(sender: type) -> None:
    hook = sender()
    with listening({"prod": ReadyHook(hook.provider, Secret(hook.secret), "main")}) as world:
        assert world.send("prod", hook) == 202
        assert world.woke == ["prod"]
        assert world.send("prod", sender("other")) == 200
        assert world.woke == ["prod"]


def test_a_webhook_that_comes_again_wakes_nobody(world: World) -> None:
    """Also under another id: GitHub does not sign that one."""
    hook = forge_hooks.github()
    assert world.send("prod", hook) == 202
    copy = SentHook(hook.provider, hook.secret, hook.headers | {"x-github-delivery": "another"}, hook.body)
    assert [world.send("prod", copy) for _ in range(3)] == [200, 200, 200]
    assert world.woke == ["prod"]
    assert world.count("prod", "repeated") == 3


def test_a_dated_webhook_is_too_old_after_five_minutes() -> None:
    with listening({"prod": ReadyHook(HookProvider.STANDARD, Secret(SIGNING_SECRET), "main")}) as world:
        hook = forge_hooks.standard()
        world.now = NOW + 301
        assert world.send("prod", hook) == 401
        world.now = NOW + 299
        assert world.send("prod", hook) == 202
        assert world.woke == ["prod"]


def test_a_ping_is_answered(world: World) -> None:
    assert world.send("prod", forge_hooks.github(event="ping")) == 200
    assert world.woke == []
    assert world.count("prod", "ping") == 1


def test_a_forged_webhook_is_refused_without_detail(world: World) -> None:
    hook = forge_hooks.github()
    answers = {
        world.ask("POST", "/hooks/prod", hook.headers | changed, hook.body)
        for changed in ({"x-hub-signature-256": "sha256=" + "0" * 64}, {"x-hub-signature-256": ""}, {})
        if changed
    }
    assert [status for status, _ in answers] == [401]
    assert world.woke == []


def test_a_name_that_there_is_not_is_judged_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash over the body is computed also here: it is what takes time."""
    judged: list[int] = []
    check = signature.check_hex

    def counting(given: str | None, body: bytes, secret: Secret) -> None:
        judged.append(len(body))
        check(given, body, secret)

    monkeypatch.setattr(github, "check_hex", counting)
    hook = forge_hooks.github()
    for name in ("other", "prod/x", "", "..", "prod%00", "a" * 5_000):
        assert world.send(name, hook) == 404
    assert world.woke == []
    assert world.count("", "unknown") == 6
    assert judged == [len(hook.body)] * 6


def test_a_webhook_that_says_nothing_usable_is_told_why(world: World) -> None:
    hook = forge_hooks.github()
    form = hook.headers | {"content-type": "application/x-www-form-urlencoded"}
    status, text = world.ask("POST", "/hooks/prod", form, hook.body)
    assert (status, "application/json" in text) == (400, True)


def test_who_fails_too_often_is_not_read_any_more(world: World) -> None:
    bad = forge_hooks.github()
    bad = SentHook(bad.provider, bad.secret, bad.headers | {"x-hub-signature-256": "sha256=00"}, bad.body)
    statuses = [world.send("prod", bad) for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    world.now += 600
    assert world.send("prod", forge_hooks.github()) == 202


def test_who_forges_through_a_proxy_does_not_have_others_refused(world: World) -> None:
    bad = forge_hooks.github()
    forged = bad.headers | {"x-hub-signature-256": "sha256=00", "x-forwarded-for": "198.51.100.1, 203.0.113.9"}
    statuses = [world.ask("POST", "/hooks/prod", forged, bad.body)[0] for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    good = bad.headers | {"x-forwarded-for": "203.0.113.9, 192.0.2.7"}
    assert world.ask("POST", "/hooks/prod", good, bad.body)[0] == 202


def test_too_many_pushes_are_slowed_down(world: World) -> None:
    statuses = [world.send("prod", forge_hooks.github(serial=serial)) for serial in range(35)]
    assert statuses == [202] * 30 + [429] * 5
    assert len(world.woke) == 30
    world.now += 2
    assert world.send("prod", forge_hooks.github(serial=34)) == 202


def test_a_body_that_is_too_large_is_not_read(world: World) -> None:
    with world.connect() as client:
        client.sendall(b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in client.recv(4096).partition(b"\r\n")[0]
    with world.connect() as client:
        client.sendall(b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with pytest.raises(ConnectionError):
            client.sendall(chunk * (8 * BODY_LIMIT // 0x10000))
    assert world.ask("GET", "/health") == (200, "ok\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /health\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 10_000 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_no_request_ends_only_its_own_connection(world: World, raw: bytes) -> None:
    with world.connect() as client:
        try:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(4096)
        except ConnectionError:
            answer = b""
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert world.ask("GET", "/health") == (200, "ok\n")


def test_slow_and_half_open_clients_starve_nobody(world: World) -> None:
    """A hundred of them say nothing, or stop in the middle; a webhook gets through at once all the same."""
    with ExitStack() as stack:
        for number in range(100):
            client = stack.enter_context(world.connect())
            beginning = (b"", b"POST /hooks/prod HTTP/1.1\r\nHost:", b"POST /hooks/prod HTTP/1.1\r\nHost: x\r\n")
            client.sendall(beginning[number % 3])
        for serial in range(5):
            assert world.send("prod", forge_hooks.github(serial=serial)) == 202
        assert world.ask("GET", "/health/ready") == (200, "ready\n")
    assert world.woke == ["prod"] * 5


def test_a_listener_that_sends_newcomers_away_can_be_starved() -> None:
    """The mutant of the test above: what it asks for can fail."""
    hooks = {"prod": ReadyHook(HookProvider.GITHUB, Secret(SECRET), "main")}
    with listening(hooks, kind=Polite) as world, ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(world.connect())
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            world.send("prod", forge_hooks.github())
    assert world.woke == []


def test_a_client_that_drips_is_hung_up_on() -> None:
    def drip(client: socket.socket) -> None:
        while True:
            client.sendall(b"G")
            time.sleep(0.01)

    with (
        listening({"prod": ReadyHook(HookProvider.GITHUB, Secret(SECRET), "main")}, seconds=0.2) as world,
        world.connect() as client,
    ):
        with pytest.raises(ConnectionError):
            drip(client)
        assert world.ask("GET", "/health") == (200, "ok\n")


def test_a_large_body_that_waits_for_leave_gets_it(world: World) -> None:
    hook = forge_hooks.github()
    head = "".join(f"{name}: {value}\r\n" for name, value in hook.headers.items())
    with world.connect() as client:
        start = f"POST /hooks/prod HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {len(hook.body)}\r\n"
        client.sendall((start + head + "\r\n").encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 100 ")
        client.sendall(hook.body)
        assert client.recv(4096).startswith(b"HTTP/1.1 202 ")


def test_health_and_numbers_are_shown(world: World) -> None:
    assert world.ask("GET", "/health") == (200, "ok\n")
    assert world.ask("GET", "/health/ready?verbose") == (200, "ready\n")
    world.health = Health(False, ("prod: CommitNotSigned \x1b[2J",))
    status, text = world.ask("GET", "/health/ready")
    assert (status, text) == (503, "prod: CommitNotSigned \\u{001b}[2J\n")
    world.metrics.set("clawforge_reconcile_in_sync", 1, source="prod")
    status, text = world.ask("GET", "/metrics")
    assert status == 200
    assert 'clawforge_reconcile_in_sync{source="prod"} 1\n' in text
    assert world.ask("HEAD", "/health") == (200, "")
    assert world.ask("GET", "/hooks/prod")[0] == 405
    assert world.ask("POST", "/metrics")[0] == 405
    assert world.ask("GET", "/")[0] == 404


def test_a_defect_in_the_health_does_not_end_the_listener() -> None:
    def broken() -> Health:
        raise RuntimeError("a defect")

    woke: list[str] = []
    hooks = {"prod": ReadyHook(HookProvider.GITHUB, Secret(SECRET), "main")}
    world = World(woke=woke)
    metrics = Metrics()
    listener = Listener(
        world.address, hooks=hooks, on_push=woke.append, metrics=metrics, health=broken, clock=lambda: NOW
    )
    world.address = listener.start()
    with listener:
        assert world.ask("GET", "/health/ready")[0] == 500
        assert 'clawforge_listener_defects_total{kind="RuntimeError"} 1' in metrics.text()
        assert world.send("prod", forge_hooks.github()) == 202


def test_an_address_that_is_taken_is_said_to_be(world: World) -> None:
    listener = Listener(world.address, hooks={}, on_push=print, metrics=Metrics(), health=lambda: Health(True))
    with pytest.raises(InputError, match="cannot be listened at"):
        listener.start()


@pytest.mark.parametrize("text", ["127.0.0.1:8090", "[::1]:0", "0.0.0.0:80"])
def test_an_address_to_listen_at_is_read(text: str) -> None:
    assert str(ListenAddress.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["8090", ":8090", "localhost:1", "::1:80", "127.0.0.1:", "127.0.0.1:70000", "[127.0.0.1]:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write 127"):
        ListenAddress.parse(text)
