"""Posting out: only to checked addresses, to the holder of the certificate, once, and never for long."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from certificates import Certificates, make_certificates
from hook_receiver import Receiver, receiving

from clawforge.errors import InputError
from clawforge.reconcile.notify_settings import Reach
from clawforge.secret import Secret
from clawforge_cli.gitops import egress as module
from clawforge_cli.gitops.egress import Egress, EgressError, Outgoing, Way, check_url, make_way

NOT_PUBLIC = (
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::ffff:127.0.0.1",
    "64:ff9b::169.254.169.254",
    "2002:7f00:1::",
    "fe80::1%1",
    "224.0.0.1",
    "not an address",
)
NEVER = tuple(
    address
    for address in NOT_PUBLIC
    if address not in {"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1"}
)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), ("localhost", "hooks.example"))


@pytest.fixture(scope="module")
def shared(certificates: Certificates) -> Iterator[Receiver]:
    with receiving(certificates) as receiver:
        yield receiver


@pytest.fixture
def receiver(shared: Receiver) -> Receiver:
    shared.requests.clear()
    return shared


@pytest.fixture(scope="module")
def here(certificates: Certificates) -> Way:
    return make_way(Reach.LOOPBACK, certificates.authority)


def outgoing(url: str, body: bytes = b"{}", **headers: str) -> Outgoing:
    return Outgoing(Secret(url), tuple((name, Secret(value)) for name, value in headers.items()), body)


def home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_post_arrives_and_its_answer_is_read(receiver: Receiver, here: Way) -> None:
    receiver.answers.append((429, {"Retry-After": "7"}, b"x" * 100_000))
    answer = Egress().post(outgoing(f"{receiver.url}/a/b?c=d", b"hello", Authorization="Bearer t"), here)
    assert (answer.status, answer.retry_after, len(answer.body)) == (429, 7.0, 16 * 1024)
    (request,) = receiver.requests
    assert (request.path, request.body, request.headers["authorization"]) == ("/a/b?c=d", b"hello", "Bearer t")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_not_connected_to(receiver: Receiver, here: Way, address: str) -> None:
    way = Way(Reach.PUBLIC, here.context)
    egress = Egress(lambda host, port: ["93.184.215.14", address])
    with pytest.raises(EgressError, match="not allowed") as caught:
        egress.post(outgoing(receiver.url), way)
    assert not caught.value.again
    assert receiver.requests == []


def test_without_the_check_it_would_be_connected_to(
    receiver: Receiver, here: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of the test above: what it asks for can fail."""
    monkeypatch.setattr(module, "_allowed", lambda address, reach: True)
    assert Egress(home).post(outgoing(receiver.url), Way(Reach.PUBLIC, here.context)).status == 200
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("address", NEVER)
def test_a_private_network_does_not_hold_this_machine_nor_a_cloud_s_credentials(here: Way, address: str) -> None:
    with pytest.raises(EgressError, match="not allowed"):
        Egress(lambda host, port: [address]).post(outgoing("https://hooks.example/"), Way(Reach.PRIVATE, here.context))


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:192.168.1.1", "fc00::1", "100.64.0.1", "8.8.8.8"])
def test_a_private_network_is_reached_where_that_is_wanted(address: str) -> None:
    assert module._allowed(address, Reach.PRIVATE)
    assert not module._allowed(address, Reach.LOOPBACK)


def test_a_name_is_looked_up_once_and_the_checked_address_used(receiver: Receiver, here: Way) -> None:
    """DNS rebinding: the second answer would be another one. The name is nobody's, so only the address leads here."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    port = receiver.url.rpartition(":")[2]
    assert Egress(rebinding).post(outgoing(f"https://hooks.example:{port}/"), here).status == 200
    assert asked == ["hooks.example"]
    assert receiver.requests[0].headers["host"] == f"hooks.example:{port}"


def test_a_redirect_is_not_followed(receiver: Receiver, here: Way) -> None:
    receiver.answers.append((307, {"Location": f"{receiver.url}/elsewhere"}, b""))
    assert Egress().post(outgoing(receiver.url), here).status == 307
    assert len(receiver.requests) == 1


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, here: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Egress().post(outgoing(receiver.url), here).status == 200


def test_a_certificate_for_another_name_is_refused(receiver: Receiver, here: Way) -> None:
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(EgressError, match="certificate") as caught:
        Egress(home).post(outgoing(f"https://evil.example:{port}/"), here)
    assert not caught.value.again
    assert receiver.requests == []


def test_an_unknown_authority_is_refused(receiver: Receiver) -> None:
    with pytest.raises(EgressError, match="certificate"):
        Egress().post(outgoing(receiver.url), make_way(Reach.LOOPBACK, None))
    assert receiver.requests == []


def test_plain_http_reaches_this_machine_only_where_that_is_wanted(here: Way) -> None:
    with receiving() as plain:
        assert Egress().post(outgoing(plain.url), here).status == 200
        check_url(Secret(plain.url), Reach.LOOPBACK, "try")
        for reach in (Reach.PUBLIC, Reach.PRIVATE):
            with pytest.raises(InputError, match="not https"):
                check_url(Secret(plain.url), reach, "try")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "https://user:pass@hooks.example/",
        "https://hooks.example/#x",
        "https://hooks.example:0/",
        "https://hooks.example:99999/",
        "https://hooks.example/ x",
        "https://hooks.example/\r\nX: y",
        "https://hööks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "//hooks.example/",
    ],
)
def test_an_odd_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        check_url(Secret(url), Reach.LOOPBACK, "chat")
    assert "chat" in caught.value.message
    assert not url or url not in caught.value.message + caught.value.hint


def test_a_name_that_does_not_resolve_may_do_so_later(here: Way) -> None:
    with pytest.raises(EgressError, match="does not resolve") as caught:
        Egress().post(outgoing("https://no-such-host.invalid/"), here)
    assert caught.value.again


def test_nobody_there_may_be_there_later(here: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(EgressError, match="connection failed") as caught:
        Egress().post(outgoing(f"https://localhost:{port}/"), here)
    assert caught.value.again


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                stream, _ = server.accept()
                with stream, suppress(OSError):
                    talk(stream)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
    thread.join(5)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD], ids=["head", "informational", "body"])
def test_an_answer_that_drips_is_not_waited_for(here: Way, head: bytes) -> None:
    """Each byte arrives well within any timeout for a byte."""

    def drip(stream: socket.socket) -> None:
        stream.sendall(head)
        while True:
            stream.sendall(b"x")
            time.sleep(0.02)

    with talking(drip) as port, pytest.raises(EgressError, match="in time") as caught:
        Egress(seconds=0.3).post(outgoing(f"http://localhost:{port}/"), here)
    assert caught.value.again


def test_a_handshake_that_never_ends_is_not_waited_for(here: Way) -> None:
    with talking(lambda stream: time.sleep(1)) as port, pytest.raises(EgressError, match="in time"):
        Egress(seconds=0.2).post(outgoing(f"https://localhost:{port}/"), here)


@pytest.mark.parametrize("answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000], ids=len)
def test_an_answer_that_is_none_is_a_failed_connection(here: Way, answer: bytes) -> None:
    def talk(stream: socket.socket) -> None:
        stream.recv(65536)
        stream.sendall(answer)

    with talking(talk) as port, pytest.raises(EgressError, match="connection failed"):
        Egress().post(outgoing(f"http://localhost:{port}/"), here)


def test_old_tls_is_refused(here: Way) -> None:
    assert here.context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_authorities_are_looked_at_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing")
    for path in (tmp_path / "none.pem", tmp_path / "absent.pem"):
        with pytest.raises(InputError, match="no certificate"):
            make_way(Reach.PUBLIC, path)
