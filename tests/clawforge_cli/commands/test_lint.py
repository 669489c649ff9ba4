"""`clawforge lint` through the installed program: what each form says, and what each option does."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import psutil
import pytest
from official_formats import junit_problems, sarif_problems
from programs import Program, wait_until

from clawforge import __version__
from clawforge.lint.pages import INDEX, LOADING
from clawforge.lint.registry import RULES
from clawforge.resource.registry import BY_KIND

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec:
    deny: ["rm **", "dd **"]
"""
WAIVED = """\
---
apiVersion: clawforge/v1
kind: User
metadata: {name: ada}
spec: {email: ada@acme.example}
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {name: w}
spec: {rule: exec-deny-best-effort, resource: Policy/everybody, reason: "until & <move>", expires: 2099-01-31}
"""
BROKEN = POLICY.replace("everyone", "{groups: [enginering]}") + "---\napiVersion: clawforge/v1\nkind: Nothing\n"
RULE_PROPERTIES = {
    "id",
    "name",
    "shortDescription",
    "fullDescription",
    "help",
    "defaultConfiguration",
    "properties",
}
ONLY = ("--select", "exec-deny-best-effort,unresolved-reference,waiver-expired")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def write(program: Program, text: str) -> None:
    (program.cwd / "x.yaml").write_text(text)


def sarif(program: Program, text: str, *arguments: str) -> dict[str, Any]:
    """The run of a SARIF log that keeps the official schema."""
    write(program, text)
    done = program.finish("lint", "--format", "sarif", *arguments)
    assert done.returncode in {0, 3}, done.stderr
    document = json.loads(done.stdout)
    assert sarif_problems(document) == []
    (run,) = document["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids))
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    return dict(run)


def marks(program: Program, text: str) -> dict[str, str]:
    """Fingerprint by code."""
    results = sarif(program, text, *ONLY)["results"]
    found = {item.get("properties", {}).get("code", item["ruleId"]): item for item in results}
    assert len(found) == len(results)
    return {code: item["partialFingerprints"]["clawforgeFinding/v1"] for code, item in found.items()}


def test_text_shows_the_line_with_carets_under_the_value(program: Program) -> None:
    write(program, BROKEN)
    assert program.run("lint", *ONLY, expect=3) == (
        "error[unresolved-reference]: `Group/enginering` does not exist.\n"
        "  --> x.yaml:5:24\n"
        "   |\n"
        " 5 |   appliesTo: {groups: [enginering]}\n"
        "   |                        ^^^^^^^^^^\n"
        "   = help: Declare the Group, or remove the reference.\n"
        "\n"
        "note[exec-deny-best-effort]: `exec.deny` is best effort: a shell has many ways to write one command.\n"
        "  --> x.yaml:7:5\n"
        "   |\n"
        ' 7 |     deny: ["rm **", "dd **"]\n'
        "   |     ^^^^\n"
        "   = help: To hold for certain, use `mode: allowlist` with the commands that may run.\n"
        "\n"
        "error[unknown-kind]: Unknown kind `Nothing`.\n"
        "  --> x.yaml:10:7\n"
        "   |\n"
        "10 | kind: Nothing\n"
        "   |       ^^^^^^^\n"
        f"   = help: Known kinds: {', '.join(BY_KIND)}.\n"
        "\n"
        "1 resource in 1 file: 2 errors, 1 note.\n"
    )


def test_json_keeps_its_shape(program: Program) -> None:
    write(program, POLICY)
    document = program.json("lint", *ONLY)
    assert document == {
        "diagnostics": [
            {
                "code": "exec-deny-best-effort",
                "severity": "note",
                "message": "`exec.deny` is best effort: a shell has many ways to write one command.",
                "hint": "To hold for certain, use `mode: allowlist` with the commands that may run.",
                "location": {"file": "x.yaml", "line": 7, "col": 5},
            }
        ],
        "summary": {"error": 0, "warning": 0, "note": 1},
    }


def test_sarif_names_rules_levels_and_places(program: Program) -> None:
    run = sarif(program, BROKEN)
    by_code = {item.get("properties", {}).get("code", item["ruleId"]): item for item in run["results"]}
    reference = by_code["unresolved-reference"]
    assert (reference["ruleId"], reference["level"], reference["suppressions"]) == ("unresolved-reference", "error", [])
    assert reference["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "x.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 5, "startColumn": 24, "endColumn": 34},
    }
    assert by_code["exec-deny-best-effort"]["level"] == "note"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {rule.id for rule in RULES} <= rules.keys()
    assert "## Instead" in rules["no-base"]["help"]["markdown"]


def test_sarif_has_what_code_scanning_asks_for(program: Program) -> None:
    run = sarif(program, BROKEN)
    assert run["tool"]["driver"]["semanticVersion"] == __version__
    assert run["automationDetails"] == {"id": "clawforge/lint/"}
    assert run["invocations"] == [{"executionSuccessful": True}]
    assert set(run["originalUriBaseIds"]) == {"%SRCROOT%"}
    for rule in run["tool"]["driver"]["rules"]:
        assert set(rule) == RULE_PROPERTIES, rule["id"]
        assert rule["help"]["text"]
        for text in (rule["shortDescription"]["text"], rule["fullDescription"]["text"]):
            assert 0 < len(text) <= 1024, rule["id"]
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
        assert 0 < len(rule["properties"]["tags"]) <= 10
    for result in run["results"]:
        (place,) = result["locations"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert set(result["partialFingerprints"]) == {"clawforgeFinding/v1"}


def test_sarif_columns_are_those_of_utf_16(program: Program) -> None:
    named = POLICY.replace(
        "name: everybody", 'name: everybody, annotations: {note: "\U0001f44d"}, labels: {a: b, a: c}'
    )
    (result,) = [item for item in sarif(program, named)["results"] if item["ruleId"] == "yaml-duplicate-key"]
    line = named.splitlines()[2]
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": line.index("a: c") + 2,
        "endColumn": line.index("a: c") + 6,
    }
    (found,) = [item for item in program.json("lint", expect=3)["diagnostics"] if item["code"] == "yaml-duplicate-key"]
    assert found["location"]["col"] == line.index("a: c") + 1, "elsewhere a character is one column"


def test_a_project_in_a_folder_has_results_of_its_own(program: Program) -> None:
    folder = program.cwd / "some policies"
    folder.mkdir()
    (folder / "clawforge.yaml").write_text(PROJECT)
    (folder / "x.yaml").write_text(POLICY)
    (run,) = json.loads(program.run("lint", folder, "--format", "sarif", *ONLY))["runs"]
    assert run["automationDetails"] == {"id": "clawforge/lint/some%20policies/"}


def test_sarif_paths_lead_from_the_present_directory(program: Program) -> None:
    folder = program.cwd / "some policies"
    folder.mkdir()
    (folder / "clawforge.yaml").write_text(PROJECT)
    (folder / "x.yaml").write_text(POLICY)
    document = json.loads(program.run("lint", folder, "--format", "sarif", *ONLY))
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "some%20policies/x.yaml", "uriBaseId": "%SRCROOT%"}
    assert "file=some policies/x.yaml," in program.run("lint", "some policies", "--format", "github", *ONLY)


def test_fingerprints_stay_when_lines_move_and_change_with_the_content(program: Program) -> None:
    before = marks(program, BROKEN)
    assert set(before) == {"unresolved-reference", "exec-deny-best-effort", "unknown-kind"}
    moved = "# a comment\n\n" + BROKEN.replace("spec:\n", "spec:\n  # why\n  priority: 5\n", 1)
    assert marks(program, moved) == before
    other_list = marks(program, BROKEN.replace('"dd **"', '"dd if **"'))
    assert other_list.pop("exec-deny-best-effort") != before["exec-deny-best-effort"]
    assert other_list.items() <= before.items()
    other_name = marks(program, BROKEN.replace("enginering", "enginering2"))
    assert other_name["unresolved-reference"] != before["unresolved-reference"]
    neighbour = BROKEN.replace("[enginering]", "[a-new-one, enginering]")
    results = sarif(program, neighbour, "--select", "unresolved-reference")["results"]
    assert before["unresolved-reference"] in {item["partialFingerprints"]["clawforgeFinding/v1"] for item in results}
    renamed = marks(program, BROKEN.replace("name: everybody", "name: somebody"))
    assert renamed["exec-deny-best-effort"] != before["exec-deny-best-effort"]


def test_equal_findings_keep_different_fingerprints(program: Program) -> None:
    write(program, POLICY + "---\nkind: Nothing\n---\nkind: Nothing\n")
    results = json.loads(program.run("lint", "--format", "sarif", expect=3))["runs"][0]["results"]
    found = [item["partialFingerprints"]["clawforgeFinding/v1"] for item in results]
    assert len(found) == len(set(found))


def test_what_is_accepted_is_in_sarif_and_junit_only(program: Program) -> None:
    (result,) = [item for item in sarif(program, POLICY + WAIVED)["results"] if item["ruleId"] == ONLY[1].split(",")[0]]
    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "Waiver/w: until & <move>"}
    ]
    comment = '# clawforge: ignore[exec-deny-best-effort] reason="the move" until=2099-01-31'
    (result,) = sarif(program, POLICY.replace("]\n", f"]  {comment}\n"), *ONLY)["results"]
    assert result["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "the move"}]
    assert program.json("lint", *ONLY)["diagnostics"] == []
    assert program.run("lint", *ONLY) == "1 resource in 1 file: no problems, 1 accepted.\n"
    write(program, POLICY + WAIVED)
    suites = check_junit(program.run("lint", "--format", "junit", *ONLY))
    assert [item.get("message") for item in suites.iter("skipped")] == ["until & <move>"]


def test_junit_counts_and_structure(program: Program) -> None:
    write(program, BROKEN)
    suites = check_junit(program.run("lint", "--format", "junit", *ONLY, expect=3))
    assert (suites.get("tests"), suites.get("failures")) == ("3", "2")
    assert [item.get("type") for item in suites.iter("failure")] == ["unresolved-reference", "unknown-kind"]
    write(program, "# nothing\n")
    clean = check_junit(program.run("lint", "--format", "junit", *ONLY))
    assert (clean.get("tests"), clean.get("failures")) == ("1", "0")


def check_junit(text: str) -> ElementTree.Element:
    """The root of a document that keeps the schema, and whose counts are right."""
    assert junit_problems(text) == []
    suites = ElementTree.fromstring(text)
    for suite in suites:
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == len(list(suite.iter("failure")))
        assert int(suite.get("skipped", "")) == len(list(suite.iter("skipped")))
    for count in ("tests", "failures", "errors"):
        assert int(suites.get(count, "")) == sum(int(suite.get(count, "")) for suite in suites)
    return suites


def test_github_annotations(program: Program) -> None:
    write(program, BROKEN)
    lines = program.run("lint", "--format", "github", *ONLY, expect=3).splitlines()
    assert lines[0] == (
        "::error file=x.yaml,title=unresolved-reference,line=5,col=24::`Group/enginering` does not exist."
        "%0ADeclare the Group, or remove the reference."
    )
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice", "::error"]


def test_markdown_is_a_table(program: Program) -> None:
    write(program, BROKEN)
    lines = program.run("lint", "--format", "markdown", *ONLY, expect=3).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 4
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| error", "| error", "| note"]


def test_select_and_ignore(program: Program) -> None:
    write(program, BROKEN)

    def codes(*arguments: str, expect: int = 3) -> set[str]:
        return {item["code"] for item in program.json("lint", *arguments, expect=expect)["diagnostics"]}

    assert codes("--select", "unresolved-reference") == {"unresolved-reference", "unknown-kind"}, (
        "unread files are always told"
    )
    assert "exec-deny-best-effort" not in codes("--ignore", "exec-deny-best-effort, no-base")
    done = program.finish("lint", "--ignore", "unresolved-reference")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be ignored" in done.stderr
    done = program.finish("lint", "--select", "exec-deny-best-efort")
    assert done.returncode == 1
    assert "Did you mean `exec-deny-best-effort`?" in done.stderr
    assert program.finish("lint", "--select", ",").returncode == 1


def test_statistics(program: Program) -> None:
    write(program, BROKEN)
    printed = program.run("lint", "--statistics", *ONLY, expect=3)
    assert re.findall(r"^(\d+)  (\w+) +([\w-]+)$", printed, re.MULTILINE) == [
        ("1", "note", "exec-deny-best-effort"),
        ("1", "error", "unknown-kind"),
        ("1", "error", "unresolved-reference"),
    ]
    document = program.json("lint", "--statistics", *ONLY, expect=3)
    assert document["statistics"][0] == {"code": "exec-deny-best-effort", "severity": "note", "count": 1}
    assert program.finish("lint", "--statistics", "--format", "sarif").returncode == 1


def test_explain(program: Program) -> None:
    printed = program.run("lint", "--explain", "no-base")
    for part in ("What it reports", "Why", "Example", "Instead"):
        assert part in printed
    assert program.json("lint", "--explain", "no-base")["fixable"] is False
    assert "until" in program.run("lint", "--explain", "suppression-incomplete")
    done = program.finish("lint", "--explain", "no-bse")
    assert done.returncode == 1
    assert "Did you mean `no-base`?" in done.stderr


def test_fix_mends_what_is_safe_and_keeps_comments(program: Program) -> None:
    text = """\
# head
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools:
    allow: [bash, read, exec]  # the shell
    deny:
      - 'cron'  # no schedules
      # nothing
      - gateway
  mcp:
    deny:
      - acme-*
      - acme-docs   # goes with its entry
"""
    write(program, text)
    (program.cwd / "x.yaml").chmod(0o640)
    done = program.finish("lint", "--fix", "--select", "deprecated-tool-name,redundant-pattern")
    assert done.stdout == "1 resource in 1 file: no problems.\n"
    assert re.fullmatch(r"Fixed \d+ findings in 1 file\.\n", done.stderr)
    assert (program.cwd / "x.yaml").read_text() == text.replace("[bash, read, exec]", "[read, exec]").replace(
        "'cron'", "'automations'"
    ).replace("      - acme-docs   # goes with its entry\n", "")
    assert (program.cwd / "x.yaml").stat().st_mode & 0o777 == 0o640
    assert program.finish("lint", "--fix").stderr == "Fixed 0 findings in 0 files.\n"


def test_fix_mends_block_scalars_and_says_what_it_leaves(program: Program) -> None:
    text = POLICY.replace(
        'deny: ["rm **", "dd **"]', "mode: ask\n  tools:\n    deny:\n    - >-\n      bash\n    - read\n"
    )
    (program.cwd / "x.yaml").write_text(text)
    done = program.finish("lint", "--fix", "--select", "deprecated-tool-name")
    assert done.stderr == "Fixed 1 finding in 1 file.\n"
    assert "    - exec\n    - read\n" in (program.cwd / "x.yaml").read_text()
    (program.cwd / "x.yaml").write_text(text.replace(">-\n", ">- # why\n"))
    done = program.finish("lint", "--fix", "--select", "deprecated-tool-name")
    assert done.stderr == (
        "Fixed 0 findings in 0 files.\n"
        "Left 1 finding to mend by hand: --fix does not touch what is written in this way.\n"
    )


def test_fix_keeps_what_was_formatted_so(program: Program) -> None:
    text = POLICY.replace(
        'deny: ["rm **", "dd **"]',
        "mode: ask\n  tools:\n    deny:\n      - read\n\n      # By its old name\n      - bash\n\n      # The shell\n"
        "      - exec",
    )
    (program.cwd / "x.yaml").write_text(text)
    program.run("fmt", "x.yaml")
    program.run("lint", "--fix", "--select", "redundant-pattern")
    assert "    deny:\n      - read\n\n      # The shell\n      - exec\n" in (program.cwd / "x.yaml").read_text()
    program.run("fmt", "--check", "x.yaml")


def test_a_rule_that_does_not_exist_is_marked_without_its_level(program: Program) -> None:
    (program.cwd / "clawforge.yaml").write_text(PROJECT + "lint:\n  levels:\n    no-bases: note\n")
    out = program.run("lint", expect=3)
    assert "5 |     no-bases: note" not in out
    assert "7 |     no-bases: note\n   |     ^^^^^^^^\n" in out


def test_settings_that_say_nothing(program: Program) -> None:
    labels = "{a: {kinds: [], required: true}, b: {pattern: ''}}"
    (program.cwd / "clawforge.yaml").write_text(PROJECT + f"lint: {{conventions: {{labels: {labels}}}}}\n")
    out = program.run("lint", expect=3)
    assert "`kinds` is empty." in out
    assert "Give at least one, or remove it." in out
    assert "`pattern` is empty." in out
    assert "Write something, or remove it." in out


def test_a_directory_that_is_no_project_is_named(program: Program) -> None:
    (program.cwd / "empty").mkdir()
    assert "`empty` is no project" in program.run("lint", "empty", expect=3)
    (program.cwd / "clawforge.yaml").unlink()
    assert "This directory is no project" in program.run("lint", expect=3)


def test_a_base_that_cannot_be_read_is_no_missing_base(program: Program) -> None:
    user = "---\napiVersion: clawforge/v1\nkind: User\nmetadata: {name: ada}\nspec: {email: ada@acme.example}\n"
    (program.cwd / "x.yaml").write_text(POLICY.replace("everyone", "everyone\n  mod: base") + user)
    assert "no-base" not in program.run("lint", expect=3)
    (program.cwd / "x.yaml").write_text(POLICY.replace("everyone", "everyone\n  mode: overlay") + user)
    assert "no-base" in program.run("lint")


def test_fix_leaves_alone_what_is_not_selected_or_accepted(program: Program) -> None:
    accepted = '# clawforge: ignore[deprecated-tool-name] reason="x" until=2099-01-31'
    text = POLICY + f"  tools:\n    deny:\n      - cron {accepted}\n      - bash\n"
    write(program, text)
    done = program.finish("lint", "--fix", "--ignore", "deprecated-tool-name")
    assert done.stderr == "Fixed 0 findings in 0 files.\n"
    assert (program.cwd / "x.yaml").read_text() == text
    assert program.finish("lint", "--fix").stderr == "Fixed 1 finding in 1 file.\n"
    assert (program.cwd / "x.yaml").read_text() == text.replace("- bash", "- exec")


def test_a_secret_is_in_no_form_of_the_output(program: Program) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsT2Q67Zp"
    write(program, POLICY.replace("{name: everybody}", f"{{name: everybody, annotations: {{token: {secret}}}}}"))
    for form in ("text", "json", "sarif", "junit", "github", "markdown"):
        printed = program.run("lint", "--format", form, expect=3)
        assert "secret-in-yaml" in printed.replace("\\", "")
        assert secret not in printed.replace("\\", "")


@pytest.fixture
def watched(program: Program, tmp_path: Path) -> Iterator[Watched]:
    write(program, POLICY)
    log = tmp_path.parent / f"{tmp_path.name}.log"
    # A suite that a shell runs in the background ignores interrupts, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with program.background("lint", "--watch", program.cwd, *ONLY, log=log) as process:
            signal.signal(signal.SIGINT, before)
            yield Watched(process, log)
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class Watched:
    process: subprocess.Popen[bytes]
    log: Path

    def says(self, count: int) -> str:
        """Everything said once the run number `count` is over."""
        wait_until(lambda: self.log.exists() and self.log.read_text().count("Watching") >= count, "a run", self.log)
        assert self.process.poll() is None
        return self.log.read_text()


def test_watch_checks_again_after_a_change(program: Program, watched: Watched) -> None:
    first = watched.says(1)
    assert re.match(r"---- \d\d:\d\d:\d\d -+\n", first), "each run begins with a line of its own"
    write(program, BROKEN)
    assert "unresolved-reference" in watched.says(2)
    assert program.finish("lint", "--watch", "--format", "json").returncode == 1
    assert program.finish("lint", "--watch", "nowhere").returncode == 1


def test_watch_outlives_broken_files_and_a_folder_that_goes(program: Program, watched: Watched) -> None:
    watched.says(1)
    write(program, "a: [\n")
    assert "error[yaml-" in watched.says(2)
    away = program.cwd.with_name("away")
    program.cwd.rename(away)
    assert "does not exist" in watched.says(3)
    away.rename(program.cwd)
    watched.says(4)
    (program.cwd / "clawforge.yaml").unlink()
    assert "no-project-file" in watched.says(5)


def test_watch_ends_quietly_and_waits_without_working(watched: Watched) -> None:
    watched.says(1)
    times = psutil.Process(watched.process.pid).cpu_times()
    time.sleep(1.5)
    later = psutil.Process(watched.process.pid).cpu_times()
    assert later.user + later.system - times.user - times.system < 0.5
    watched.process.send_signal(signal.SIGINT)
    assert watched.process.wait(timeout=20) == 0
    said = watched.log.read_text()
    assert "Traceback" not in said
    assert said.rstrip().endswith("Ctrl-C ends.")


def test_rules_are_listed_and_their_pages_are_up_to_date(program: Program) -> None:
    listed = [line.split()[0] for line in program.run("rules").splitlines()]
    assert listed == [rule.id for rule in RULES]
    folder = ROOT / "docs" / "rules"
    program.run("rules", "--write", folder, "--check")
    assert {path.stem for path in folder.glob("*.md")} == {
        *listed,
        *(name.removesuffix(".md") for name in (INDEX, LOADING)),
    }
    index = (folder / INDEX).read_text()
    for rule in RULES:
        assert f"| [{rule.id}]({rule.id}.md) | {rule.severity} |" in index
    pages = program.cwd / "pages"
    assert program.finish("rules", "--write", pages, "--check").returncode == 3
    program.run("rules", "--write", pages)
    program.run("rules", "--write", pages, "--check")
    (pages / "gone.md").write_text("x")
    assert program.finish("rules", "--write", pages, "--check").returncode == 3
    assert program.finish("rules", "--check").returncode == 1
