"""What git must never be given is refused before any process is started."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from clawforge.reconcile.repository_url import RepositoryUrl
from clawforge.reconcile.source_settings import GitCredential, Repository, Trust

KEY = {"keyFile": "/key", "knownHostsFile": "/known"}


@pytest.mark.parametrize(
    ("url", "transport", "host"),
    [
        ("https://forge.example/acme/policies.git", "https", "forge.example"),
        ("ssh://git@forge.example:2222/acme/policies", "ssh", "forge.example"),
        ("git@forge.example:acme/policies.git", "ssh", "forge.example"),
        ("/srv/git/policies.git/", "file", ""),
        ("file:///srv/git/policies.git", "file", ""),
        ("http://[::1]:3000/acme", "http", "::1"),
        ("git://127.0.0.1/acme", "git", "127.0.0.1"),
    ],
)
def test_addresses_that_git_is_given(url: str, transport: str, host: str) -> None:
    found = RepositoryUrl.parse(url)
    assert (found.transport, found.host, found.is_plain) == (transport, host, False)


@pytest.mark.parametrize(
    "url",
    [
        *("", "-u", "--upload-pack=touch x:y", "-oProxyCommand=x:y", "ssh://-oProxyCommand=x/y", "-x@host:path"),
        *("ext::sh -c id", "ext::id", "fd::17", "git@host:-x", "https://host/a\nb", "https://host/a b", "host:\\path"),
        *("ftp://host/x", "https://host", "https:///x", "file://host/x", "relative", "./here", "/", "https://h/x?y#z"),
        "https://user:canary@host/x",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - what it says is for people
        RepositoryUrl.parse(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("branch", ["-x", "a..b", "refs/heads/main", "a b", "a.lock", "x/", "@", "HEAD^", "a:b", ""])
def test_names_that_are_no_branch(branch: str) -> None:
    with pytest.raises(ValidationError):
        Repository(url="/srv/x", branch=branch)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://forge.example/x"},
        {"url": "git://forge.example/x"},
        {"url": "ssh://forge.example/x"},
        {"url": "https://forge.example/x", "credential": KEY},
        {"url": "/srv/x", "credential": {"tokenFile": "/token"}},
        {"url": "http://forge.example/x", "insecure": True, "credential": {"tokenFile": "/token"}},
        {"url": "/srv/x", "path": "../up"},
        {"url": "/srv/x", "path": "/etc"},
        {"url": "ssh://h/x", "credential": {**KEY, "keyFile": "/a b"}},
        {"url": "ssh://h/x", "credential": {**KEY, "tokenFile": "/token"}},
        {"url": "ssh://h/x", "credential": {"keyFile": "/key"}},
    ],
)
def test_settings_that_do_not_fit_together(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Repository.model_validate(settings)


def test_trust_is_never_left_open_by_accident() -> None:
    for given in ({}, {"signatures": "off", "since": "0" * 40}, {"revokedSigners": "/x"}):
        with pytest.raises(ValidationError):
            Trust.model_validate(given)
    assert Trust.model_validate({"signatures": "off"}).rules == ()


def test_relative_files_lie_beside_the_configuration() -> None:
    made = Repository(
        url="ssh://h/x", credential=GitCredential(key_file="key", known_hosts_file="/known"), ca_file="ca"
    )
    under = made.under("/etc/clawforge")
    assert under.credential is not None
    assert (under.credential.key_file, under.credential.known_hosts_file) == ("/etc/clawforge/key", "/known")
    assert under.ca_file == "/etc/clawforge/ca"
    assert Trust(allowed_signers="people").under("/etc").allowed_signers == "/etc/people"
