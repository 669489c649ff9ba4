"""How long `clawforge test` takes for 10,000 calls on a copy of the example; `python bench/policy_tests.py [COUNT]`."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = str(Path(sys.executable).parent / "clawforge")
_EXAMPLE = Path(__file__).parent.parent / "policies.example"
_RUNS = 5
_A_TEST = 500
_USERS = ("dana", "priya", "omar", "someone.new")
_CALLS = (
    ("exec", "{command: git status --short f%d}"),
    ("exec", '{command: "kubectl get pods -n x%d | cat"}'),
    ("read", "{path: $WORKSPACE/a%d.md}"),
    ("write", '{path: $WORKSPACE/b.md, content: "a line of text that holds nothing, number %d"}'),
    ("web_fetch", '{url: "https://docs.python.org/%d"}'),
    ("message", "{to: team, text: Done %d}"),
    ("mcp__jira__search", "{query: x%d}"),
)


def main() -> None:
    """Measure seconds of processor time, and print. About half of the cases fail, which costs more than passing."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(prefix="clawforge-bench-") as scratch:
        project = Path(scratch) / "project"
        shutil.copytree(_EXAMPLE, project)
        for start in range(0, count, _A_TEST):
            numbers = range(start, min(start + _A_TEST, count))
            (project / f"load-{start}.yaml").write_text(_policy_test(numbers), encoding="utf-8")
        for options in ([], ["--coverage"], ["--format", "junit"]):
            seconds = statistics.median(_run(project, options) for _ in range(_RUNS))
            name = " ".join([f"test {count:,} calls", *options])
            print(f"{name:<48}{seconds:>10.3f} s")


def _policy_test(numbers: range) -> str:
    lines = ["apiVersion: clawforge/v1", "kind: PolicyTest", f"metadata: {{name: load-{numbers.start}}}"]
    lines += ["spec:", "  cases:"]
    for number in numbers:
        tool, params = _CALLS[number % len(_CALLS)]
        lines += [
            f"    - name: call {number}",
            f"      subject: {{user: {_USERS[number % len(_USERS)]}}}",
            f"      call: {{tool: {tool}, params: {params % number}}}",
            "      expect: {effect: allow}",
        ]
    return "\n".join(lines) + "\n"


def _run(project: Path, options: list[str]) -> float:
    before = _used()
    done = subprocess.run([_PROGRAM, "test", str(project), *options], capture_output=True, check=False)
    if done.returncode not in {0, 3}:
        raise SystemExit(done.stderr.decode())
    return _used() - before


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
