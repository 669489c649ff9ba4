"""`clawforge plan --replay` through the installed program: recorded calls, decided by what would be applied."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from programs import Program, Server, running_server

from clawforge.schema import schemas

ROOT = Path(__file__).resolve().parents[3]
AT = "2026-03-20T10:00:00Z"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    shutil.copytree(ROOT / "policies.example", tmp_path / "old")
    shutil.copytree(ROOT / "policies.example", tmp_path / "new")
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


@pytest.fixture
def stricter(program: Program) -> Program:
    """Where engineers may not run npm any more."""
    path = program.cwd / "new" / "policies" / "engineering.yaml"
    text = path.read_text()
    assert "      - npm test\n" in text
    path.write_text(text.replace("      - npm test\n", ""))
    return program


def call(user: str, command: str | None, **more: Any) -> dict[str, Any]:
    params = {} if command is None else {"params": {"command": command}}
    return {"user": user, "tool": "exec", "at": AT, **params, **more}


CALLS = (
    call("dana", "npm test", effect="allow"),
    call("dana", "npm test"),
    call("jonas", "npm test"),
    call("jonas", "git status"),
    call("jonas", None),
    call("luis", None),
)


def write(program: Program, calls: Sequence[dict[str, Any] | bytes], name: str = "calls.ndjson") -> str:
    lines = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in calls]
    (program.cwd / name).write_bytes(b"\n".join(lines) + b"\n")
    return name


def replayed(program: Program, *arguments: str, expect: int = 0) -> Any:
    document = program.json("plan", "new", *arguments, expect=expect)
    jsonschema.Draft202012Validator(schemas()["plan.schema.json"]).validate(document)
    return document["replay"]


def test_it_says_what_the_change_would_have_blocked(stricter: Program) -> None:
    file = write(stricter, CALLS)
    found = replayed(stricter, "--offline", "--against", "old", "--replay", file)
    assert found["compared"]
    assert {key: found[key] for key in ("calls", "replayed", "unrecorded", "unaffected")} == {
        "calls": 6,
        "replayed": 5,
        "unrecorded": 1,
        "unaffected": 0,
    }
    assert found["blocked"] == {"calls": 3, "people": 2, "names": ["dana", "jonas"]}
    assert found["transitions"] == [
        {"before": "deny", "after": "deny", "calls": 1},
        {"before": "allow", "after": "deny", "calls": 3},
        {"before": "allow", "after": "allow", "calls": 1},
    ]
    assert found["recorded"] == [{"recorded": "allow", "after": "deny", "calls": 1}]
    (reason,) = found["reasons"]
    assert (reason["code"], reason["resource"], reason["calls"]) == ("exec-not-allowed", "Policy/engineering", 3)
    assert reason["position"]["file"] == "policies/engineering.yaml"
    assert [sample["line"] for sample in found["samples"]] == [1, 2]
    assert found["gate"] is None


def test_people_read_it_beside_the_plan(stricter: Program) -> None:
    file = write(stricter, CALLS)
    text = stricter.run("plan", "new", "--offline", "--against", "old", "--replay", file)
    assert "Replay of calls.ndjson: 6 calls, 2026-03-20T10:00:00Z to 2026-03-20T10:00:00Z.\n" in text
    assert "  would block 3 of 6 calls, of 2 people: dana, jonas\n" in text
    assert "  1 call cannot be replayed (arguments not recorded)\n" in text
    assert "    line 1, 2026-03-20T10:00:00Z, dana: exec npm test\n" in text


def test_with_no_state_before_it_says_what_would_be_denied(stricter: Program) -> None:
    file = write(stricter, CALLS)
    found = replayed(stricter, "--offline", "--replay", file)
    assert not found["compared"]
    assert found["blocked"]["calls"] == 4
    assert found["transitions"][0]["before"] is None
    assert "4 of 6 calls are denied" in stricter.run("plan", "new", "--offline", "--replay", file)


def test_a_plan_without_a_replay_has_no_such_member(program: Program) -> None:
    assert "replay" not in program.json("plan", "new", "--offline")


def test_unchanged_policies_turn_nothing_even_where_arguments_are_unknown(program: Program) -> None:
    file = write(program, CALLS)
    found = replayed(program, "--offline", "--against", "old", "--replay", file)
    assert (found["blocked"]["calls"], found["unaffected"], found["unrecorded"]) == (0, 1, 0)
    assert "No changes." in program.run("plan", "new", "--offline", "--against", "old", "--replay", file)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (["--replay-max-blocked", "3"], 0),
        (["--replay-max-blocked", "2"], 3),
        (["--replay-max-blocked", "60%"], 0),
        (["--replay-max-blocked", "59.9%"], 3),
        (["--replay-max-people", "2"], 0),
        (["--replay-max-people", "1"], 3),
        (["--replay-max-blocked", "3", "--replay-max-people", "1"], 3),
    ],
)
def test_limits_make_the_exit_code(stricter: Program, limits: list[str], code: int) -> None:
    # Only the limits: that a test of the policies fails is another reason for the code.
    (stricter.cwd / "new" / "tests" / "engineering.yaml").unlink()
    found = replayed(
        stricter, "--offline", "--against", "old", "--replay", write(stricter, CALLS), *limits, expect=code
    )
    assert bool(found["gate"]["exceeded"]) is (code == 3)


def test_limits_are_not_kept_by_a_replay_of_nothing(program: Program) -> None:
    file = write(program, [b"{", call("dana", None)])
    found = replayed(program, "--offline", "--replay", file, "--replay-max-blocked", "100%", expect=3)
    assert found["gate"]["exceeded"] == ["No call could be replayed, so nothing shows how many would be blocked."]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--offline", "--replay", "7d"], "A period is read from the control plane's log"),
        (["--offline", "--replay", "missing"], "cannot be read from missing: No such file or directory"),
        (["--offline", "--replay", "new"], "cannot be read from new: Is a directory"),
        (["--offline", "--replay", "99999d"], "is no period"),
        (["--offline", "--replay-max-people", "1"], "need a replay"),
        (["--offline", "--replay", "-", "--replay-max-blocked", "few"], "'few' is no number of calls"),
        (["--offline", "--replay", "-", "--replay-max-blocked", "-1"], "'-1' is no number of calls"),
    ],
)
def test_what_cannot_be_replayed_is_wrong_usage(program: Program, arguments: list[str], said: str) -> None:
    done = program.finish("plan", "new", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_calls_come_through_a_pipe(stricter: Program) -> None:
    """Also a named one, which can be read once only."""
    text = b"".join(json.dumps(item).encode() + b"\n" for item in CALLS)
    arguments = [str(stricter.path), "plan", "new", "--offline", "--against", "old", "--format", "json", "--replay"]
    through = subprocess.run(
        [*arguments, "-"],
        input=text,
        cwd=stricter.cwd,
        env=dict(stricter.environment),
        capture_output=True,
        check=False,
    )
    assert json.loads(through.stdout)["replay"]["blocked"]["calls"] == 3
    os.mkfifo(stricter.cwd / "pipe")
    with subprocess.Popen(
        [*arguments, "pipe"],
        cwd=stricter.cwd,
        env=dict(stricter.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        (stricter.cwd / "pipe").write_bytes(text)
        assert running.stdout is not None
        assert json.loads(running.stdout.read())["replay"]["blocked"]["calls"] == 3


BROKEN = ROOT / "tests" / "fixtures" / "replay" / "broken.ndjson"


def test_every_broken_line_is_counted_under_its_name(program: Program) -> None:
    found = replayed(program, "--offline", "--replay", str(BROKEN))
    assert {item["code"]: (item["count"], item["lines"]) for item in found["skipped"]} == {
        "broken-line": (3, [1, 2, 3]),
        "not-utf-8": (1, [4]),
        "duplicate-key": (2, [5, 6]),
        "not-an-object": (1, [7]),
        "not-a-call": (1, [8]),
        "content-purged": (1, [9]),
        "other-org": (2, [10, 11]),
        "missing-user": (1, [12]),
        "missing-tool": (1, [13]),
        "missing-time": (1, [14]),
        "unusable-field": (2, [15, 16]),
        "unusable-time": (2, [17, 18]),
        "future-time": (1, [19]),
    }
    assert {item["code"]: item["lines"] for item in found["doubts"]} == {
        "unknown-tool": [20],
        "unknown-enrolment": [21],
    }
    assert (found["calls"], found["replayed"]) == (3, 3)
    lines = len(BROKEN.read_bytes().splitlines())
    assert sum(item["count"] for item in found["skipped"]) + found["calls"] == lines


def test_a_line_without_an_end_is_not_held_in_memory(program: Program) -> None:
    path = program.cwd / "huge.ndjson"
    with path.open("wb") as stream:
        stream.write(b'{"user":"')
        for _ in range(48):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b"\n" + json.dumps(CALLS[0]).encode())
    found = replayed(program, "--offline", "--replay", "huge.ndjson")
    assert [(item["code"], item["lines"]) for item in found["skipped"]] == [("line-too-long", [1])]
    assert found["calls"] == 1


def test_what_calls_hold_acts_on_no_terminal_and_no_log(program: Program) -> None:
    hostile = "\x1b[31m\u202e::error::x"
    calls = [
        {"user": hostile, "tool": hostile, "at": AT, "params": {hostile: 1}},
        {"user": hostile, "tool": "exec", "at": AT, "params": {"command": f"{hostile} {hostile}"}},
        {"user": hostile, "tool": "read", "at": AT, "params": {"path": f"/{hostile}\n::warning::y"}},
    ]
    name = "calls\x1b[31m.ndjson"
    text = program.run("plan", "new", "--offline", "--replay", write(program, calls, name))
    assert "Replay of calls\\u{001b}[31m.ndjson: 3 calls" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    document = program.finish("plan", "new", "--offline", "--replay", name, "--format", "json").stdout
    assert "\x1b" not in document


def test_several_processes_count_what_one_counts(stricter: Program) -> None:
    """A file that is large enough for them; small ones are not."""
    calls = [*CALLS, call("viktor", "make check"), call("x@acme.example", "rm -rf /", pad="y" * 4_000), b"{"]
    small, large = write(stricter, calls * 5), write(stricter, calls * 5_000, "large.ndjson")
    assert (stricter.cwd / large).stat().st_size > 16 * 1024 * 1024
    one, many = (replayed(stricter, "--offline", "--against", "old", "--replay", name) for name in (small, large))
    for counted in (one, many):
        counted.pop("source")
    assert many == json.loads(json.dumps(one), object_hook=lambda found: _times(found, 1_000))


def _times(found: dict[str, Any], factor: int) -> dict[str, Any]:
    counts = {"calls", "replayed", "unrecorded", "unaffected", "count"}
    return {key: value * factor if key in counts and isinstance(value, int) else value for key, value in found.items()}


def enrolled(server: Server, user: str, groups: Sequence[str] = ()) -> str:
    """The credential of a new instance."""
    with httpx.Client(base_url=server.url) as client:
        minted = client.post(
            "/v1/orgs/acme/enrollments",
            json={"user": user, "groups": list(groups)},
            headers={"Authorization": f"Bearer {server.token}"},
        )
        answer = client.post("/v1/enroll", json={"token": minted.raise_for_status().json()["token"]})
        credential: str = answer.raise_for_status().json()["credential"]
    return credential


def report(server: Server, credential: str, events: Sequence[dict[str, Any]]) -> None:
    body = {
        "events": [
            {"seq": seq, "at": AT, "action": "call:decide", "outcome": "allow", "target": "exec", "detail": detail}
            for seq, detail in enumerate(events, start=1)
        ]
    }
    answer = httpx.post(
        f"{server.url}/v1/agent/audit", json=body, headers={"Authorization": f"Bearer {credential}"}
    ).raise_for_status()
    assert answer.json()["unreadable"] == []


@pytest.fixture
def online(stricter: Program) -> Any:
    with running_server(stricter, stricter.cwd / "data") as server:
        program = stricter.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        program.run("apply", "old", "--auto-approve")
        ran = [{"tool": "exec", "params": {"command": "npm test"}}, {"tool": "exec"}]
        report(server, enrolled(server, "dana"), ran)
        # Only what this machine was given at enrolment makes him an engineer.
        report(server, enrolled(server, "omar", ["engineering"]), ran[:1])
        (stricter.cwd / "new" / "tests" / "engineering.yaml").unlink()
        yield program


def test_the_last_days_of_the_log_and_their_export_say_the_same(online: Program) -> None:
    document = online.json("plan", "new", "--replay", "7d")
    found = document["replay"]
    assert (found["source"], found["calls"], found["replayed"], found["unrecorded"]) == (
        "the last 7d of the audit log",
        3,
        2,
        1,
    )
    assert found["blocked"] == {"calls": 2, "people": 2, "names": ["dana", "omar"]}
    assert found["recorded"] == [{"recorded": "allow", "after": "deny", "calls": 2}]
    online.run("audit", "export", "--out", "all.ndjson", "--project", "new")
    exported = online.json("plan", "new", "--replay", "all.ndjson")["replay"]
    assert {item["code"] for item in exported["skipped"]} == {"not-a-call"}
    for key in ("calls", "replayed", "unrecorded", "blocked", "reasons", "recorded", "doubts"):
        assert exported[key] == found[key], key


def test_reviewers_and_who_applies_see_it(online: Program) -> None:
    done = online.finish("plan", "new", "--replay", "7d", "--replay-max-blocked", "1", "--out", "plan.json")
    assert done.returncode == 3
    assert "Too much: 2 calls would be blocked, more than 1." in done.stdout
    saved = json.loads((online.cwd / "plan.json").read_text())
    assert saved["replay"]["gate"] == {
        "maxBlocked": "1",
        "maxPeople": None,
        "exceeded": ["2 calls would be blocked, more than 1."],
    }
    reviewed = online.finish("approve", saved["id"], "--org", "acme")
    assert "would block 2 of 3 calls, of 2 people: dana, omar" in reviewed.stdout
    applied = online.run("apply", "plan.json", "--auto-approve")
    assert "would block 2 of 3 calls" in applied
    assert "Org acme is at revision 2." in applied


def test_the_state_that_was_compared_is_the_one_that_the_plan_is_made_against(online: Program) -> None:
    document = online.json("plan", "old", "--replay", "7d")
    assert document["replay"]["unaffected"] == 1
    assert document["base"]["revision"] == 1
    assert document["changes"] == []


def test_an_org_that_is_not_there_yet_has_no_state_before(stricter: Program) -> None:
    with running_server(stricter, stricter.cwd / "data") as server:
        program = stricter.with_environment(CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token)
        found = program.json("plan", "old", "--replay", write(program, CALLS))["replay"]
        assert not found["compared"]
        assert found["replayed"] == 5
