"""`make bench`: how long `plan --replay` takes, as whole processes, from a thousand recorded calls to a million.

A week of calls by 2,000 people under twenty policies, of which the change tightens five. How many *different* calls
there are matters more than how many there are: each is decided once. The time of the same plan without a replay is in
the first row, and in all others. MiB are those of the largest process. Nothing here is a test: machines differ.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import tempfile
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parent))
from measure import Run, program, run_once

_CLAWFORGE = program("clawforge")
_PEOPLE = 2_000
_TEAMS = 20
_TIGHTENED = 5
_START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
_WEEK = 7 * 86_400
_HASH = "sha256:" + "0123456789abcdef" * 4
_COMMANDS = (
    "git status",
    "git diff --stat HEAD~{}",
    "ls -la src/part{}",
    "pytest tests/test_{}.py",
    "cat logs/{}.txt",
    "npm run task{}",
    "curl https://host{}.example.com/",
    "make target{}",
    "rm -rf build/{}",
)


def main() -> None:
    """Measure and print."""
    most = int(os.environ.get("CALLS", "1000000"))
    with tempfile.TemporaryDirectory(prefix="clawforge-bench-") as scratch:
        root = Path(scratch)
        for name, tightened in (("before", 0), ("after", _TIGHTENED)):
            _write_project(root / name, tightened)
        _head("replay, growing: at most 10,000 calls differ")
        base = _replay(root, None)
        _show("the plan without a replay", base, base, 0)
        for calls in (1_000, 10_000, 100_000, 1_000_000):
            if calls <= most:
                _measure(root, f"{calls:,} calls", base, calls, min(calls // 5, 10_000))
        print()
        _head("replay of 100,000 calls, by how many differ")
        for different in (100, 1_000, 10_000, 100_000):
            _measure(root, f"{different:,} different calls", base, min(100_000, most), different)


def _head(title: str) -> None:
    print(f"{title:<56}{'seconds':>9}{'processor':>11}{'MiB':>6}{'us a call':>11}")


def _show(name: str, run: Run, base: Run, calls: int) -> None:
    each = f"{(run.seconds - base.seconds) / calls * 1e6:>11.1f}" if calls else ""
    print(f"{name:<56}{run.seconds:>9.2f}{run.processor:>11.2f}{run.mebibytes:>6.0f}{each}", flush=True)


def _measure(root: Path, name: str, base: Run, calls: int, different: int) -> None:
    path = root / "calls.ndjson"
    _write_calls(path, calls, different)
    _show(name, _replay(root, path), base, calls)
    path.unlink()


def _replay(root: Path, calls: Path | None) -> Run:
    plan = [_CLAWFORGE, "plan", root / "after", "--offline", "--against", root / "before"]
    return run_once(plan if calls is None else [*plan, "--replay", calls])


def _write_project(root: Path, tightened: int) -> None:
    root.mkdir()
    (root / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: bench\nsource: bench\n")
    documents = [_document("Organization", "bench", "  timezone: Europe/Berlin\n")]
    for number in range(_PEOPLE):
        documents.append(_document("User", f"user-{number}", f"  email: user-{number}@bench.example\n"))
    each = _PEOPLE // _TEAMS
    for team in range(_TEAMS):
        members = ", ".join(f"user-{number}" for number in range(team * each, (team + 1) * each))
        documents.append(_document("Group", f"team-{team}", f"  members:\n    users: [{members}]\n"))
        documents.append(_document("Policy", f"team-{team}", _policy(team, tight=team < tightened)))
    rules = "{id: keys, detector: aws-access-key, action: block}, {id: cards, detector: credit-card, action: redact}"
    documents.append(_document("DlpRuleSet", "secrets", f"  appliesTo: everyone\n  rules: [{rules}]\n"))
    (root / "all.yaml").write_text("---\n".join(documents))


def _policy(team: int, *, tight: bool) -> str:
    allowed = (
        ["git status", "ls **", "pytest **"] if tight else ["git **", "ls **", "pytest **", "npm run *", "make **"]
    )
    commands = "".join(f"      - {pattern}\n" for pattern in allowed)
    return (
        f"  appliesTo: {{groups: [team-{team}]}}\n"
        f"  tools:\n    deny: [browser, tool_{team}]\n    ask: [message]\n"
        f"  exec:\n    mode: allowlist\n    allow:\n{commands}"
        '  paths:\n    deny: [~/.ssh/**, "**/.env"]\n'
        "  network:\n    privateAddresses: deny\n"
    )


def _document(kind: str, name: str, spec: str) -> str:
    return f"apiVersion: clawforge/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{spec}"


def _write_calls(path: Path, calls: int, different: int) -> None:
    """Records as `audit export` writes them; a few calls are made again and again, most of them seldom."""
    rng = random.Random(7)
    pool = [_call(number, rng.random()) for number in range(different)]
    rare = [1 / (number + 1) ** 0.7 for number in range(different)]
    # Each is made at least once where there is room for that.
    drawn = list(range(different)) + rng.choices(range(different), rare, k=max(calls - different, 0))
    rng.shuffle(drawn)
    with path.open("wb") as stream:
        for number, which in enumerate(drawn[:calls]):
            tool, params = pool[which]
            user = rng.randrange(_PEOPLE)
            at = (_START + dt.timedelta(seconds=number * _WEEK // calls)).isoformat().replace("+00:00", "Z")
            record = {
                "org": "bench",
                "seq": number + 1,
                "at": at,
                "class": "call",
                "actor": f"instance:host-{user}",
                "action": "call:decide",
                "outcome": "allow",
                "target": tool,
                "payload": _HASH,
                "leaf": _HASH,
                "payloadState": "present",
                "detail": {
                    "sequence": number // _PEOPLE + 1,
                    "user": f"user-{user}",
                    "agent": "main",
                    "data": {"tool": tool, "params": params},
                },
                "address": "192.0.2.7",
                "claimed": at,
                "salt": "0123456789abcdef",
            }
            stream.write(orjson.dumps(record) + b"\n")


def _call(number: int, kind: float) -> tuple[str, dict[str, str]]:
    if kind < 0.4:
        return "exec", {"command": _COMMANDS[number % len(_COMMANDS)].format(number)}
    if kind < 0.6:
        return "read", {"path": f"src/part{number}/main.py"}
    if kind < 0.75:
        return "write", {"path": f"src/part{number}/out.py", "content": f"def part_{number}():\n    pass\n" * 5}
    if kind < 0.9:
        return "web_fetch", {"url": f"https://docs{number}.example.com/page/{number}"}
    return "message", {"to": f"channel-{number}", "text": f"Hello team, build {number} is done."}


if __name__ == "__main__":
    main()
