"""Identity tokens of the certified provider, over the whole life of its keys."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from certificates import Certificates, make_certificates
from certified_provider import CertifiedProvider, certified_provider
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

from clawforge_cli.oidc.code_flow import sign_in_by_browser
from clawforge_cli.oidc.provider import Provider
from clawforge_server.auth.oidc.egress import Egress


@pytest.fixture
def certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    made = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    return made


@pytest.fixture
def plane(tmp_path: Path, certificates: Certificates) -> Iterator[Api]:
    clock = MovableClock()
    clock.moment = dt.datetime.now(dt.UTC)
    with opened_api(tmp_path / "data", clock, Egress(allow_private=True, ca=certificates.authority)) as api:
        yield api


def trust(plane: Api, provider: CertifiedProvider) -> None:
    own = [item for item in company() if item["kind"] != "Organization"]
    sso = {"issuer": provider.url, "clientId": "clawforge-cli"}
    plane.apply([resource("Organization", "acme", displayName="Acme", sso=sso), *own])


def identity_token(provider: CertifiedProvider, name: str = "dev") -> str:
    """The token of somebody who signs in at the provider."""
    browser = provider.browser()
    threads: list[threading.Thread] = []

    def show(url: str) -> None:
        threads.append(threading.Thread(target=browser.sign_in, args=(url, name)))
        threads[-1].start()

    token = sign_in_by_browser(Provider(provider.url, "clawforge-cli"), show)
    threads[0].join()
    browser.close()
    return token.reveal()


def enter(plane: Api, token: str) -> httpx.Response:
    return plane.post("/v1/orgs/acme/sessions", token="", json={"grant": "oidc", "token": token})


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_rotated_key_is_found_and_the_old_one_forgotten(plane: Api, certificates: Certificates, alg: str) -> None:
    with certified_provider(certificates) as first:
        trust(plane, first)
        assert enter(plane, identity_token(first)).status_code == 201
        late = identity_token(first)
    port = int(first.url.rpartition(":")[2])
    with certified_provider(certificates, kid="second", alg=alg, port=port) as second:
        plane.clock.move(seconds=61)
        answer = enter(plane, identity_token(second))
        assert answer.status_code == 201, answer.text
        assert enter(plane, late).status_code == 401


def test_a_token_of_the_provider_opens_one_session(plane: Api, certificates: Certificates) -> None:
    with certified_provider(certificates) as provider:
        trust(plane, provider)
        token = identity_token(provider)
        assert enter(plane, token).status_code == 201
        assert enter(plane, token).json()["code"] == "identity-token-used"
        assert enter(plane, identity_token(provider, "unverified")).json()["code"] == "email-not-verified"
        assert enter(plane, identity_token(provider, "second")).json()["code"] == "identity-changed"
