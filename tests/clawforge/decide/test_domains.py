"""Domain patterns against sets of hosts, and which host a URL names."""

from __future__ import annotations

import ipaddress
import socket
from itertools import product
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clawforge.decide.domains import DomainMatcher, covers, intersect, matches, normalise, union
from clawforge.decide.hosts import host_of, ipv4_readings, is_private_address

LABELS = ("a", "b")
HOSTS = [".".join(labels) for size in range(1, 5) for labels in product(LABELS, repeat=size)]
names = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
patterns = st.one_of(names, names.map(lambda name: f"*.{name}"))
lists = st.lists(patterns, max_size=5)


def _means(pattern: str, host: str) -> bool:
    if not pattern.startswith("*."):
        return host == pattern
    wanted, given_labels = pattern[2:].split("."), host.split(".")
    return len(given_labels) > len(wanted) and given_labels[-len(wanted) :] == wanted


def _set(items: list[str] | tuple[str, ...]) -> set[str]:
    return {host for host in HOSTS if any(_means(pattern, host) for pattern in items)}


@settings(max_examples=150, deadline=None)
@given(lists)
def test_matching_is_what_the_words_say(items: list[str]) -> None:
    matcher = DomainMatcher(items)
    for host in HOSTS:
        assert matches(items, host) == (host in _set(items)) == (matcher.find(host) is not None)
    canonical = normalise(items)
    assert _set(canonical) == _set(items)
    assert not any(covers(a, b) for a, b in product(canonical, repeat=2) if a != b)


@settings(max_examples=150, deadline=None)
@given(lists, lists)
def test_intersection_and_union_are_those_of_sets(left: list[str], right: list[str]) -> None:
    assert _set(intersect(left, right)) == _set(left) & _set(right)
    assert _set(union(left, right)) == _set(left) | _set(right)
    assert intersect(left, right) == intersect(right, left) == normalise(intersect(left, right))


@settings(max_examples=150, deadline=None)
@given(patterns, patterns)
def test_covering_is_being_a_superset(wide: str, narrow: str) -> None:
    assert covers(wide, narrow) == (_set([narrow]) <= _set([wide]))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com", "example.com"),
        ("HTTPS://EXAMPLE.com.:443/x", "example.com"),
        ("wss://a.example.com/socket?x=y", "a.example.com"),
        ("http://user:secret@example.com/", "example.com"),
        ("http://evil.org#@example.com/", "evil.org"),
        ("http://evil.org?@example.com/", "evil.org"),
        ("http://b\xfccher.example/", "xn--bcher-kva.example"),
        ("http://ex\uff41mple\u3002com/", "example.com"),
        ("http://127.1/", "127.0.0.1"),
        ("http://0x7f.0.0.1/", "127.0.0.1"),
        ("http://2130706433/", "127.0.0.1"),
        ("http://[::1]:80/", "::1"),
        ("http://[fe80::1%25eth0]/", "fe80::1"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
    ],
)
def test_a_host(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        5,
        "example.com",
        "//example.com/",
        "http:example.com",
        "http:/example.com",
        "http:///example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/plain,x",
        "http://example.com\\@evil.org/",
        "http:\\\\example.com",
        "http://exa\tmple.com/",
        " http://example.com/",
        "http://example.com\r\nHost: evil.org",
        "http://a@b@example.com/",
        "http://ex%61mple.com/",
        "http://example.com:port/",
        "http://example.com:70000/",
        "http://.example.com/",
        "http://a..example.com/",
        "http://-a.example.com/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[127.0.0.1]/",
        "http://0177.0.0.1/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://fa\xdf.example/",
        "http://\u2100.example/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/",
        "http://example.com/" + "x" * 9000,
    ],
)
def test_no_host(url: object) -> None:
    assert host_of(url) is None


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Z", "C")), max_size=30))
@example("@")
@example("[")
@example("evil.org\\.example.com")
def test_any_text_as_authority(text: str) -> None:
    """Where a host comes out, Python's own parser agrees with it, and it is written as patterns are."""
    host = host_of(f"https://{text}/")
    if host is None:
        return
    assert host == host.lower()
    assert host.isascii()
    if text.isascii() and not ipv4_readings(host) and ":" not in host:
        assert (urlsplit(f"https://{text}/").hostname or "").removesuffix(".") == host


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["0", "1", "10", "127", "255", "256", "0x7f", "0xff", "017", "65535"]), min_size=1, max_size=4
    )
)
def test_numeric_addresses_are_those_of_the_system(parts: list[str]) -> None:
    text = ".".join(parts)
    try:
        system = socket.inet_ntoa(socket.inet_aton(text))
    except OSError:
        return
    assert ipaddress.IPv4Address(system) in ipv4_readings(text)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0177.1", "2130706433", "017700000001", "0.0.0.0", "0", "10.1.2.3",
        "100.64.0.1", "169.254.169.254", "172.31.0.1", "192.168.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
        "::", "::1", "[::1]", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:10.0.0.1", "::10.0.0.1",
        "2002:0a00:0001::", "2001::1", "64:ff9b::a00:1", "64:ff9b:1::1", "2001:db8::1", "1:2:3:4:5:6:7:8:9",
        "localhost", "LOCALHOST.", "a.localhost", "printer.local", "db.internal", "router", "x.home.arpa", "x.lan",
        "010.8.8.8",
    ],
)  # fmt: skip
def test_private(host: str) -> None:
    assert is_private_address(host)


@pytest.mark.parametrize(
    "host",
    ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808",
     "2002:0808:0808::", "example.com", "localhost.example.com", "134744072"],
)  # fmt: skip
def test_public(host: str) -> None:
    assert not is_private_address(host)


@settings(max_examples=150, deadline=None)
@given(st.ip_addresses(v=4))
def test_no_private_address_is_missed(address: ipaddress.IPv4Address) -> None:
    """The standard library's tables differ between Python versions, and ours is the stricter."""
    if not address.is_global or address.is_multicast:
        assert is_private_address(str(address))
        assert is_private_address(str(int(address)))
        assert is_private_address(f"::ffff:{address}")
