"""Joining: the server must prove that it holds the org which the token was made for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from agent_server import CREDENTIAL, AgentServer
from signing_world import SigningWorld, seed

from clawforge.errors import ClawforgeError, InputError, UnavailableError, UntrustedError
from clawforge.keys import encode_public_key, make_enrollment_token
from clawforge.secret import Secret
from clawforge.trust import held
from clawforge_cli.agent.enrolment import enrol
from clawforge_cli.agent.store import AgentState
from clawforge_cli.agent.transport import AgentTransport, checked_server


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with AgentServer(SigningWorld()) as running:
        yield running


def join(server: AgentServer, token: str | None = None) -> AgentState:
    transport = AgentTransport(server.url)
    try:
        return enrol(
            transport,
            token or server.token,
            insecure_http=False,
            host="openclaw",
            host_version="2026.9.6",
            workspace="/home/dev/project",
            now=server.clock(),
        )
    finally:
        transport.close()


def test_an_enrolled_agent_has_an_identity_and_no_policy(server: AgentServer) -> None:
    state = join(server)
    assert (state.trust.org, state.trust.instance, state.trust.user) == ("acme", "i-1", "dev")
    assert (state.credential, state.server) == (CREDENTIAL, server.url)
    assert held(state.trust) is None


def test_a_server_with_another_root_is_refused(server: AgentServer) -> None:
    token = make_enrollment_token(bytes(24), SigningWorld(org="other").root.public)
    server.token = token
    with pytest.raises(UntrustedError) as caught:
        join(server, token)
    assert caught.value.code == "wrong-root"


def test_a_server_that_shows_the_right_root_but_foreign_keys_is_refused(server: AgentServer) -> None:
    server.world.root, server.root_key = SigningWorld(org="other").root, server.root_key
    with pytest.raises(UntrustedError) as caught:
        join(server)
    assert caught.value.code == "unknown-key"


def test_a_root_key_that_is_no_key_is_refused(server: AgentServer) -> None:
    for text in ("", "AAAA", encode_public_key(seed("x"))[:-1]):
        server.root_key = text
        with pytest.raises(ClawforgeError):
            join(server)


def test_a_token_that_the_server_does_not_know(server: AgentServer) -> None:
    with pytest.raises(ClawforgeError) as caught:
        join(server, make_enrollment_token(bytes(24), server.world.root.public))
    assert caught.value.code == "bad-token"


def test_a_malformed_token_is_not_sent(server: AgentServer) -> None:
    with pytest.raises(InputError):
        join(server, "hunter2")


@pytest.mark.parametrize("url", ["http://10.0.0.7:8080", "http://control.example", "http://127.0.0.1.example"])
def test_plain_http_to_another_machine_needs_to_be_wanted(url: str) -> None:
    with pytest.raises(InputError) as caught:
        checked_server(url, insecure=False)
    assert caught.value.code == "insecure-http"
    assert checked_server(url, insecure=True) == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://c.example/"])
def test_loopback_and_https_are_fine(url: str) -> None:
    assert checked_server(url, insecure=False) == url.rstrip("/")


@pytest.mark.parametrize("url", ["", "control.example", "ftp://c.example", "https://user:pw@c.example", "https://c/?x"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError):
        checked_server(url, insecure=True)


def polled(handler: Any) -> ClawforgeError:
    transport = AgentTransport("https://c.example", transport=httpx.MockTransport(handler), deadline=0.2)
    with pytest.raises(ClawforgeError) as caught:
        transport.poll(Secret("x"), held=None, enforcing=None)
    transport.close()
    return caught.value


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65536


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (200, {}, b"{}", "bad-envelope"),
        (200, {}, b"<p>a captive portal</p>", "bad-envelope"),
        (200, {"ClawForge-Lease": "e30"}, b"<p>a captive portal</p>", "unexpected-answer"),
        (304, {}, b"", "bad-envelope"),
        (302, {"Location": "https://evil.example"}, b"", "unexpected-answer"),
        (502, {}, b"<p>a proxy</p>", "unexpected-answer"),
        (200, {"Content-Encoding": "gzip"}, b"", "unexpected-answer"),
    ],
)
def test_strange_answers_are_typed_errors(status: int, headers: dict[str, str], body: bytes, code: str) -> None:
    assert polled(lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))).code == code


def test_endless_answers_are_cut_off() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return endless()

    for status in (200, 500):
        error = polled(lambda _, status=status: httpx.Response(status, stream=Endless()))
        assert isinstance(error, UnavailableError)


def test_a_server_that_is_not_there() -> None:
    with AgentServer(SigningWorld()) as server:
        url = server.url
    transport = AgentTransport(url, timeout=1)
    with pytest.raises(UnavailableError):
        transport.poll(Secret("x"), held=None, enforcing=None)
    transport.close()
