"""Credentials are found wherever they stand in the files, at their own place, and are never shown."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.engine import diagnose, examine, obstacles
from clawforge.lint.fingerprint import fingerprints
from clawforge.load.comment import comments_of
from clawforge.load.project import load_project

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsT2Q67Zp"
GROUP = "apiVersion: clawforge/v1\nkind: Group\nmetadata: {name: eng}\n"
BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
KEY = ("-----BEGIN PRIVATE KEY-----", BODY, "-----END PRIVATE KEY-----")


def secrets(root: Path, text: str, settings: str = "") -> list[Diagnostic]:
    (root / "clawforge.yaml").write_text(PROJECT + settings)
    (root / "x.yaml").write_text(text)
    project = load_project(root)
    items = examine(project, now=NOW)
    for shown in (*items.diagnostics, *project.diagnostics):
        assert TOKEN not in shown.message + shown.hint
        assert BODY not in shown.message + shown.hint
    found = [item for item in diagnose(project, now=NOW) if item.code == "secret-in-yaml"]
    assert [item for item in obstacles(project, now=NOW) if item.code == "secret-in-yaml"] == [
        item for item in found if item.severity is Severity.ERROR
    ]
    assert all(TOKEN not in mark for mark in fingerprints(items.items, project))
    return found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"{GROUP}# {TOKEN}\n", "x.yaml:4:3"),
        (f"{GROUP}#{TOKEN}\n", "x.yaml:4:2"),
        (f"{GROUP}spec: {{}}   #  the token: {TOKEN}, old\n", "x.yaml:4:26"),
        (f"# spec:\n#   description: '{TOKEN}'\n{GROUP}", "x.yaml:2:19"),
        (f"{GROUP}spec:\n  members:\n    users: []\n    # - {TOKEN}\n", "x.yaml:7:9"),
        (f"{GROUP}---\n# only {TOKEN}\n", "x.yaml:5:8"),
        (f"# \u00e9\u4e2d\U0001f600 {TOKEN}\n{GROUP}", "x.yaml:1:7"),
        (f"\ufeff# {TOKEN}\n{GROUP}", "x.yaml:1:3"),
        (f"{GROUP.replace('{name: eng}', '{name: eng, labels: {' + TOKEN + ': x}}')}", "x.yaml:3:32"),
        (f"{GROUP.replace('{name: eng}', '{name: eng, labels: {x: ' + TOKEN + '}}')}", "x.yaml:3:32"),
        (f"{GROUP}\n# {KEY[0]}\n#  {KEY[1]}\n# {KEY[2]}\n", "x.yaml:5:3"),
        (f"{GROUP}spec:\n  # key: |\n  #   {KEY[0]}\n  #   {KEY[1]}\n  #   {KEY[2]}\n  description: x\n", "x.yaml:6:7"),
        (f"{GROUP}spec: {{}} # clawforge: ignore[secret-in-yaml] reason='{TOKEN}' until=2099-01-01\n", "x.yaml:4:54"),
    ],
)
def test_a_secret_is_found_in_its_place(tmp_path: Path, text: str, place: str) -> None:
    (item,) = secrets(tmp_path, text)
    assert (str(item.location), item.severity) == (place, Severity.ERROR)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        (f"# {TOKEN}\n", "clawforge.yaml:5:3"),
        (f"server: https://acme.example/{TOKEN}\n", "clawforge.yaml:5:1"),
        (f"lint:\n  conventions:\n    labels: {{{TOKEN}: {{}}}}\n", "clawforge.yaml:7:14"),
        (f"lint:\n  conventions:\n    annotations: {{a: {{values: [{TOKEN}]}}}}\n", "clawforge.yaml:7:32"),
        (f"exclude: ['{TOKEN}/**']\n", "clawforge.yaml:5:11"),
        (f"srver: {TOKEN}\n", "clawforge.yaml:5:1"),
    ],
)
def test_the_project_file_is_looked_at_too(tmp_path: Path, settings: str, place: str) -> None:
    (item,) = secrets(tmp_path, GROUP, settings)
    assert (str(item.location), item.severity) == (place, Severity.ERROR)


@pytest.mark.parametrize(
    "text",
    [
        f"{GROUP}# {TOKEN[:-1]}\n",
        f"{GROUP}# {KEY[0]}\n# {KEY[2]}\n",
        f"{GROUP}# {KEY[0]}\n\n# {BODY}\n",
        f"{GROUP}# timezone: Asia/Tokyo\n",
    ],
)
def test_what_is_no_secret(tmp_path: Path, text: str) -> None:
    assert secrets(tmp_path, text) == []


def test_it_cannot_be_accepted_or_lowered(tmp_path: Path) -> None:
    accept = "# clawforge: ignore[secret-in-yaml] reason=x until=2099-01-01\n"
    (item,) = secrets(
        tmp_path, f"{GROUP}{accept}# {TOKEN}\n", "lint: {levels: {secret-in-yaml: {exclude: [x.yaml]}}}\n"
    )
    assert item.severity is Severity.ERROR


def test_a_hash_inside_of_a_text_is_that_text(tmp_path: Path) -> None:
    (item,) = secrets(tmp_path, f"{GROUP}spec: {{description: 'a # {TOKEN}'}}\n")
    assert str(item.location) == "x.yaml:4:8"


def test_many_comments_are_read_in_no_time(tmp_path: Path) -> None:
    lines = "".join(f"# asia {number} {'x' * 50}\n" for number in range(20_000))
    (item,) = secrets(tmp_path, f"{lines}# {TOKEN}\n{GROUP}")
    assert item.location[1:] == (20_001, 3)


def test_a_comment_knows_where_its_text_begins() -> None:
    for text in ("#x", "# x", "a: b  #   x ", "#\tx", "#"):
        (comment,) = comments_of(text, file="f")
        assert text[comment.start - 1 :].startswith(comment.text)
