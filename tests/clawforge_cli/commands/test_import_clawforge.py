"""`clawforge import --from-clawforge` as a person types it: from a server that answers as recorded, and from a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from public_server import ORG, RECORDED, TOKEN, path_of, public_server, recorded, send

from clawforge.errors import UnavailableError
from clawforge_cli.public_server import fetch_export


def run(*arguments: str | Path, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "clawforge_cli", "import", *map(str, arguments)],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


FILES = [
    "access/bindings.yaml",
    "clawforge.yaml",
    "organization.yaml",
    "people/users.yaml",
    "policies/default.yaml",
    "skills/approvals.yaml",
]


def test_a_file_becomes_a_project_with_a_report(tmp_path: Path) -> None:
    out = tmp_path / "p"
    done = run("--from-clawforge", RECORDED, "--out", out, "--org", "acme")
    assert files(out) == FILES
    assert "Wrote the org acme to" in done.stdout
    assert "Not carried over:\n  policy.toolsConfig.profile: 'restricted' is no profile here." in done.stdout
    lint = subprocess.run([sys.executable, "-m", "clawforge_cli", "lint", str(out)], check=False, capture_output=True)
    assert lint.returncode == 0
    run("--from-clawforge", RECORDED, "--out", out, status=1)
    again = run("--from-clawforge", RECORDED, "--out", out, "--org", "acme", "--force", "--format", "json")
    document = json.loads(again.stdout)
    assert document["org"] == "acme"
    assert ("todo", "heartbeat") in {(item["fate"], item["where"]) for item in document["remarks"]}


def test_a_server_is_asked_for_everything_and_only_with_the_token(tmp_path: Path) -> None:
    keys = {"apiKeys": [{"name": "ci", "role": "viewer", "keyPrefix": "cf_live_RDhEx6e-"}]}
    tokens = {"tokens": [{"id": "1", "token": "enrolment-secret", "label": "lab"}]}
    with public_server({**recorded(), "apiKeys": keys, "enrollmentTokens": tokens}) as server:
        secret = tmp_path / "token"
        secret.write_text(TOKEN + "\n")
        done = run(
            "--from-clawforge", server.url, "--from-org", ORG, "--out", tmp_path / "p",
            CLAWFORGE_IMPORT_TOKEN_FILE=str(secret),
        )  # fmt: skip
        assert {given for _, given in server.asked} == {f"Bearer {TOKEN}"}
        assert all(path.startswith("/api/v1/") for path, _ in server.asked)
    assert files(tmp_path / "p") == sorted([*FILES, "access/service-accounts.yaml"])
    assert "1 enrolment token cannot be used here" in done.stdout
    written = "".join(path.read_text() for path in (tmp_path / "p").rglob("*.yaml"))
    assert "enrolment-secret" not in written + done.stdout
    assert "cf_live" not in written + done.stdout


@pytest.mark.parametrize(
    ("arguments", "variables", "told"),
    [
        (["URL", "--from-org", ORG], {}, "No token for that server"),
        (["URL"], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "--from-org"),
        (["URL", "--from-org", "../x"], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "--from-org"),
        (["URL", "--from-org", "nobody"], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "Is the id of the org right?"),
        (["URL", "--from-org", ORG], {"CLAWFORGE_IMPORT_TOKEN": "other"}, "does not accept the token"),
        (["http://public.example", "--from-org", ORG], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "plain HTTP"),
        (["http://127.0.0.1:9", "--from-org", ORG], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "cannot be reached"),
        (["missing.json"], {}, "is no file"),
        (["https://u:p@public.example", "--from-org", ORG], {"CLAWFORGE_IMPORT_TOKEN": TOKEN}, "not the address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], told: str
) -> None:
    with public_server(recorded()) as server:
        given = [server.url if word == "URL" else word for word in arguments]
        done = run("--from-clawforge", *given, "--out", tmp_path / "p", status=1, **variables)
    assert told in done.stderr
    assert not (tmp_path / "p").exists()


def answer(status: int, body: bytes, **headers: str) -> Any:
    return lambda handler: send(handler, status, body, **headers)


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"users": [')


def large(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" " * 1024 * 1024)


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (answer(302, b"", Location="http://127.0.0.1:9/steal"), "answered 302"),
        (answer(500, b"secret of the server"), "answered 500"),
        (answer(429, b"{}"), "answered 429"),
        (answer(403, b"{}"), "may not read"),
        (answer(200, b"<html>"), "no JSON"),
        (answer(200, b'{"users": 7}'), "users"),
        (answer(200, b"\x1f\x8b", Content_Encoding="gzip"), "packed"),
        (cut, "cannot be reached"),
        (large, "larger than"),
    ],
)
def test_odd_answers_are_told_and_nothing_is_written(tmp_path: Path, odd: Any, told: str) -> None:
    with public_server(recorded()) as server:
        server.odd[path_of("users")] = odd
        done = run(
            "--from-clawforge", server.url, "--from-org", ORG, "--out", tmp_path / "p", status=1,
            CLAWFORGE_IMPORT_TOKEN=TOKEN,
        )  # fmt: skip
    assert told in done.stderr
    assert "secret of the server" not in done.stderr
    assert not (tmp_path / "p").exists()


def test_a_server_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    monkeypatch.setenv("CLAWFORGE_IMPORT_TOKEN", TOKEN)
    with public_server(recorded()) as server:
        server.odd[path_of("organization")] = drip
        with pytest.raises(UnavailableError, match="in time"):
            fetch_export(server.url, ORG, seconds=0.3)


def test_what_a_token_may_not_see_is_told(tmp_path: Path) -> None:
    with public_server(recorded()) as server:
        server.odd[path_of("apiKeys")] = answer(403, b'{"error":"Forbidden"}')
        done = run(
            "--from-clawforge", server.url, "--from-org", ORG, "--out", tmp_path / "p", CLAWFORGE_IMPORT_TOKEN=TOKEN
        )
    assert "apiKeys: It was not there, or not shown to this token" in done.stdout
