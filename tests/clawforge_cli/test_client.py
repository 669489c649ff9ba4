"""Problem documents come back as the library's errors, and whatever else answers is not trusted."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest

from clawforge.errors import (
    ClawforgeError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    StalePlanError,
    UnauthenticatedError,
    UnavailableError,
)
from clawforge.load.project_file import ProjectFile
from clawforge.secret import Secret
from clawforge.wire import PlanRequest, Problem
from clawforge_cli.client import ControlPlane, RefusedError, problem_error
from clawforge_cli.exit_codes import ExitCode, exit_code_for
from clawforge_cli.manifest import Manifest
from clawforge_cli.settings import Connection, checked_server


def document(status: int, code: str) -> bytes:
    problem = Problem(title="t", status=status, code=code, detail="what happened", hint="what to do")
    return orjson.dumps(problem.model_dump(mode="json", by_alias=True))


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    [
        (401, "unauthenticated", UnauthenticatedError, 1),
        (403, "forbidden", ForbiddenError, 1),
        (403, "wrong-org", ForbiddenError, 1),
        (404, "unknown-org", NotFoundError, 1),
        (409, "stale-plan", StalePlanError, 4),
        (409, "plan-edited", ConflictError, 4),
        (428, "if-match-required", ConflictError, 4),
        (422, "lint-errors", RefusedError, 3),
        (422, "tests-failed", RefusedError, 3),
        (400, "malformed-json", RefusedError, 1),
        (429, "too-many-requests", UnavailableError, 1),
        (500, "internal", UnavailableError, 1),
    ],
)
def test_status_and_code_decide_error_and_exit_code(
    status: int, code: str, kind: type[ClawforgeError], exit_code: int
) -> None:
    error = problem_error(status, document(status, code))
    assert type(error) is kind
    assert (error.message, error.hint, error.code) == ("what happened", "what to do", code)
    assert exit_code_for(error) == exit_code


@pytest.mark.parametrize("content", [b"", b"<html>proxy</html>", b"{}", b"[]", b"\xff"])
def test_an_answer_that_is_no_problem_document_is_named_as_such(content: bytes) -> None:
    error = problem_error(403, content)
    assert isinstance(error, UnavailableError)
    assert exit_code_for(error) is ExitCode.ERROR


PROJECT = ProjectFile(api_version="clawforge/v1", kind="Project", org="acme", source="s")
NOTHING = Manifest.joined(Path(), PROJECT, (), ())


def control_plane(answer: httpx.Response) -> ControlPlane:
    transport = httpx.MockTransport(lambda request: answer)
    return ControlPlane(Connection("http://127.0.0.1:1", Secret("token")), transport=transport)


@pytest.mark.parametrize("content", [b"{}", b"<html></html>", b'{"formatVersion":"9.9"}'])
def test_a_success_that_is_no_plan_is_refused(content: bytes) -> None:
    with pytest.raises(UnavailableError, match="does not understand"):
        control_plane(httpx.Response(200, content=content)).create_plan(NOTHING, PlanRequest(source="s", resources=()))


def test_nobody_listening_is_one_clear_sentence() -> None:
    plane = ControlPlane(Connection("http://127.0.0.1:1", Secret("token")))
    with pytest.raises(UnavailableError, match="cannot be reached"):
        plane.revisions("acme")


@pytest.mark.parametrize(
    "url", ["http://clawforge.example", "ftp://x", "x", "https://u:p@x", "https://x/?q=1", "http://"]
)
def test_addresses_that_would_leak_the_token_or_make_no_sense(url: str) -> None:
    with pytest.raises(InputError):
        checked_server(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8733", "http://[::1]:1", "http://localhost:1/", "https://cf.example/"]
)
def test_addresses_that_are_fine(url: str) -> None:
    assert checked_server(url) == url.rstrip("/")


def test_a_secret_does_not_print() -> None:
    secret = Secret("cf_owner_abc")
    assert "abc" not in f"{secret} {secret!r} {secret:>40} {[secret]}"
    assert secret.reveal() == "cf_owner_abc"
    assert secret == Secret("cf_owner_abc")
