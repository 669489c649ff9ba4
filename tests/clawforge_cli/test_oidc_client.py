"""What the program believes of a provider, and what not."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from certificates import make_certificates
from hypothesis import given
from hypothesis import strategies as st
from identity_issuer import Issuer, running_issuer

from clawforge.errors import ClawforgeError, InputError, UnavailableError
from clawforge.secret import Secret
from clawforge_cli.oidc.code_flow import challenge, sign_in_by_browser
from clawforge_cli.oidc.device_flow import DevicePrompt, sign_in_by_device
from clawforge_cli.oidc.pipeline_token import pipeline_token
from clawforge_cli.oidc.provider import Answer, Provider, SignInFailedError, refused
from clawforge_cli.settings import PipelineIdentity


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder = tmp_path_factory.mktemp("issuer")
    certificates = make_certificates(folder)
    with running_issuer(certificates, lambda: dt.datetime.now(dt.UTC)) as issuer:
        issuer.documents["/authority"] = str(certificates.authority).encode()
        yield issuer


@pytest.fixture
def issuer(issuers: Issuer, monkeypatch: pytest.MonkeyPatch) -> Issuer:
    monkeypatch.setenv("SSL_CERT_FILE", issuers.documents["/authority"].decode())
    issuers.posted.clear()
    describe(issuers)
    return issuers


def describe(issuer: Issuer, /, **changes: Any) -> None:
    """The discovery document, with changes."""
    document = {
        "issuer": issuer.url,
        "authorization_endpoint": f"{issuer.url}/auth",
        "token_endpoint": f"{issuer.url}/token",
        "device_authorization_endpoint": f"{issuer.url}/device",
        "authorization_response_iss_parameter_supported": True,
        **changes,
    }
    issuer.documents["/.well-known/openid-configuration"] = json.dumps(document).encode()


def by_browser(issuer: Issuer, answer: Callable[[dict[str, str]], dict[str, str]], **claims: Any) -> Secret:
    """Sign in with a browser that comes back with what `answer` makes of the request."""

    def show(url: str) -> None:
        query = dict(httpx.URL(url).params)
        issuer.answers["/token"] = [{"id_token": issuer.token(**{"nonce": query["nonce"], **claims})}]
        visit = threading.Thread(
            target=httpx.get, args=(query["redirect_uri"],), kwargs={"params": answer(query), "trust_env": False}
        )
        visit.start()

    return sign_in_by_browser(Provider(issuer.url, "clawforge-cli"), show)


def test_the_code_is_exchanged_with_the_verifier_of_its_challenge(issuer: Issuer) -> None:
    seen: dict[str, str] = {}

    def answer(query: dict[str, str]) -> dict[str, str]:
        seen.update(query)
        return {"code": "abc", "state": query["state"], "iss": issuer.url}

    token = by_browser(issuer, answer)
    assert str(token) == "********"
    (form,) = issuer.posted
    assert challenge(form["code_verifier"][0]) == seen["code_challenge"]
    assert (form["client_id"], form["redirect_uri"]) == (["clawforge-cli"], [seen["redirect_uri"]])
    assert "client_secret" not in form


@pytest.mark.parametrize("nonce", ["another", None, "", 7])
def test_row_23_a_token_with_another_nonce_is_not_believed(issuer: Issuer, nonce: Any) -> None:
    with pytest.raises(SignInFailedError, match="another request"):
        by_browser(issuer, lambda query: {"code": "abc", "state": query["state"], "iss": issuer.url}, nonce=nonce)


@pytest.mark.parametrize("named", [{"iss": "https://attacker.example"}, {}])
def test_an_answer_of_another_provider_is_not_believed(issuer: Issuer, named: dict[str, str]) -> None:
    """Mix-up (RFC 9207): the code would go to the wrong token endpoint."""
    with pytest.raises(SignInFailedError, match="another identity provider"):
        by_browser(issuer, lambda query: {"code": "abc", "state": query["state"], **named})
    assert issuer.posted == []


def test_a_provider_that_does_not_name_itself_need_not(issuer: Issuer) -> None:
    describe(issuer, authorization_response_iss_parameter_supported=False)
    assert by_browser(issuer, lambda query: {"code": "abc", "state": query["state"]}).reveal()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://attacker.example"},
        {"authorization_endpoint": "http://attacker.example/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://issuer.example/\u001b[31m"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"token_endpoint": 5},
    ],
)
def test_a_description_that_leads_astray_is_not_followed(issuer: Issuer, changes: dict[str, Any]) -> None:
    describe(issuer, **changes)
    shown: list[str] = []
    with pytest.raises(SignInFailedError):
        sign_in_by_browser(Provider(issuer.url, "clawforge-cli"), shown.append)
    assert shown == []


def test_a_provider_that_is_not_there_or_speaks_no_json_is_a_clear_error(issuer: Issuer) -> None:
    issuer.documents["/.well-known/openid-configuration"] = b"<html>"
    with pytest.raises(ClawforgeError, match="cannot be read"):
        Provider(issuer.url, "c").metadata()
    with pytest.raises(UnavailableError, match="cannot be reached"):
        Provider("https://localhost:1", "c").metadata()
    with pytest.raises(SignInFailedError, match="not https"):
        Provider("http://localhost:1", "c").metadata()


def device(issuer: Issuer, answers: list[dict[str, Any]], **begun: Any) -> tuple[Secret, list[float]]:
    """Sign in by a device; the token, and how long was waited each time."""
    usual = {"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": f"{issuer.url}/device", "expires_in": 60}
    issuer.answers["/device"] = [{**usual, **begun}]
    issuer.answers["/token"] = answers
    waited: list[float] = []
    shown: list[DevicePrompt] = []
    token = sign_in_by_device(
        Provider(issuer.url, "clawforge-cli"), shown.append, sleep=waited.append, monotonic=lambda: sum(waited)
    )
    assert shown[0].code == "ABCD-EFGH"
    return token, waited


def test_the_device_flow_waits_as_it_is_told(issuer: Issuer) -> None:
    answers = [{"error": "authorization_pending"}, {"error": "slow_down"}, {"id_token": issuer.token()}]
    token, waited = device(issuer, answers, interval=2)
    assert token.reveal().count(".") == 2
    assert waited == [2.0, 2.0, 7.0]


@pytest.mark.parametrize("interval", [0, -5, "2", None, True, 10**9])
def test_an_interval_beyond_reason_is_not_obeyed(issuer: Issuer, interval: Any) -> None:
    _, waited = device(issuer, [{"id_token": issuer.token()}], interval=interval, expires_in=1000)
    assert 0 < waited[0] <= 60


@pytest.mark.parametrize(("error", "why"), [("access_denied", "access_denied"), ("expired_token", "in time")])
def test_the_device_flow_ends_when_the_provider_says_so(issuer: Issuer, error: str, why: str) -> None:
    with pytest.raises(SignInFailedError, match=why):
        device(issuer, [{"error": error}])


def test_the_device_flow_ends_when_its_time_is_over(issuer: Issuer) -> None:
    with pytest.raises(SignInFailedError, match="in time"):
        device(issuer, [{"error": "authorization_pending"}] * 20)


def test_a_provider_without_devices_says_so(issuer: Issuer) -> None:
    describe(issuer, device_authorization_endpoint=None)
    with pytest.raises(InputError, match="no sign-in by device"):
        device(issuer, [])


@given(st.text(max_size=100))
def test_of_an_error_at_most_a_plain_word_is_repeated(code: str) -> None:
    message = refused(Answer(400, {"error": code, "error_description": "canary"})).message
    assert "canary" not in message
    assert message.isascii()
    assert message.isprintable()


def test_a_pipeline_asks_its_host_over_tls_only(issuer: Issuer, tmp_path: Path) -> None:
    def asking(url: str) -> Secret:
        return pipeline_token(PipelineIdentity(request_url=url, request_token=Secret("runner")), "https://c.example")

    issuer.documents["/id?audience=https%3A%2F%2Fc.example"] = b'{"value": "e30.e30.e30"}'
    assert asking(f"{issuer.url}/id").reveal() == "e30.e30.e30"
    with pytest.raises(InputError, match="not an https address"):
        asking("http://attacker.example/id")
    with pytest.raises(SignInFailedError, match="status 404"):
        asking(f"{issuer.url}/nothing")
    with pytest.raises(InputError, match="no identity token"):
        pipeline_token(None, "x")
