"""Input that is made to break something, on every route: a clear 4xx, never a failure, never another one's door."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_app import Api, MovableClock, opened_api
from server_process import ServerProcess, apply, company

from clawforge_server.auth.secrets import INSTANCE_PREFIX, KEY_PREFIX, OWNER_PREFIX, SESSION_PREFIX
from clawforge_server.routes.table import ENDPOINTS

JSON = {"Content-Type": "application/json"}
NAMES = [
    "%2e%2e",
    "..%2f..",
    "%00",
    "a%00b",
    "%2f",
    "%ff%fe",
    "%0d%0aX-Evil:1",
    "%F0%9F%92%A9",
    "%E2%80%AEgnp",
    "%ED%A0%80",
    "'%20OR%201=1--",
    "*",
    "%27%3B%20DROP%20TABLE%20orgs",
    "%25",
    "%252e",
    "-1",
    "1e9",
    "NaN",
    "%C2%B2",
    "%EF%BC%91",
    "+",
    "%2B1",
    "0x10",
    "null",
    "plan-../../x",
    "%7B%7B7*7%7D%7D",
    "%EF%BD%81%EF%BD%83%EF%BD%8D%EF%BD%85",
    "acme%20",
    "ACME",
    "%09",
]
NAMES += ["a" * 4_000, "9" * 400]
MOMENTS = [
    "-9999-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+14:00",
    "10000-01-01T00:00:00Z",
    "now",
    "9999-12-31T23:59:59-12:00",
    "2026-02-30T00:00:00Z",
    "1e400",
    "NaN",
    "-1",
    "0",
    "2026-11-20T25:00:00Z",
]
DEEP = 20_000
BODIES = {
    "nothing": b"",
    "no json": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a key twice": b'{"user": "dev", "user": "ann", "token": "a", "token": "b"}',
    "no number": b'{"ttl": NaN, "seq": -Infinity}',
    "a huge number": b'{"ttl": ' + b"9" * 5_000 + b"}",
    "UTF-16": '{"user": "dev"}'.encode("utf-16"),
    "UTF-32": '{"user": "dev"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"user": "dev"}',
    "no UTF-8": b'{"user": "\xff\xfe"}',
    "an overlong sequence": b'{"user": "\xc0\xaf"}',
    "half a surrogate": b'{"user": "\\ud800", "token": "\\udfff", "reason": "\\ud800"}',
    "a null byte": b'{"user": "a\\u0000b", "reason": "\\u0000"}',
    "turned text": '{"user": "\u202edev", "email": "d\u0435v@acme.example", "reason": "\u2028\u202e"}'.encode(),
    "names of objects": b'{"__proto__": {}, "constructor": {}, "__class__": {}}',
    "a program": b"a=1&b=2",
}
STREAMS = ("/stream", "/events")
"""Where an answer does not end unless a parameter is refused."""
POSTS = sorted({endpoint.path for endpoint in ENDPOINTS if endpoint.request is not None})


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with opened_api(tmp_path_factory.mktemp("hostile") / "data", MovableClock()) as api:
        api.apply(company())
        yield api


@pytest.fixture(scope="module")
def agent(api: Api) -> str:
    return str(api.enroll()["credential"])


def is_clear(answer: Any) -> bool:
    if answer.status_code < 400:
        return True
    return (
        answer.status_code < 500
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["code"]
    )


def token_for(path: str, agent: str) -> str | None:
    return agent if path.startswith("/v1/agent/") else None


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda item: f"{item.method} {item.path}")
def test_no_name_in_a_path_breaks_a_route(api: Api, agent: str, endpoint: Any) -> None:
    parts = re.findall(r"\{(\w+)\}", endpoint.path)
    usual = {"org": "acme", "id": "x", "n": "1", "name": "dev", "user": "dev"}
    for part in parts:
        for name in NAMES:
            path = endpoint.path.format(**{**usual, part: name})
            options: dict[str, Any] = {"json": {}} if endpoint.request is not None else {}
            answer = api.request(endpoint.method, path, token=token_for(path, agent), **options)
            assert is_clear(answer), (path, answer.status_code, answer.text[:300])
            # How people sign in to an org that cannot be is answered as for one where nobody does.
            assert answer.status_code >= 400 or path.endswith("/sign-in"), path


@pytest.mark.parametrize("endpoint", [item for item in ENDPOINTS if item.parameters], ids=lambda item: item.path)
def test_no_parameter_breaks_a_route(api: Api, agent: str, endpoint: Any) -> None:
    path = endpoint.path.format(org="acme", id="x", n="1", name="nobody", user="dev")
    for parameter in endpoint.parameters:
        for value in (*NAMES, *(quote(moment, safe="") for moment in MOMENTS), ""):
            options: dict[str, Any] = {"json": {}} if endpoint.request is not None else {}
            if parameter.place == "header":
                options["headers"] = {parameter.name: value.encode()}
                query = "?after=x" if path.endswith(STREAMS) else ""
            else:
                query = f"?{parameter.name}={value}&{parameter.name}=1"
                if not path.endswith(STREAMS):
                    once = api.request(
                        endpoint.method, f"{path}?{parameter.name}={value}", token=token_for(path, agent), **options
                    )
                    assert is_clear(once), (parameter.name, value, once.text[:300])
            answer = api.request(endpoint.method, path + query, token=token_for(path, agent), **options)
            assert is_clear(answer), (parameter.name, value, answer.text[:300])


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("path", POSTS)
def test_no_body_breaks_a_route(api: Api, agent: str, path: str, kind: str) -> None:
    where = path.format(org="acme", id="x", n="1", name="dev", user="dev")
    headers = {**JSON, "If-Match": '"1"'}
    answer = api.post(where, token=token_for(path, agent), content=BODIES[kind], headers=headers)
    assert is_clear(answer), answer.text[:300]
    assert 400 <= answer.status_code < 500
    for other in (
        "text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data; boundary=x",
        "application/JSON",
    ):
        again = api.post(
            where, token=token_for(path, agent), content=BODIES[kind], headers={**headers, "Content-Type": other}
        )
        assert is_clear(again)
        assert 400 <= again.status_code < 500


FIELDS = st.sampled_from(["user", "token", "reason", "a", "events", "resources"])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=8
)


@given(value=DOCUMENTS, path=st.sampled_from(POSTS))
@settings(max_examples=150, deadline=None)
def test_no_document_breaks_a_route(api: Api, agent: str, value: Any, path: str) -> None:
    where = path.format(org="acme", id="x", n="1", name="nobody", user="nobody")
    body = json.dumps(value).encode()
    answer = api.post(where, token=token_for(path, agent), content=body, headers={**JSON, "If-Match": '"1"'})
    assert is_clear(answer), answer.text[:300]


VARIANTS = [
    "{t}",
    "bearer{t}",
    "Bearer",
    "Bearer  ",
    "Bearer {t} ",
    "Basic {t}",
    "Bearer {t}, Bearer {t}",
    "Bearer {t}x",
    "Bearer {t}=",
    "Bearer x{t}",
    "Bearer {u}",
    "Bearer %20{t}",
    "Bearer {t};admin",
    'Bearer "{t}"',
    "Token {t}",
    "Bearer {h}",
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_the_token_itself_lets_in(api: Api, problem: Any, variant: str) -> None:
    """Also not its hash, which is what the database holds."""
    from clawforge_server.auth.secrets import credential_hash

    shown = variant.format(t=api.owner, u=api.owner.swapcase(), h=credential_hash(api.owner))
    answer = api.get("/v1/orgs/acme/state", token="", headers={"Authorization": shown}, address="192.0.2.77")
    if variant == "Bearer {t} ":
        assert answer.status_code == 200, "space around a header's value is no part of it"
    else:
        problem(answer, 401, "unauthenticated")


def test_two_credentials_are_none(api: Api, problem: Any) -> None:
    for pair in ((api.owner, "x"), ("x", api.owner), (api.owner, api.owner)):
        headers = [(b"Authorization", f"Bearer {token}".encode()) for token in pair]
        problem(api.get("/v1/orgs/acme/state", token="", headers=headers, address="192.0.2.78"), 401, "unauthenticated")


def test_random_tokens_open_nothing(api: Api) -> None:
    """A slice of the million; whoever sends them is slowed down after a hundred, and here nobody is the same twice."""
    numbers = random.Random(4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    prefixes = (OWNER_PREFIX, KEY_PREFIX, SESSION_PREFIX, INSTANCE_PREFIX, "")

    async def knock() -> set[int]:
        found = set()
        for number in range(3_000):
            token = numbers.choice(prefixes) + "".join(numbers.choices(alphabet, k=numbers.choice((1, 42, 43, 44))))
            async with api.client(token, address=f"10.{number >> 8 & 255}.{number & 255}.1") as client:
                found.add((await client.get(numbers.choice(("/v1/orgs/acme/state", "/v1/agent/policy")))).status_code)
        return found

    assert api.run(knock()) == {401}


ENROLL = b"POST /v1/enroll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
STATE = b"GET /v1/orgs/acme/state HTTP/1.1\r\nHost: x\r\n"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n"
RAW: dict[str, tuple[bytes, set[int]]] = {
    "garbage": (b"\x00\x01\x02\r\n\r\n", {400}),
    "two lengths": (ENROLL + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    "a broken chunk": (ENROLL + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", {400}),
    "a hidden request": (
        ENROLL + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HEALTH + b"\r\n",
        {400},
    ),
    "a control character in the token": (STATE + b"Authorization: Bearer a\x01b\r\n\r\n", {400}),
    "bytes above ASCII": (STATE + b"Authorization: Bearer \xff\xfe\r\n\r\n", {401}),
    "a folded header": (STATE + b"Authorization: Bearer\r\n x\r\n\r\n", {400, 401}),
    "a token of 8 KiB": (STATE + b"Authorization: Bearer " + b"a" * 8192 + b"\r\n\r\n", {401}),
    "headers of a mebibyte": (HEALTH + b"X-A: " + b"a" * 1_048_576 + b"\r\n\r\n", {431}),
    "500 headers": (HEALTH + b"X: a\r\n" * 500 + b"\r\n", {431}),
    "a long path": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414, 431}),
    "another HTTP": (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", {400}),
    "a proxy's method": (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "a foreign address": (b"GET http://evil.example/nothing HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404}),
    "TRACE": (b"TRACE /v1/enroll HTTP/1.1\r\nHost: x\r\nX-Secret: canary\r\n\r\n", {405}),
    "a body that is said to be huge": (ENROLL + b"Content-Length: 99999999999\r\n\r\n{}", {413}),
}


def test_what_is_no_http_is_refused_and_the_server_goes_on(running: ServerProcess) -> None:
    port = int(running.url.rpartition(":")[2])

    async def send(data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(65_536), 5)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    for name, (data, expected) in RAW.items():
        answer = asyncio.run(send(data))
        assert answer.startswith(b"HTTP/1.1 "), (name, answer)
        assert int(answer[9:12]) in expected, (name, answer)
        assert b"canary" not in answer
        assert answer.count(b"HTTP/1.1 ") == 1, (name, "one request, one answer")
    with running.client() as client:
        apply(client, company())
    assert '"level": "error"' not in running.log.read_text()


def test_a_connection_that_is_cut_in_the_middle_harms_nobody(running: ServerProcess) -> None:
    port = int(running.url.rpartition(":")[2])
    head = f"POST /v1/orgs/acme/plans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.token}\r\n"
    whole = f"{head}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n".encode() + b"{" * 50_000
    for size in range(0, len(whole), 2_500):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(whole[: size + 1])
    with running.client() as client:
        apply(client, company())
    assert '"level": "error"' not in running.log.read_text()
