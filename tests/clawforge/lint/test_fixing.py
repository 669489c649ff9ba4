"""Fixes mend what they are for, and lists mean the same before and after."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from strategies import SUBJECTS, orgs, resource

from clawforge.canonical import canonical_bytes
from clawforge.decide.catalogue import catalogue
from clawforge.lint.engine import examine
from clawforge.lint.fixing import fixes
from clawforge.lint.registry import RULES
from clawforge.lint.rule import Rule
from clawforge.load.project import Project, load_project
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "lint"
AS_WRITTEN = ("/spec/exec/", "/spec/paths/")
FIXABLE = [rule for rule in RULES if rule.fix is not None]


def write(root: Path, text: str) -> None:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)


def mend(root: Path) -> Project:
    """The project after every fix."""
    for _ in range(20):
        project = load_project(root)
        assert not project.diagnostics, project.diagnostics
        changed = False
        for fix in fixes(project, examine(project, now=NOW)):
            path = root / fix.file
            result = fix.apply(path.read_bytes())
            if result is not None:
                path.write_bytes(result[0])
                changed = True
        if not changed:
            return project
    raise AssertionError("the fixes never end")


def test_there_are_fixes() -> None:
    assert {"deprecated-tool-name", "redundant-pattern"} <= {rule.id for rule in FIXABLE}


@pytest.mark.parametrize("rule", FIXABLE, ids=lambda rule: rule.id)
def test_nothing_is_left_of_what_can_be_fixed(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, (FIXTURES / rule.id / "bad.yaml").read_text())
    assert any(item.rule == rule.id for item in examine(load_project(tmp_path), now=NOW).items)
    left = [item for item in examine(mend(tmp_path), now=NOW).items if item.rule == rule.id]
    # What agents get as it is written is not touched, even where it is superfluous.
    assert [item for item in left if item.finding and not item.finding.pointer.startswith(AS_WRITTEN)] == []


HEAD = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: p}
spec:
  appliesTo: everyone
  tools:
"""
NAMES = ["bash", "exec", "cron", "automations", "read", "edit", "group:fs", "group:runtime", "web_*", "web_fetch"]
TOOLS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOOLS, TOOLS, st.booleans())
@example(["bash", "read", "exec"], ["cron", "automations"], True)
def test_lists_of_tools_mean_the_same(allow: list[str], deny: list[str], flow: bool) -> None:
    if flow:
        lists = f"    allow: [{', '.join(allow)}]\n    deny: [{', '.join(deny)}]\n"
    else:
        lists = "".join(
            f"    {name}:\n" + "".join(f"      - '{item}'  # {item}\n" for item in items)
            for name, items in (("allow", allow), ("deny", deny))
        )
    text = HEAD + lists
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write(root, text)
        (policy,) = mend(root).values
        after = (root / "x.yaml").read_text()
    assert isinstance(policy, Policy)
    assert policy.spec.tools is not None
    assert meaning(policy.spec.tools.allow or ()) == meaning(allow)
    assert meaning(policy.spec.tools.deny) == meaning(deny)
    if flow:
        return
    names = catalogue()
    for line in after.splitlines()[7:]:
        entry, mark, comment = line.partition("- ")[2].partition("  # ")
        assert not mark or names.canonical_name(entry.strip("'")) == names.canonical_name(comment), after


def meaning(patterns: tuple[str, ...] | list[str]) -> set[str]:
    """The tools of the catalogue that a list takes in."""
    tools = catalogue()
    names = [tools.canonical_name(name) for pattern in patterns for name in tools.expand(pattern)]
    return {tool for tool in tools.tools if any(fnmatchcase(tool, name) for name in names)}


def fixed(root: Path, section: str, text: str) -> str:
    """The text of a section of a policy after every fix."""
    write(root, HEAD.replace("  tools:\n", f"  {section}:\n") + text)
    mend(root)
    return (root / "x.yaml").read_text().removeprefix(HEAD.replace("  tools:\n", f"  {section}:\n"))


@pytest.mark.parametrize(
    ("section", "before", "after"),
    [
        ("tools", "    deny: [bash, exec]\n", "    deny: [exec]\n"),
        ("tools", "    deny: [exec, bash]\n", "    deny: [exec]\n"),
        (
            "tools",
            "    deny:\n    - bash # by its old name\n    - exec # the shell\n",
            "    deny:\n    - exec # the shell\n",
        ),
        ("tools", "    deny: [exec, 'group:runtime']\n", "    deny: ['group:runtime']\n"),
        ("tools", "    deny: [web_fetch, 'web_*', bash]\n", "    deny: ['web_*', exec]\n"),
        ("tools", "    deny: ['*', exec]\n", "    deny: ['*', exec]\n"),
        ("tools", "    allow: [read, '*', bash]\n", "    allow: [read, '*', exec]\n"),
        ("mcp", "    allow: ['*', acme]\n", "    allow: ['*', acme]\n"),
        ("mcp", "    allow: ['acme-*', acme-docs]\n", "    allow: ['acme-*']\n"),
        ("network", "    deny: ['*.a.example', b.a.example]\n", "    deny: ['*.a.example']\n"),
        ("paths", "    deny: [~/.ssh, ~/.ssh/id]\n", "    deny: [~/.ssh, ~/.ssh/id]\n"),
        ("exec", "    deny: [git **, git push]\n", "    deny: [git **, git push]\n"),
    ],
)
def test_what_stays_of_a_list(tmp_path: Path, section: str, before: str, after: str) -> None:
    assert fixed(tmp_path, section, before) == after


def block(value: Any, indent: str = "") -> str:
    """A mapping as YAML, each entry of a list on a line of its own that ends in the entry as a comment."""
    lines = []
    for key, member in value.items():
        if isinstance(member, dict) and member:
            lines.append(f"{indent}{key}:\n{block(member, indent + '  ')}")
        elif isinstance(member, list) and member and all(isinstance(item, str) for item in member):
            entries = "".join(f"{indent}- {json.dumps(item)} # {item}\n" for item in member)
            lines.append(f"{indent}{key}: # {key}\n{entries}")
        else:
            lines.append(f"{indent}{key}: {json.dumps(member)}\n")
    return "".join(lines)


LISTS = st.fixed_dictionaries(
    {},
    optional={
        section: st.fixed_dictionaries(
            {}, optional={field: st.lists(st.sampled_from(names), max_size=5, unique=True) for field in fields}
        )
        for section, fields, names in (
            ("tools", ("allow", "ask", "deny"), (*NAMES, "*", "mcp__*", "group:plugins")),
            ("mcp", ("allow", "deny"), ("*", "acme", "acme-*", "acme-docs", "other")),
            ("skills", ("sources",), ("registry/*", "registry/acme", "git:acme")),
            ("network", ("allow", "deny"), ("a.example", "*.a.example", "b.a.example", "*.b.a.example")),
            ("paths", ("deny", "readOnly"), ("~/.ssh/**", "~/.ssh", "~/.ssh/id", "**/.env", "~/a/.env")),
            ("exec", ("allow", "deny"), ("git **", "git status", "git push *", "ls")),
        )
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(orgs(count=3, scheduled=False), st.lists(LISTS, max_size=3), st.lists(SUBJECTS, min_size=1, max_size=6))
def test_every_subject_gets_the_same_bytes(
    resources: list[Resource], sections: list[dict[str, Any]], subjects: list[Subject]
) -> None:
    for number, section in enumerate(sections):
        mode = ("base", "overlay", "guardrail")[number]
        resources.append(resource("Policy", f"q-{number}", {"appliesTo": "everyone", "mode": mode, **section}))
    before = "---\n".join(
        block(
            orjson.loads(item.model_dump_json(by_alias=True, exclude_defaults=True))
            | {"apiVersion": item.api_version, "kind": item.kind}
        )
        for item in resources
    )
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write(root, before)
        loaded = load_project(root)
        assert loaded.values == tuple(sorted(resources, key=lambda item: item.address))
        mended = mend(root).values
        after = (root / "x.yaml").read_text()
    assert effective(mended, subjects) == effective(resources, subjects)
    names = catalogue()
    for line in after.splitlines():
        entry, mark, comment = line.partition(" # ")
        if mark and entry.lstrip().startswith("- "):
            assert names.canonical_name(json.loads(entry.lstrip()[2:])) == names.canonical_name(comment)
    assert [line for line in before.splitlines() if ": #" in line] == [
        line for line in after.splitlines() if ": #" in line
    ]


def effective(resources: Sequence[Resource], subjects: Sequence[Subject]) -> list[bytes]:
    """What each subject gets, as it is signed."""
    model = OrgModel(resources)
    return [
        canonical_bytes(model.resolve(subject, NOW).effective.model_dump(mode="json", by_alias=True))
        for subject in subjects
    ]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    rule = next(rule for rule in FIXABLE if rule.id == "deprecated-tool-name")
    write(tmp_path, rule.bad)
    project = load_project(tmp_path)
    (fix,) = fixes(project, examine(project, now=NOW))
    assert fix.apply(rule.bad.encode()) is not None
    assert fix.apply(rule.bad.replace("cron", "exec").encode()) is None
    assert fix.apply(b"a: [") is None
