"""`clawforge test` through the installed program: what failures say, in every form, and what no case tries."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from programs import Program

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
POLICIES = """\
apiVersion: clawforge/v1
kind: User
metadata: {name: ada}
spec: {email: ada@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec:
  appliesTo: everyone
  tools:
    allow: [exec, read, web_fetch, write]
    deny: [web_search]
  exec:
    mode: allowlist
    allow: [git status **, ls]
  network:
    allow: ["*.acme.example"]
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: bobs}
spec:
  appliesTo: {users: [bob]}
  tools: {allow: [canvas, read, sesions_list]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-keys}
spec:
  mode: guardrail
  appliesTo: everyone
  tools: {deny: [write]}
  paths: {deny: [~/.ssh/**]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: trial}
spec:
  mode: overlay
  enforcement: observe
  appliesTo: {users: [ada]}
  tools: {deny: [web_fetch]}
---
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: leaks}
spec:
  appliesTo: everyone
  rules:
    - {id: card, detector: credit-card, action: redact}
    - {id: key, detector: private-key, action: block}
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    (tmp_path / "policies.yaml").write_text(POLICIES)
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def case(name: str, effect: str, *, tool: Any = "read", user: Any = "ada", params: Any = None, **expect: Any) -> Any:
    call = {"tool": tool, "params": {"path": "$WORKSPACE/a"} if params is None else params}
    return {"name": name, "subject": {"user": user}, "call": call, "expect": {"effect": effect, **expect}}


def write(program: Program, *cases: Any) -> None:
    body = {"apiVersion": "clawforge/v1", "kind": "PolicyTest", "metadata": {"name": "t"}, "spec": {"cases": cases}}
    (program.cwd / "tests.yaml").write_text(json.dumps(body))


def only(program: Program, one: Any) -> Any:
    """The document of the only case, which fails."""
    write(program, one)
    (document,) = program.json("test", expect=3)["cases"]
    return document


def test_a_failure_says_expected_got_who_decided_and_what_came_near(program: Program) -> None:
    write(program, case("writing", "allow", tool="write", params={"path": "$WORKSPACE/a"}), case("reading", "allow"))
    assert program.run("test", expect=3) == (
        "tests.yaml:1:100: failed: PolicyTest/t 'writing'\n"
        "  expected: allow\n"
        "  got:      deny\n"
        "  decided:  tool-denied: The tool write is denied by the pattern write. [Policy/no-keys] policies.yaml:38\n"
        "  nearest:  `write` in tools.allow of Policy/default permits this, but what refuses wins over it. "
        "policies.yaml:17:36\n"
        "1 passed, 1 failed.\n"
    )


NEAREST = {
    "a deny that another entry would have permitted": (
        case("x", "allow", tool="write", params={"path": "$WORKSPACE/a"}),
        ("Policy/default", "/spec/tools/allow/3"),
    ),
    "the spelling of an allowed command": (
        case("x", "allow", tool="exec", params={"command": "git status; git stat --short"}),
        ("Policy/default", "/spec/exec/allow/0"),
    ),
    "the spelling of an allowed tool": (
        case("x", "allow", tool="web_fetch_all"),
        ("Policy/default", "/spec/tools/allow/2"),
    ),
    "the spelling of an allowed host": (
        case("x", "allow", tool="web_fetch", params={"url": "https://docs.acne.example/"}, user="carol"),
        ("Policy/default", "/spec/network/allow/0"),
    ),
    "a tool that does not exist": (
        case("x", "allow", tool="raed"),
        ("PolicyTest/t", "/spec/cases/0/call/tool"),
    ),
    "a tool that does not exist, whatever was refused": (
        case("x", "ask", tool="wrte", params={"path": "~/.ssh/x"}),
        ("PolicyTest/t", "/spec/cases/0/call/tool"),
    ),
    "not a tool that is merely spelt alike, but the base that a more specific one replaces": (
        case("x", "allow", tool="web_fetch", params={"url": "https://docs.acme.example/"}, user="bob"),
        ("Policy/default", "/spec/tools/allow/2"),
    ),
    "the tool, where what it is called with is refused": (
        case("x", "allow", params={"path": "~/.ssh/id"}),
        ("Policy/default", "/spec/tools/allow/1"),
    ),
    "a pattern that names no tool": (
        case("x", "allow", tool="sessions_list", user="bob"),
        ("Policy/bobs", "/spec/tools/allow/2"),
    ),
    "the list of somebody else": (case("x", "allow", tool="canvas"), ("Policy/bobs", "/spec/tools/allow/0")),
    "a policy on trial": (
        case("x", "deny", tool="web_fetch", params={"url": "https://docs.acme.example/"}),
        ("Policy/trial", None),
    ),
    "the spelling of a denied path": (
        case("x", "deny", params={"path": "~/.sshd/id"}),
        ("Policy/no-keys", "/spec/paths/deny/0"),
    ),
}


@pytest.mark.parametrize("what", NEAREST)
def test_the_nearest_rule_is(program: Program, what: str) -> None:
    one, (address, pointer) = NEAREST[what]
    nearest = only(program, one)["nearest"]
    assert (nearest["resource"], nearest["pointer"]) == (address, pointer), nearest


def test_nothing_comes_near(program: Program) -> None:
    assert "nearest" not in only(program, case("x", "allow", tool="zzzzzzzzzz"))


def test_an_unknown_tool_is_said_to_be_one(program: Program) -> None:
    write(program, case("x", "allow", tool="raed"))
    text = program.run("test", expect=3)
    assert "  nearest:  Unknown tool `raed`: did you mean `read`? [PolicyTest/t] tests.yaml:1:" in text
    # A plugin may bring what a policy names.
    bobs = (program.cwd / "policies.yaml").read_text()
    (program.cwd / "policies.yaml").write_text(bobs.replace("canvas, read,", "canvas, raed, read,"))
    assert "Unknown tool" not in program.run("test", expect=3)


def test_what_is_odd_about_cases_is_noted_beside_the_result(program: Program) -> None:
    write(program, case("same", "deny", tool="web_serch"), case("same", "allow"), case("other", "allow"))
    for form in ("text", "json", "junit", "github"):
        done = program.finish("test", "--format", form)
        assert done.returncode == 0
        first, second = done.stderr.splitlines()
        assert first.endswith(": note: there is no tool `web_serch`: did you mean `web_search`?")
        assert second.endswith(": note: another case of PolicyTest/t has the name 'same' too")
        assert first.startswith("tests.yaml:1:")
    write(program, *(case("same", "allow") for _ in range(40)))
    noted = program.finish("test").stderr.splitlines()
    assert len(noted) == 21
    assert noted[-1] == "19 more notes are not shown."


def test_a_project_without_tests_is_told(program: Program) -> None:
    done = program.finish("test")
    assert (done.returncode, done.stdout) == (0, "0 passed, 0 failed.\n")
    assert done.stderr == "There is no PolicyTest here, so nothing was tried.\n"


def test_a_failure_fits_into_a_terminal(program: Program) -> None:
    write(program, case("a name that is rather long " * 5, "allow", tool="write", params={"path": "$WORKSPACE/a"}))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    environment = {**program.environment, "TERM": "xterm"}
    subprocess.run(
        [program.path, "test"],
        cwd=program.cwd,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert max(map(len, lines)) <= 80, lines
    assert [line.split(":")[0].strip() for line in lines if line.startswith("  ") and line[2] != " "][-4:] == [
        "expected",
        "got",
        "decided",
        "nearest",
    ]


def test_users_and_tools_are_multiplied_out(program: Program) -> None:
    write(program, case("open", "allow", tool=["read", "canvas"], user=["bob", "ada"]), case("plain", "allow"))
    document = program.json("test", expect=3)
    assert [(item["name"], item["passed"]) for item in document["cases"]] == [
        ("open [ada, canvas]", False),
        ("open [ada, read]", True),
        ("open [bob, canvas]", True),
        ("open [bob, read]", True),
        ("plain", True),
    ]
    assert document["summary"] == {"passed": 4, "failed": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subject": {"user": []}}, "`user` is empty."),
        ({"subject": {"user": ["a b"]}}, "An item of `user` cannot be `a b`."),
        ({"subject": {"user": "a b"}}, "`user` cannot be `a b`."),
        ({"call": {"tool": 5}}, "`tool` must be a string or a list of strings, not the number 5."),
        ({"expect": {"effect": "deny", "params": {}}}, "`params` says what the call is made with."),
        (
            {"subject": {"user": [f"u{n}" for n in range(60)]}, "call": {"tool": [f"t{n}" for n in range(60)]}},
            "`cases` make more than 1,024 calls together.",
        ),
    ],
)
def test_a_case_that_means_nothing_is_an_error(program: Program, change: Any, message: str) -> None:
    write(program, {**case("x", "allow"), **change})
    done = program.finish("test")
    assert done.returncode == 3
    assert message in done.stderr


def test_expected_parameters_are_those_after_redaction(program: Program) -> None:
    params = {"path": "$WORKSPACE/a", "note": "4111 1111 1111 1111"}
    one = case("cut", "allow", params=params)
    mismatch = only(program, {**one, "expect": {"effect": "allow", "params": params}})["mismatch"]
    assert mismatch["aspect"] == "params"
    assert json.loads(mismatch["expected"]) == params
    assert "4111" not in mismatch["got"]
    right = {**one, "expect": {"effect": "allow", "params": json.loads(mismatch["got"])}}
    given = case("as given", "allow")
    given["expect"]["params"] = given["call"]["params"]
    write(program, right, given)
    assert program.run("test") == "2 passed, 0 failed.\n"


def test_reason_and_resource_are_compared(program: Program) -> None:
    refused = case("x", "deny", tool="write", params={"path": "$WORKSPACE/a"}, reason="exec-denied")
    assert only(program, refused)["mismatch"] == {"aspect": "reason", "expected": "exec-denied", "got": "tool-denied"}
    refused["expect"] = {"effect": "deny", "resource": "Policy/default"}
    assert only(program, refused)["mismatch"]["got"] == "Policy/no-keys"


def test_select_takes_names_as_written_and_as_run(program: Program) -> None:
    write(program, case("open", "allow", user=["ada", "bob"]), case("Closed", "deny", params={"path": "~/.ssh/x"}))
    assert program.run("test", "--select", "closed") == "1 passed, 0 failed.\n"
    assert program.run("test", "--select", "open") == "2 passed, 0 failed.\n"
    assert program.run("test", "--select", "*bob*") == "1 passed, 0 failed.\n"
    assert "No case has a name like 'x'" in program.finish("test", "--select", "x").stderr


def test_coverage_says_what_no_case_tries(program: Program) -> None:
    write(
        program,
        case("read", "allow", params={"path": "$WORKSPACE/a"}),
        case("status", "allow", tool="exec", params={"command": "git status -s"}),
        case("card", "allow", params={"path": "$WORKSPACE/a", "note": "4111 1111 1111 1111"}),
        case("fetch", "allow", tool="web_fetch", params={"url": "https://docs.acme.example/"}),
    )
    document = program.json("test", "--coverage")["coverage"]
    assert {item["resource"]: item["tried"] for item in document["policies"]} == {
        "Policy/bobs": False,
        "Policy/default": True,
        "Policy/no-keys": True,
        "Policy/trial": True,
    }
    tried = {(rule["resource"], rule["field"], rule["text"]) for rule in document["rules"] if rule["tried"]}
    assert tried == {
        ("Policy/default", "tools.allow", "exec"),
        ("Policy/default", "tools.allow", "read"),
        ("Policy/default", "tools.allow", "web_fetch"),
        ("Policy/default", "exec.mode", "allowlist"),
        ("Policy/default", "exec.allow", "git status **"),
        ("Policy/default", "network.allow", "*.acme.example"),
        ("Policy/trial", "tools.deny", "web_fetch"),
    }
    assert {rule["text"]: rule["tried"] for rule in document["dlpRules"]} == {"card": True, "key": False}
    every = [*document["rules"], *document["dlpRules"]]
    assert document["percent"] == 1000 * 8 // len(every) / 10
    text = program.run("test", "--coverage")
    assert "(3 of 4 policies, 7 of 15 rules, 1 of 2 DLP rules)." in text
    assert "\nNo case tries:\n" in text
    assert "  policies.yaml:25:1: Policy/bobs, which counts for the subject of no case\n" in text
    assert "  policies.yaml:38:18: tools.deny `write` [Policy/no-keys]\n" in text
    assert text.count("Policy/bobs") == 1


def test_junit_holds_every_case(program: Program) -> None:
    write(program, case("a & <b>\u202e", "deny"), case("fine", "allow"))
    suites = ElementTree.fromstring(program.run("test", "--format", "junit", expect=3))
    assert (suites.tag, suites.get("tests"), suites.get("failures")) == ("testsuites", "2", "1")
    (suite,) = suites
    assert suite.get("name") == "PolicyTest/t"
    bad, good = suite
    assert bad.get("name") == "a & <b>\\u{202e}"
    failure = bad.find("failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.text.startswith("tests.yaml:1:100\nexpected: deny\ngot: allow\n")
    assert list(good) == []


def test_github_names_the_case_from_the_top_of_the_repository(program: Program) -> None:
    write(program, case("50%, really: no", "deny"))
    done = Program(program.path, program.cwd.parent).finish("test", program.cwd.name, "--format", "github")
    assert done.returncode == 3
    first = done.stdout.split("\n")[0]
    place = f"::error file={program.cwd.name}/tests.yaml,title=PolicyTest/t%3A 50%25%2C really%3A no,line=1::"
    assert first.startswith(place + "expected deny, got allow")
    assert "%0Adecided: allowed" in first


def test_combinations_that_mean_nothing_are_refused(program: Program) -> None:
    write(program, case("x", "allow"))
    assert "no coverage in the format junit" in program.finish("test", "--coverage", "--format", "junit").stderr


def test_terminal_escapes_stay_harmless(program: Program) -> None:
    write(program, case("\u202eevil\x9b", "deny"))
    for form in ("text", "json", "junit", "github"):
        done = program.finish("test", "--format", form)
        assert done.returncode == 3
        assert not {"\u202e", "\x9b"} & set(done.stdout)


def test_ten_thousand_calls_are_run(program: Program) -> None:
    for number in range(10):
        cases = [
            case(
                f"{index}", "allow", params={"path": f"$WORKSPACE/{number}-{index}"}, user=[f"u{n}" for n in range(20)]
            )
            for index in range(50)
        ]
        body = {"apiVersion": "clawforge/v1", "kind": "PolicyTest", "metadata": {"name": f"t{number}"}}
        (program.cwd / f"t{number}.yaml").write_text(json.dumps({**body, "spec": {"cases": cases}}))
    assert program.run("test") == "10000 passed, 0 failed.\n"
