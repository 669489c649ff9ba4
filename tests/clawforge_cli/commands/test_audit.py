"""`clawforge audit` against a real server: query, tail, export, verify, checkpoint, purge."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess, apply, company, server_process

PROGRAM = [sys.executable, "-m", "clawforge_cli", "audit"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("audit") / "data") as running:
        with running.client() as client:
            apply(client, company())
            apply(client, company(deny=["read"]))
            for name in ("=HYPERLINK(1)", "nobody"):
                client.post("/v1/orgs/acme/enrollments", json={"user": name})
        yield running


def environment(server: ServerProcess) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    return clean | {
        "CLAWFORGE_SERVER": server.url,
        "CLAWFORGE_TOKEN": server.token,
        "CLAWFORGE_ORG": "acme",
        "CI": "true",
        "NO_COLOR": "1",
    }


def run(server: ServerProcess, *arguments: str | Path, expect: int = 0, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=environment(server),
        cwd=cwd or server.data.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == expect, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout if expect != 1 else done.stderr


def ndjson(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_query_prints_the_newest_first_within_eighty_columns(server: ServerProcess) -> None:
    text = run(server, "query", "--limit", "5")
    assert max(map(len, text.splitlines())) <= 80
    numbers = [int(line.split()[0]) for line in text.splitlines() if line[:6].strip().isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    assert "refused" in text


def test_query_filters(server: ServerProcess) -> None:
    found = ndjson(run(server, "query", "--action", "plans:apply", "--since", "1h", "--format", "ndjson"))
    assert [event["action"] for event in found] == ["plans:apply"] * 2
    assert run(server, "query", "--actor", "user:nobody") == "No records fit.\n"
    document = json.loads(run(server, "query", "--outcome", "refused", "--format", "json"))
    assert {event["outcome"] for event in document["events"]} == {"refused"}


@pytest.mark.parametrize("value", ["yesterday", "2026-11-20", "5x", ""])
def test_a_wrong_moment_is_refused_with_an_example(server: ServerProcess, value: str) -> None:
    assert "--since: this is no moment" in run(server, "query", "--since", value, expect=1)


def test_tail_follows_and_resumes(server: ServerProcess) -> None:
    newest = ndjson(run(server, "tail", "-n", "1", "--format", "ndjson"))[0]["seq"]
    process = subprocess.Popen(
        [*PROGRAM, "tail", "-f", "-n", "1", "--format", "ndjson"],
        env=environment(server),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == newest
        time.sleep(0.5)
        with server.client() as client:
            client.post("/v1/orgs/acme/enrollments", json={"user": "somebody-else"})
        assert json.loads(process.stdout.readline())["seq"] == newest + 1
    finally:
        process.kill()
        process.communicate()
    again = ndjson(run(server, "tail", "--after", str(newest), "--format", "ndjson"))
    assert [event["seq"] for event in again] == [newest + 1]


def test_an_export_goes_on_where_it_ended(server: ServerProcess, tmp_path: Path) -> None:
    out = tmp_path / "audit.ndjson"
    run(server, "export", "--out", out)
    first = out.read_bytes()
    # A crash left half a line behind; the mark beside the file knows how far it was good.
    out.write_bytes(first + b'{"seq": 99, "half')
    with server.client() as client:
        client.post("/v1/orgs/acme/enrollments", json={"user": "third"})
    run(server, "export", "--out", out, "--resume")
    events = ndjson(out.read_text())
    assert out.read_bytes().startswith(first)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert "exists already" in run(server, "export", "--out", out, expect=1)
    assert "other options" in run(server, "export", "--out", out, "--resume", "--actor", "owner", expect=1)


def test_csv_holds_no_formula(server: ServerProcess) -> None:
    from clawforge.ledger.record import AuditEvent
    from clawforge_cli.views.audit_formats import Csv

    rows = list(csv.DictReader(io.StringIO(run(server, "export", "--format", "csv"), newline="")))
    assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))
    event = AuditEvent.model_validate_json(
        json.dumps(
            {
                "seq": 1,
                "at": "2026-11-20T12:00:00Z",
                "class": "call",
                "actor": '=cmd|" /C calc"!A0',
                "action": "+1",
                "outcome": "@x",
                "target": "\t=1",
                "payload": "sha256:" + "0" * 64,
                "leaf": "sha256:" + "0" * 64,
                "credential": "-2+3",
                "request": 'quote " and, comma\r\nline',
            }
        )
    )
    cells = next(csv.reader(io.StringIO(Csv("acme").record(event).decode(), newline="")))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert cells[4] == '\'=cmd|" /C calc"!A0'
    # A record is a line, whoever reads it.
    assert 'quote " and, comma\\u000d\\u000aline' in cells


def test_cef_and_ocsf_have_their_shape(server: ServerProcess) -> None:
    lines = run(server, "export", "--format", "cef").splitlines()
    assert all(line.startswith("CEF:0|clawforge|clawforge|") and line.count("|") >= 7 for line in lines)
    for event in ndjson(run(server, "export", "--format", "ocsf")):
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert {"actor", "api", "metadata", "severity_id", "src_endpoint", "time"} <= set(event)


def test_cef_escapes_what_has_a_meaning() -> None:
    from clawforge.ledger.record import AuditEvent
    from clawforge_cli.views.audit_formats import Cef

    event = AuditEvent.model_validate_json(
        json.dumps(
            {
                "seq": 1,
                "at": "2026-11-20T12:00:00Z",
                "class": "call",
                "actor": "a=b|c\\d\nCEF:0|forged",
                "action": "x|y\\z",
                "outcome": "done",
                "payload": "sha256:" + "0" * 64,
                "leaf": "sha256:" + "0" * 64,
            }
        )
    )
    text = Cef("acme").record(event).decode()
    assert text.count("\n") == 1
    assert "|x\\|y\\\\z|" in text
    assert "suser=a\\=b|c\\\\d\\nCEF:0|forged " in text


def test_verify_and_the_checkpoint_that_was_kept(server: ServerProcess, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoint.json"
    run(server, "checkpoint", "--out", kept)
    assert "The log is whole." in run(server, "verify", "--checkpoint", kept)
    document = json.loads(run(server, "verify", "--format", "json"))
    assert (document["verified"], document["rootKeyPinned"], document["findings"]) == (True, False, [])
    key = document["rootKey"]
    assert json.loads(run(server, "verify", "--root-key", key, "--format", "json"))["rootKeyPinned"]
    other = json.loads(kept.read_text())
    other["rootKey"] = "A" * 43 + "="
    kept.write_text(json.dumps(other))
    run(server, "verify", "--checkpoint", kept, expect=1)
    kept.write_text("{}")
    assert "is no checkpoint" in run(server, "verify", "--checkpoint", kept, expect=1)


def test_purge_asks_first(server: ServerProcess) -> None:
    run(server, "purge", "--reason", "test", expect=1)
    assert "Nothing was old enough." in run(server, "purge", "--reason", "test", "--auto-approve")
    assert "--older-than" in run(server, "purge", "--reason", "x", "--older-than", "5 days", "--auto-approve", expect=1)


def test_verify_ends_with_three_and_names_the_record(tmp_path: Path) -> None:
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            apply(client, company())
        server.stop()
        with sqlite3.connect(server.data / "clawforge.db") as connection:
            connection.execute("UPDATE audit_leaves SET actor = 'user:eve' WHERE org = 'acme' AND seq = 2")
        connection.close()
    with server_process(tmp_path / "data") as server:
        text = run(server, "verify", expect=3)
        assert "The log was changed. First at record 2." in text
        assert "record-edited" in text
