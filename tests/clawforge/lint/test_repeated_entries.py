"""What a list says twice is found at every repetition, and taken out where the order means nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.layout.document import format_text
from clawforge.lint.engine import examine
from clawforge.lint.fingerprint import fingerprints
from clawforge.lint.fixing import fixes
from clawforge.load.project import Project, load_project
from clawforge.resource.registry import canonical_resource

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
RULE = "redundant-pattern"


def policy(spec: str) -> str:
    return f"apiVersion: clawforge/v1\nkind: Policy\nmetadata: {{name: p}}\nspec:\n  appliesTo: everyone\n{spec}"


def write(root: Path, text: str) -> Project:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)
    project = load_project(root)
    assert not project.diagnostics, project.diagnostics
    return project


def places(project: Project) -> list[str]:
    found = [item.diagnostic.location for item in examine(project).items if item.rule == RULE]
    return [f"{place.line}:{place.col}" for place in found]


def mended(root: Path) -> str:
    """The text after every fix, which means the same after each of them."""
    meaning = [canonical_resource(item) for item in load_project(root).values]
    for _ in range(10):
        project = load_project(root)
        assert [canonical_resource(item) for item in project.values] == meaning
        (fix,) = [*fixes(project, examine(project)), None][:1]
        done = fix.apply((root / "x.yaml").read_bytes()) if fix else None
        if done is None:
            return (root / "x.yaml").read_text()
        (root / "x.yaml").write_bytes(done[0])
    raise AssertionError("the fixes never end")


@pytest.mark.parametrize(
    ("spec", "found", "after"),
    [
        ("  tools: {deny: [read, read]}\n", ["6:24"], "  tools: {deny: [read]}\n"),
        ("  tools: {deny: [read, edit, 'read', read]}\n", ["6:30", "6:38"], "  tools: {deny: [read, edit]}\n"),
        (
            "  exec:\n    allow:\n    - ls\n    - cat # why\n    - ls # again\n    mode: allowlist\n",
            ["10:7"],
            "  exec:\n    allow:\n    - ls\n    - cat # why\n    mode: allowlist\n",
        ),
        (
            "  network: {deny: [b.example, a.example, a.example]}\n",
            ["6:42"],
            "  network: {deny: [b.example, a.example]}\n",
        ),
        ("  paths: {deny: [/a, /a]}\n", ["6:22"], "  paths: {deny: [/a]}\n"),
        ("  mcp: {allow: ['*', '*']}\n", ["6:22"], "  mcp: {allow: ['*']}\n"),
    ],
)
def test_each_is_found_and_goes(tmp_path: Path, spec: str, found: list[str], after: str) -> None:
    assert places(write(tmp_path, policy(spec))) == found
    assert mended(tmp_path) == policy(after)
    assert places(load_project(tmp_path)) == []


def test_an_order_that_means_something_is_left_alone(tmp_path: Path) -> None:
    parent = policy("").replace("name: p", "name: q")
    text = policy("  extends: [Policy/q, Policy/q]\n") + "---\n" + parent
    assert places(write(tmp_path, text)) == ["6:23"]
    assert mended(tmp_path) == text


def test_resources_of_any_kind(tmp_path: Path) -> None:
    users = "".join(
        f"---\napiVersion: clawforge/v1\nkind: User\nmetadata: {{name: {name}}}\nspec: {{email: {name}@acme.example}}\n"
        for name in ("ada", "bob")
    )
    head = "apiVersion: clawforge/v1\nkind: Group\nmetadata: {name: g}\nspec:\n"
    text = head + "  members: {users: [bob, ada, bob]}\n" + users
    project = write(tmp_path, text)
    (item,) = [item for item in examine(project).items if item.rule == RULE]
    assert item.diagnostic.message == "`bob` stands in this list already."
    assert item.finding is not None
    assert (item.finding.address, item.finding.pointer) == ("Group/g", "/spec/members/users/2")
    assert mended(tmp_path) == text.replace(", bob]", "]")


def test_the_line_of_the_first_is_told(tmp_path: Path) -> None:
    project = write(tmp_path, policy("  tools:\n    deny:\n    - read\n    - read\n"))
    (item,) = [item for item in examine(project).items if item.rule == RULE]
    assert item.diagnostic.message == "`read` stands in this list already, on line 8."


def test_parameters_of_a_call_may_repeat_themselves(tmp_path: Path) -> None:
    case = "{name: c, subject: {user: ada}, call: {tool: x, params: {a: [b, b]}}, expect: {effect: allow}}"
    text = f"apiVersion: clawforge/v1\nkind: PolicyTest\nmetadata: {{name: t}}\nspec: {{cases: [{case}]}}\n"
    assert places(write(tmp_path, text)) == []


def test_fingerprints_follow_the_entry(tmp_path: Path) -> None:
    def mark(entries: str) -> str:
        report = examine(write(tmp_path, policy(f"  tools: {{deny: [{entries}]}}\n")))
        marks = fingerprints(report.items, load_project(tmp_path))
        return next(mark for item, mark in zip(report.items, marks, strict=True) if item.rule == RULE)

    assert mark("read, read") == mark("edit, pdf, read, read")
    assert mark("read, read") != mark("edit, edit")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["acme", "beta", "gamma-*", "delta"]), min_size=2, max_size=7), st.booleans())
def test_exactly_the_repetitions(tmp_path_factory: pytest.TempPathFactory, entries: list[str], flow: bool) -> None:
    written = f" [{', '.join(entries)}]\n" if flow else "\n" + "".join(f"    - {item}\n" for item in entries)
    root = tmp_path_factory.mktemp("project")
    text = policy(f"  mcp:\n    allow:{written}")
    again = [at for at, item in enumerate(entries) if item in entries[:at]]
    (loaded,) = write(root, text).resources
    found = [loaded.written(item.pointer) for item in loaded.repeated()]
    assert found == [f"/spec/mcp/allow/{at}" for at in again]
    after = mended(root)
    (loaded,) = load_project(root).resources
    assert list(loaded.repeated()) == []
    assert format_text(text.encode(), "x").changed or not format_text(after.encode(), "x").changed
