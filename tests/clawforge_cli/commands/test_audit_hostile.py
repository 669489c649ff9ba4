"""What agents write into the log, against whoever reads it: terminals, spreadsheets, line readers, broken exports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess, apply, company, server_process

PROGRAM = [sys.executable, "-m", "clawforge_cli", "audit"]
NASTY = "a\u2028event: end\u2028data: x\u0085b\x1b]0;pwn\x07\u009b2J\u202e\x7f\r\nid: 9999\n\nc"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("hostile") / "data") as running:
        with running.client() as client:
            apply(client, company())
            token = client.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
            agent = client.post("/v1/enroll", json={"token": token}).json()["credential"]
            event = {"at": "2026-11-20T10:00:00Z", "action": "tool:call", "outcome": "allow", "target": NASTY}
            events = [{"seq": seq, **event, "detail": {NASTY: NASTY}} for seq in (1, 2)]
            with running.client(agent) as instance:
                assert instance.post("/v1/agent/audit", json={"events": events}).json()["unreadable"] == []
        yield running


def environment(server: ServerProcess) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    about = {"CLAWFORGE_SERVER": server.url, "CLAWFORGE_TOKEN": server.token, "CLAWFORGE_ORG": "acme"}
    return clean | about | {"CI": "true", "NO_COLOR": "1"}


def start(server: ServerProcess, *arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment(server), cwd=server.data.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def run(server: ServerProcess, *arguments: str | Path) -> str:
    process = start(server, *arguments)
    out, problems = process.communicate(timeout=60)
    assert process.returncode == 0, problems
    return out.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("query",),
        ("query", "--format", "ndjson"),
        ("query", "--format", "json"),
        ("tail",),
        ("export", "--format", "ndjson"),
        ("export", "--format", "csv"),
        ("export", "--format", "cef"),
        ("export", "--format", "ocsf"),
    ],
    ids=" ".join,
)
def test_nothing_that_is_printed_acts_on_a_terminal(server: ServerProcess, arguments: tuple[str, ...]) -> None:
    text = run(server, *arguments)
    assert "pwn" in text
    acting = {character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")}
    assert acting <= {"\n", "\r"} if "csv" in arguments else acting <= {"\n"}


def test_tail_passes_a_record_that_holds_what_python_takes_for_line_ends(server: ServerProcess) -> None:
    process = start(server, "tail", "--follow", "--after", "0", "--format", "ndjson")
    assert process.stdout is not None
    try:
        found: list[dict[str, Any]] = []
        while sum(event["class"] == "call" for event in found) < 2:
            found.append(json.loads(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        process.communicate()
    assert [event["target"] for event in found if event["class"] == "call"] == [NASTY] * 2
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("seconds", [0.25, 0.4, 0.55, 0.7])
def test_an_export_that_was_killed_goes_on(server: ServerProcess, tmp_path: Path, seconds: float) -> None:
    out = tmp_path / "audit.ndjson"
    process = start(server, "export", "--out", out)
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    run(server, "export", "--out", out, "--resume")
    numbers = [json.loads(line)["seq"] for line in out.read_bytes().splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 6


def test_an_export_whose_first_page_never_came_can_be_resumed(server: ServerProcess, tmp_path: Path) -> None:
    from clawforge.errors import UnavailableError
    from clawforge.wire_audit import AuditPage
    from clawforge_cli.audit_client import AuditFilter, AuditLog
    from clawforge_cli.audit_export import export_log

    class Broken(AuditLog):
        def __init__(self) -> None:
            pass

        def page(self, *arguments: Any, **options: Any) -> AuditPage:
            raise UnavailableError("The server went away.", code="unreachable")

    out = tmp_path / "audit.csv"
    with pytest.raises(UnavailableError):
        export_log(Broken(), "acme", AuditFilter(), "csv", out=out)
    run(server, "export", "--format", "csv", "--out", out, "--resume")
    assert out.read_bytes().count(b"org,seq") == 1
