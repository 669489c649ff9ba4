"""Headers of every answer: of results, refusals, what the router refuses, failures, streams, and of a real server."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import Api
from server_process import ServerProcess, company

from clawforge_server.answer_headers import AnswerHeaders

EVERY = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "server": "clawforge",
}
WEB_PAGE = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}


def check(headers: Any) -> None:
    assert {name: headers.get(name) for name in EVERY} == EVERY
    assert not [name for name in headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("GET", "/health", "", 200),
        ("GET", "/openapi.json", "", 200),
        ("HEAD", "/v1/orgs/acme/state", None, 200),
        ("GET", "/v1/orgs/acme/state", None, 200),
        ("GET", "/v1/orgs/acme/state", "cf_live_x", 401),
        ("GET", "/v1/orgs/nowhere/state", None, 404),
        ("GET", "/nothing", None, 404),
        ("PATCH", "/v1/orgs/acme/state", None, 405),
        ("OPTIONS", "/v1/orgs/acme/plans", None, 405),
        ("POST", "/v1/enroll", "", 415),
    ],
)
def test_every_answer_has_them(api: Api, method: str, path: str, token: str | None, status: int) -> None:
    api.apply(company())
    answer = api.request(method, path, token=token, headers=WEB_PAGE)
    assert answer.status_code == status
    check(answer.headers)
    if status >= 400 and method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]


def test_a_failure_and_a_bundle_have_them_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from clawforge_server.state.org_states import OrgStates

    api.apply(company())
    credential = api.enroll()["credential"]
    bundle = api.get("/v1/agent/policy", token=credential)
    check(bundle.headers)
    same = api.get("/v1/agent/policy", token=credential, headers={"If-None-Match": bundle.headers["etag"]})
    assert same.status_code == 304
    check(same.headers)

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(OrgStates, "get", broken)
    failed = api.get("/v1/orgs/acme/state")
    assert failed.status_code == 500
    check(failed.headers)


def test_a_real_server_and_a_stream_have_them(running: ServerProcess) -> None:
    from server_process import apply

    with running.client() as client:
        apply(client, company())
        check(client.get("/v1/orgs/acme/state").headers)
        with client.stream("GET", "/v1/orgs/acme/audit/stream") as stream:
            check(stream.headers)
        assert "granian" not in str(client.get("/health").headers).lower()


@pytest.mark.parametrize(
    ("scheme", "behind_proxy", "expected"), [("http", False, False), ("https", False, True), ("http", True, True)]
)
def test_under_tls_browsers_are_told_to_stay_there(api: Api, scheme: str, behind_proxy: bool, expected: bool) -> None:
    import httpx

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(AnswerHeaders(api._app, behind_proxy=behind_proxy))
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://server") as client:
            return await client.get("/health")

    assert ("strict-transport-security" in api.run(get()).headers) is expected


@pytest.mark.parametrize(
    "text", ["%0d%0aX-Evil:%201", "%0aX-Evil:1", "%00", "%1b%5b31m", "%E2%80%AE", "%C2%85X-Evil: 1"]
)
def test_what_is_sent_reaches_no_header(api: Api, logged: Any, text: str) -> None:
    api.apply(company())
    for path in (
        f"/v1/orgs/{text}/state",
        f"/v1/orgs/acme/plans/{text}",
        f"/v1/orgs/acme/audit?actor={text}",
        f"/{text}",
    ):
        answer = api.get(path)
        assert answer.status_code in {200, 400, 404}
        assert "x-evil" not in answer.headers
        assert not set("\r\n\x00\x1b") & set("".join(answer.headers.values()))
    assert "\x1b" not in logged.getvalue()
    assert all(line.startswith("{") for line in logged.getvalue().splitlines())
