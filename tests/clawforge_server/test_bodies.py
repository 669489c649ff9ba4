"""Bodies that are no JSON, too much of it, or JSON that two parsers would read differently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_process import company

from clawforge_server import request_body
from clawforge_server.problems import HttpError
from clawforge_server.request_body import strict_json

PATH = "/v1/orgs/acme/plans"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff\xfe",
        b'{"source": "a", "source": "b", "resources": []}',
        b'{"source": "a", "resources": [{"spec": {"a": 1, "a": 2}}]}',
        b'{"source": NaN}',
        b'{"source": Infinity}',
        b"[" * 200 + b"]" * 200,
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"'single'",
    ],
    ids=range(12),
)
def test_malformed_json_is_refused(api: Any, problem: Any, body: bytes) -> None:
    problem(api.post(PATH, content=body, headers=JSON), 400, "malformed-json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""])
def test_other_content_is_refused(api: Any, problem: Any, kind: str) -> None:
    problem(api.post(PATH, content=b"{}", headers={"Content-Type": kind}), 415, "unsupported-content")


def test_compressed_bodies_are_refused(api: Any, problem: Any) -> None:
    headers = {**JSON, "Content-Encoding": "gzip"}
    problem(api.post(PATH, content=b"{}", headers=headers), 415, "unsupported-content")


def test_large_bodies_are_refused_before_and_while_they_are_read(api: Any, problem: Any) -> None:
    big = b'"' + b"a" * (1024 * 1024) + b'"'
    path = "/v1/orgs/acme/tokens"
    problem(api.post(path, content=big, headers=JSON), 413, "too-large")

    async def chunks() -> Any:
        for _ in range(17):
            yield b" " * 65_536

    problem(api.post(path, content=chunks(), headers=JSON), 413, "too-large")
    declared = {**JSON, "Content-Length": str(65 * 1024 * 1024)}
    problem(api.post(PATH, content=b"{}", headers=declared), 413, "too-large")


def test_strange_text_in_resources_is_refused_and_not_a_failure(api: Any) -> None:
    for name in (r"\ud800", r"\u0000", "a" * 70_000, r"\u202e"):
        body = f'{{"source": "a", "resources": [{{"kind": "{name}", "apiVersion": "clawforge/v1"}}]}}'
        answer = api.post(PATH, content=body.encode(), headers=JSON)
        assert answer.status_code in {400, 422}, answer.text
    for number in ("1e400", "123456789012345678901234567890", "1.5"):
        body = f'{{"source": "a", "resources": [{{"kind": {number}}}]}}'
        assert api.post(PATH, content=body.encode(), headers=JSON).status_code == 422


def test_unknown_routes_and_methods_are_problems(api: Any, problem: Any) -> None:
    problem(api.get("/"), 404, "unknown-route")
    problem(api.get("/v1/orgs/acme"), 404, "unknown-route")
    problem(api.get("/v1/orgs/acme/state/"), 404, "unknown-route")
    refused = api.post("/v1/orgs/acme/state")
    problem(refused, 405, "method-not-allowed")
    assert "GET" in refused.headers["allow"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1&limit=2", "before=-1", "limit=%F0%9D%9F%99"])
def test_bad_parameters_are_problems(api: Any, problem: Any, query: str) -> None:
    api.apply(company())
    problem(api.get(f"/v1/orgs/acme/revisions?{query}"), 400, "bad-parameter")


def test_a_failure_says_nothing_but_its_number(api: Any, problem: Any, monkeypatch: Any, logged: Any) -> None:
    from clawforge_server.state.org_states import OrgStates

    def broken(*_: object) -> None:
        raise RuntimeError("secret-value")

    monkeypatch.setattr(OrgStates, "get", broken)
    answer = api.get("/v1/orgs/acme/state")
    body = problem(answer, 500, "internal-error")
    assert answer.headers["x-request-id"] in body["detail"]
    assert answer.headers["x-request-id"] in logged.getvalue()
    assert "RuntimeError" in logged.getvalue()
    assert "secret-value" not in logged.getvalue() + str(body)


@pytest.mark.parametrize("path", ["/v1/enroll", "/v1/agent/heartbeat"])
def test_what_nobody_vouches_for_must_be_small(api: Any, problem: Any, path: str) -> None:
    versions = {f"part{number}": "1.0" for number in range(2_000)}
    refused = problem(api.post(path, token="", json={"token": "x", "versions": versions}), 413, "too-large")
    assert "16 KiB" in refused["detail"]


@pytest.mark.parametrize("tool", ["", "x" * 257])
def test_a_tool_without_a_possible_name_is_refused(api: Any, problem: Any, tool: str) -> None:
    api.apply(company())
    problem(api.post("/v1/orgs/acme/decide", json={"user": "dev", "tool": tool}), 422, "invalid-request")


class Pairs(list[tuple[str, Any]]):
    """An object whose keys need not be distinct."""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(st.text(max_size=2), inner), max_size=3).map(Pairs),
    max_leaves=8,
)


def written(value: Any, space: str, *, escaped: bool) -> str:
    if isinstance(value, Pairs):
        pairs = (f"{json.dumps(key, ensure_ascii=escaped)}:{written(v, space, escaped=escaped)}" for key, v in value)
        return "{" + f",{space}".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(written(item, space, escaped=escaped) for item in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)


def outcome(read: Any, body: bytes) -> str:
    try:
        return repr(read(body))
    except HttpError as error:
        return error.code


@given(VALUES, st.sampled_from(["", " "]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_fast_way_to_read_json_reads_what_the_strict_one_reads(value: Any, space: str, escaped: bool) -> None:
    body = written(value, space, escaped=escaped).encode("utf-8", "surrogatepass")
    assert outcome(strict_json, body) == outcome(request_body._read, body)
