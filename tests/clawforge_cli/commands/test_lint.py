"""`clawforge lint` through the installed program: what each form says, and what each option does."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from programs import Program

from clawforge.lint.pages import INDEX
from clawforge.lint.registry import RULES
from clawforge.resource.registry import BY_KIND

ROOT = Path(__file__).resolve().parents[3]
SUBSET = json.loads((ROOT / "tests" / "fixtures" / "sarif-subset.schema.json").read_text())
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
ONLY = ("--select", "exec-deny-best-effort,reference,waiver-expired")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def write(program: Program, text: str) -> None:
    (program.cwd / "x.yaml").write_text(text)


def sarif(program: Program, text: str, *arguments: str) -> dict[str, Any]:
    """The run of a SARIF log that keeps the schema."""
    write(program, text)
    done = program.finish("lint", "--format", "sarif", *arguments)
    assert done.returncode in {0, 3}, done.stderr
    document = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SUBSET).validate(document)
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
    assert (reference["ruleId"], reference["level"], reference["suppressions"]) == ("reference", "error", [])
    assert reference["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "x.yaml"},
        "region": {"startLine": 5, "startColumn": 24},
    }
    assert by_code["exec-deny-best-effort"]["level"] == "note"
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert {rule.id for rule in RULES} <= rules.keys()
    assert "## Instead" in rules["no-base"]["help"]["markdown"]
    assert rules["unknown-kind"] == {"id": "unknown-kind", "defaultConfiguration": {"level": "error"}}


def test_sarif_paths_lead_from_the_present_directory(program: Program) -> None:
    folder = program.cwd / "some policies"
    folder.mkdir()
    (folder / "clawforge.yaml").write_text(PROJECT)
    (folder / "x.yaml").write_text(POLICY)
    document = json.loads(program.run("lint", folder, "--format", "sarif", *ONLY))
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "some%20policies/x.yaml"}
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
    results = sarif(program, neighbour, "--select", "reference")["results"]
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
    suites = ElementTree.fromstring(program.run("lint", "--format", "junit", *ONLY))
    assert [item.get("message") for item in suites.iter("skipped")] == ["until & <move>"]


def test_junit_counts_and_structure(program: Program) -> None:
    write(program, BROKEN)
    suites = ElementTree.fromstring(program.run("lint", "--format", "junit", *ONLY, expect=3))
    check_junit(suites)
    assert (suites.get("tests"), suites.get("failures")) == ("3", "2")
    assert [item.get("type") for item in suites.iter("failure")] == ["unresolved-reference", "unknown-kind"]
    write(program, "# nothing\n")
    clean = ElementTree.fromstring(program.run("lint", "--format", "junit", *ONLY))
    check_junit(clean)
    assert (clean.get("tests"), clean.get("failures")) == ("1", "0")


JUNIT = {
    "testsuites": ({"name", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, {"testcase"}),
    "testcase": ({"classname", "name", "time"}, {"failure", "skipped", "system-out"}),
    "failure": ({"type", "message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
"""Attributes, all of which are there, and children, after the XSD that Jenkins and others use."""


def check_junit(element: ElementTree.Element) -> None:
    attributes, children = JUNIT[element.tag]
    assert set(element.attrib) == attributes
    assert {child.tag for child in element} <= children
    for name in attributes & {"tests", "failures", "errors", "skipped"}:
        assert element.get(name, "").isdecimal()
    if element.tag == "testsuite":
        assert int(element.get("tests", "")) == len(element)
        assert int(element.get("failures", "")) == len(list(element.iter("failure")))
        assert int(element.get("skipped", "")) == len(list(element.iter("skipped")))
    if element.tag == "testcase":
        assert len(element) <= 1
    for child in element:
        check_junit(child)


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

    assert codes("--select", "reference") == {"unresolved-reference", "unknown-kind"}, "unread files are always told"
    assert "exec-deny-best-effort" not in codes("--ignore", "exec-deny-best-effort, no-base")
    done = program.finish("lint", "--ignore", "reference")
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
  paths:
    deny:
      - ~/.ssh/**
      - ~/.ssh/id_rsa   # the key
"""
    write(program, text)
    (program.cwd / "x.yaml").chmod(0o640)
    done = program.finish("lint", "--fix", "--select", "deprecated-tool-name,redundant-pattern")
    assert done.stdout == "1 resource in 1 file: no problems.\n"
    assert re.fullmatch(r"Fixed \d+ findings in 1 file\.\n", done.stderr)
    assert (program.cwd / "x.yaml").read_text() == text.replace("[bash, read, exec]", "[read, exec]").replace(
        "'cron'", "'automations'"
    ).replace("- ~/.ssh/id_rsa   #", "#")
    assert (program.cwd / "x.yaml").stat().st_mode & 0o777 == 0o640
    assert program.finish("lint", "--fix").stderr == "Fixed 0 findings in 0 files.\n"


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


def test_watch_checks_again_after_a_change(program: Program, tmp_path: Path) -> None:
    write(program, POLICY)
    log = tmp_path / "watch.log"

    def printed(count: int) -> bool:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if log.exists() and log.read_text().count("watching") >= count:
                return True
            time.sleep(0.05)
        return False

    with program.background("lint", "--watch", *ONLY, log=log) as process:
        assert printed(1)
        write(program, BROKEN)
        assert printed(2)
        assert process.poll() is None
    assert "unresolved-reference" in log.read_text()
    assert program.finish("lint", "--watch", "--format", "json").returncode == 1


def test_rules_are_listed_and_their_pages_are_up_to_date(program: Program) -> None:
    listed = [line.split()[0] for line in program.run("rules").splitlines()]
    assert listed == [rule.id for rule in RULES]
    folder = ROOT / "docs" / "rules"
    program.run("rules", "--write", folder, "--check")
    assert {path.stem for path in folder.glob("*.md")} == {*listed, INDEX.removesuffix(".md")}
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
