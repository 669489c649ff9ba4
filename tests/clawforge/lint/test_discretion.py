"""No diagnostic says a credential, whichever rule or loader found something at its place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.lint.discretion import without_secrets
from clawforge.lint.engine import examine, obstacles
from clawforge.load.project import load_project

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
SECRET = "AKIA" + "QWERTYUIOPASDFGH"
HEAD = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: default}\nspec:\n  appliesTo: everyone\n"
PLACES = {
    "unknown tool": f'  tools: {{deny: [cron, "{SECRET}"]}}\n',
    "contradiction": f'  exec: {{allow: ["{SECRET} **", "{SECRET} x"], deny: ["{SECRET} x"]}}\n',
    "not a pattern": f'  tools: {{deny: ["group:{SECRET}"]}}\n',
    "not a domain": f'  network: {{deny: ["{SECRET}"]}}\n',
    "relative path": f'  paths: {{deny: ["{SECRET}/x"]}}\n',
    "unknown field": f"  {SECRET}: 1\n",
}


@pytest.mark.parametrize("place", PLACES)
def test_no_message_or_hint_holds_the_secret(place: str, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    (tmp_path / "p.yaml").write_text(HEAD + PLACES[place])
    project = load_project(tmp_path)
    found = [*(item.diagnostic for item in examine(project, now=NOW).items), *obstacles(project, now=NOW)]
    assert found
    assert not [item for item in found if SECRET in item.message + item.hint]


def test_ordinary_text_is_left_alone() -> None:
    assert without_secrets("There is no tool `akia` in the catalogue.") == "There is no tool `akia` in the catalogue."
    assert without_secrets(f"a {SECRET} b {SECRET}") == "a [secret] b [secret]"
