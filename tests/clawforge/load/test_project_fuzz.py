"""Whatever stands in a project's files, loading and checking it never raises."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clawforge.lint.engine import diagnose
from clawforge.load.project import load_project

LINES = st.sampled_from(
    [
        "apiVersion: clawforge/v1",
        "kind: Project",
        "kind: Policy",
        "kind: Group",
        "kind: User",
        "kind: DlpRuleSet",
        "org: acme",
        "source: main",
        "include: ['**']",
        "exclude: [x]",
        "metadata: {name: a}",
        "metadata:",
        "  name: b",
        "spec:",
        "spec: {appliesTo: everyone}",
        "spec: {appliesTo: {groups: [a], except: {users: [b]}}}",
        "  appliesTo: everyone",
        "  appliesTo: {users: [x, a], tags: {env: []}}",
        "  extends: [Policy/a, Policy/b]",
        "  tools: {allow: [group:fs, '*'], deny: [exec, 1]}",
        "  schedule: {windows: [{cron: '0 0 * * *', duration: 1h}, {}]}",
        "  email: a@b.example",
        "  members: {users: [a]}",
        "  rules: [{id: a, detector: nope, action: block}]",
        "---",
        "- x",
        "  - [",
        "}",
        "&a *a",
        "\t",
    ]
)
TEXTS = st.lists(LINES | st.text(max_size=12), max_size=14).map("\n".join)
NAMES = st.sampled_from(["clawforge.yaml", "a.yaml", "x/b.yml", "x/clawforge.yaml", ".y/c.yaml", "d.txt"])
CONTENTS = TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, CONTENTS, max_size=5), st.booleans())
@example({"a.yaml": b"apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: a}\nspec: {appliesTo: everyone}"}, True)
def test_no_project_raises(files: dict[str, bytes], sound: bool) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        if sound:
            files["clawforge.yaml"] = b"apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
        for name, content in files.items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_bytes(content)
        project = load_project(root)
        diagnostics = diagnose(project)
        assert diagnostics == sorted(diagnostics, key=lambda item: item.sort_key)
        for item in diagnostics:
            assert item.code
            assert item.hint
            assert item.message
        assert project.positions.keys() == project.by_address.keys()
        assert diagnose(load_project(root)) == diagnostics
