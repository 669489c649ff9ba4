"""`clawforge lint` with and without its cache, through the installed program: byte for byte the same, for everybody."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from broken_example import BREAKS
from programs import Program, wait_until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "policies.example"
FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")
Answer = tuple[int, str, str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example, broken in several ways."""
    root = shutil.copytree(EXAMPLE, tmp_path / "project")
    for broken in (BREAKS[0], BREAKS[len(BREAKS) // 2], BREAKS[-1]):
        for edit in broken.edits:
            edit.apply(root)
    return Path(root)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    plain = Program(Path(sys.executable).parent / "clawforge", tmp_path)
    return plain.with_environment(CLAWFORGE_CACHE_DIR=str(tmp_path / "cache"))


def ask(program: Program, *arguments: str | Path) -> Answer:
    done: subprocess.CompletedProcess[str] = program.finish("lint", *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def entries(folder: Path) -> Sequence[Path]:
    return sorted((folder / "lint").glob("*")) if folder.exists() else []


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_the_same_with_the_cache(program: Program, project: Path, format_: str) -> None:
    fresh = ask(program, project, "--format", format_, "--no-cache")
    assert fresh[0] in {0, 3}
    assert not entries(program.cwd / "cache")
    for _ in range(3):
        assert ask(program, project, "--format", format_) == fresh


def test_options_are_the_same_after_another_run_filled_the_cache(program: Program, project: Path) -> None:
    ask(program, project)
    choices = (
        ("--select", "policy-without-test"),
        ("--ignore", "policy-without-test", "--format", "sarif"),
        ("--statistics",),
        ("--statistics", "--format", "json"),
    )
    for choice in choices:
        assert ask(program, project, *choice) == ask(program, project, *choice, "--no-cache")


def test_fixes_are_made_and_seen(program: Program, project: Path) -> None:
    broken = next(item for item in BREAKS if item.rule == "deprecated-tool-name")
    if not all(edit.old and (project / edit.file).read_text().count(edit.old) == 1 for edit in broken.edits):
        pytest.skip("the example is broken at that place already")
    for edit in broken.edits:
        edit.apply(project)
    before = ask(program, project)
    assert ask(program, project) == before
    assert "deprecated-tool-name" in before[1]
    twin = Path(shutil.copytree(project, project.parent / "twin"))
    assert ask(program, project, "--fix") == ask(program, twin, "--fix", "--no-cache")
    assert "deprecated-tool-name" not in ask(program, project)[1]


def test_the_program_remembers_where_the_environment_says(program: Program, project: Path, tmp_path: Path) -> None:
    place = tmp_path / "xdg"
    plain = Program(program.path, program.cwd).with_environment(XDG_CACHE_HOME=str(place))
    for off in (plain.with_environment(CLAWFORGE_NO_CACHE="1"), plain.with_environment(XDG_CACHE_HOME="relative")):
        ask(off.with_environment(HOME=str(tmp_path / "home")), project)
        assert not place.exists()
        assert not (tmp_path / "relative").exists()

    # A program whose own files were written a moment ago does not remember yet.
    wait_until(lambda: ask(plain, project) and entries(place / "clawforge"), "an answer")
    kept = entries(place / "clawforge")
    assert {entry.stat().st_mode & 0o777 for entry in kept} == {0o600}
    assert ask(plain, project) == ask(program, project, "--no-cache")


def test_a_home_that_cannot_be_written_is_no_trouble(program: Program, project: Path) -> None:
    fresh = ask(program, project, "--no-cache")
    for place in ("/proc/clawforge", str(project / "clawforge.yaml"), "/dev/null"):
        assert ask(program.with_environment(CLAWFORGE_CACHE_DIR=place), project) == fresh


def test_whatever_stands_in_the_cache_the_answer_is_right(program: Program, project: Path) -> None:
    fresh = ask(program, project, "--no-cache")
    ask(program, project)
    for damage in (b"", os.urandom(5000)):
        for entry in entries(program.cwd / "cache"):
            entry.write_bytes(damage)
        assert ask(program, project) == fresh
        assert ask(program, project) == fresh
    kept = entries(program.cwd / "cache")
    for one, other in itertools.pairwise(kept):
        shutil.copy(one, other)
    assert ask(program, project) == fresh


def test_sixteen_programs_at_once_say_the_same(program: Program, project: Path) -> None:
    fresh = {path: ask(program, path, "--no-cache") for path in (project, EXAMPLE)}
    with ThreadPoolExecutor(16) as pool:
        asked = [project, EXAMPLE] * 8
        for path, answer in zip(asked, pool.map(lambda path: ask(program, path), asked), strict=True):
            assert answer == fresh[path]
    assert not [entry for entry in entries(program.cwd / "cache") if entry.suffix == ".new"]
