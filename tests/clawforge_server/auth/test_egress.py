"""The server's own requests: to the public internet only, to the address that was checked, and not for long."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Certificates, make_certificates
from hypothesis import given
from hypothesis import strategies as st
from identity_issuer import Issuer, running_issuer
from server_app import NOON

from clawforge.public_address import is_public
from clawforge_server.auth.oidc import egress as module
from clawforge_server.auth.oidc.egress import Egress, EgressError, check_authorities
from clawforge_server.startup_error import StartupError


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issuer(certificates: Certificates) -> Iterator[Issuer]:
    with running_issuer(certificates, lambda: NOON) as issuer:
        yield issuer


def document(issuer: Issuer) -> str:
    return f"{issuer.url}/.well-known/openid-configuration"


def test_a_document_is_fetched_over_tls(issuer: Issuer, certificates: Certificates) -> None:
    egress = Egress(allow_private=True, ca=certificates.authority)
    assert egress.get_json(document(issuer))["issuer"] == issuer.url


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:a00:1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2001::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "localhost",
        "",
    ],
)
def test_an_address_that_is_not_public_is_not_connected_to(
    issuer: Issuer, certificates: Certificates, address: str
) -> None:
    assert not is_public(address)
    before = dict(issuer.asked)
    egress = Egress(ca=certificates.authority, resolve=lambda host, port: ["8.8.8.8", address])
    with pytest.raises(EgressError, match="not public"):
        egress.get_json(document(issuer))
    assert issuer.asked == before


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_as_public_in_every_ipv6_spelling(address: ipaddress.IPv4Address) -> None:
    public = is_public(str(address))
    assert is_public(f"::ffff:{address}") == public
    assert is_public(f"64:ff9b::{address}") == public
    assert not is_public(f"::{address}")


def test_a_document_that_is_too_large_is_not_read_to_its_end(issuer: Issuer, certificates: Certificates) -> None:
    issuer.documents["/large"] = b'{"x": "' + b"x" * 600_000 + b'"}'
    with pytest.raises(EgressError, match="too large"):
        Egress(allow_private=True, ca=certificates.authority).get_json(f"{issuer.url}/large")


def test_a_name_is_looked_up_once_and_the_checked_address_used(issuer: Issuer, certificates: Certificates) -> None:
    """DNS rebinding: the second answer would be another one."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    egress = Egress(allow_private=True, ca=certificates.authority, resolve=resolve)
    port = issuer.url.rpartition(":")[2]
    # The name is not this machine's: only the checked address leads here, and the certificate is checked for the name.
    assert egress.get_json(f"https://issuer.example:{port}/jwks")["keys"]
    assert asked == ["issuer.example"]


def test_a_certificate_for_another_name_is_refused(issuer: Issuer, certificates: Certificates) -> None:
    egress = Egress(allow_private=True, ca=certificates.authority, resolve=lambda host, port: ["127.0.0.1"])
    port = issuer.url.rpartition(":")[2]
    with pytest.raises(EgressError, match="certificate"):
        egress.get_json(f"https://another.example:{port}/jwks")


def test_a_certificate_of_an_unknown_authority_is_refused(issuer: Issuer) -> None:
    with pytest.raises(EgressError, match="certificate"):
        Egress(allow_private=True).get_json(document(issuer))


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/x",
        "file:///etc/passwd",
        "https:///x",
        "https://user:secret@issuer.example/",
        "https://issuer.example:0/",
        "https://issuer.example:99999/",
        "https://issuer.example/a b",
        "https://issuer.example/\r\nHost: x",
        "https://\u0131ssuer.example/",
        "gopher://issuer.example/",
        "",
    ],
)
def test_only_plain_https_addresses_are_asked(url: str) -> None:
    with pytest.raises(EgressError, match="plain https"):
        Egress(allow_private=True).get_json(url)


@contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that speaks as a test wants, to one connection after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def serve() -> None:
            listener.settimeout(0.1)
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    try:
                        talk(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def over_tls(certificates: Certificates, answer: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as stream:
            stream.recv(4096)
            answer(stream)

    return talk


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "404 No", "500 No", "204 Nothing"])
def test_a_redirect_is_not_followed(certificates: Certificates, issuer: Issuer, status: str) -> None:
    before = dict(issuer.asked)
    head = f"HTTP/1.1 {status}\r\nLocation: {document(issuer)}\r\nContent-Length: 0\r\n\r\n".encode()
    with answering(over_tls(certificates, lambda stream: stream.sendall(head))) as port, pytest.raises(EgressError):
        Egress(allow_private=True, ca=certificates.authority).get_json(f"https://localhost:{port}/")
    assert issuer.asked == before


def test_a_compressed_answer_is_not_unpacked(certificates: Certificates) -> None:
    import gzip

    body = gzip.compress(b" " * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    egress = Egress(allow_private=True, ca=certificates.authority)
    talk = over_tls(certificates, lambda stream: stream.sendall(head + body))
    with answering(talk) as port, pytest.raises(EgressError, match="cannot be used"):
        egress.get_json(f"https://localhost:{port}/")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["head", "body"])
def test_an_answer_that_drips_is_not_waited_for(
    certificates: Certificates, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte arrives well within any timeout for a byte."""
    monkeypatch.setattr(module, "_SECONDS", 1.0)

    def drip(stream: socket.socket) -> None:
        stream.sendall(head)
        while True:
            stream.sendall(b"x")
            time.sleep(0.05)

    with answering(over_tls(certificates, drip)) as port:
        began = time.monotonic()
        with pytest.raises(EgressError, match="in time"):
            Egress(allow_private=True, ca=certificates.authority).get_json(f"https://localhost:{port}/")
        assert time.monotonic() - began < 5


def test_an_authority_s_file_is_looked_at_before_serving(tmp_path: Path, certificates: Certificates) -> None:
    check_authorities(None)
    check_authorities(certificates.authority)
    (tmp_path / "empty.pem").write_text("")
    for file in (tmp_path / "empty.pem", tmp_path / "missing.pem"):
        with pytest.raises(StartupError, match="no certificate"):
            check_authorities(file)
