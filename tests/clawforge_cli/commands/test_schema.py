"""`clawforge schema` through the installed program: schemas for anybody, and what an editor needs for one project."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from programs import Program

from clawforge.schema import COMBINED, schemas


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def project(program: Program, more: str = "") -> None:
    (program.cwd / "clawforge.yaml").write_text(f"apiVersion: clawforge/v1\nkind: Project\norg: a\nsource: b\n{more}")


def test_schemas_are_written_checked_and_mended(program: Program) -> None:
    assert program.run("schema").startswith("Wrote ")
    folder = program.cwd / "schemas"
    assert {path.name for path in folder.iterdir()} == schemas().keys()
    assert program.run("schema", "--check").endswith(" schemas are up to date.\n")
    (folder / COMBINED).write_text("{}")
    done = program.finish("schema", "--check")
    assert (done.returncode, done.stderr) == (3, f"Out of date: {COMBINED}. Run `clawforge schema`.\n")
    assert (folder / COMBINED).read_text() == "{}"
    assert program.run("schema") == f"Wrote {COMBINED}.\n"


@pytest.mark.parametrize(
    ("more", "globs"),
    [
        ("", ["*.yaml", "*.yml"]),
        ("include: [policies/**]\n", ["clawforge.yaml", "policies/**/*.yaml", "policies/**/*.yml"]),
        (
            "include: [org.yaml, teams/]\n",
            ["clawforge.yaml", "org.yaml", "teams/**/*.yaml", "teams/**/*.yml"],
        ),
    ],
)
def test_an_editor_gets_schema_and_settings(program: Program, more: str, globs: list[str]) -> None:
    project(program, more)
    said = program.run("schema", "--editor")
    assert said == "Wrote .vscode/clawforge.schema.json, .vscode/settings.json.\n"
    settings = json.loads((program.cwd / ".vscode" / "settings.json").read_text())
    assert settings == {"yaml.schemas": {"./.vscode/clawforge.schema.json": globs}}
    assert json.loads((program.cwd / ".vscode" / "clawforge.schema.json").read_text()) == schemas()[COMBINED]
    assert program.run("schema", "--editor", "--check") == "The editor's schema is up to date.\n"


def test_an_old_schema_is_refreshed_alone(program: Program) -> None:
    project(program)
    folder = program.cwd / ".vscode"
    folder.mkdir()
    (folder / "settings.json").write_text('{"editor.tabSize": 2}')
    (folder / "clawforge.schema.json").write_text("{}")
    done = program.finish("schema", "--editor", "--check")
    assert done.returncode == 3
    assert done.stderr == "Out of date: .vscode/clawforge.schema.json. Run `clawforge schema --editor`.\n"
    done = program.finish("schema", "--editor")
    assert done.stdout == "Wrote .vscode/clawforge.schema.json.\n"
    assert "is yours and stays as it is" in done.stderr
    assert '"./.vscode/clawforge.schema.json": ["*.yaml", "*.yml"]' in done.stderr
    assert (folder / "settings.json").read_text() == '{"editor.tabSize": 2}'


def test_an_editor_needs_a_project(program: Program) -> None:
    done = program.finish("schema", "--editor")
    assert done.returncode == 1
    assert "Run this in the directory of a project" in done.stderr
    assert list(program.cwd.iterdir()) == []
    (program.cwd / "clawforge.yaml").write_text("kind: [")
    assert "cannot be read" in program.finish("schema", "--editor").stderr
