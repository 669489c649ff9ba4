"""Commit provenance from a real git repository, without running anything that its configuration names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from clawforge_cli.gitops.local import head_commit

FILES = ["clawforge.yaml", "policies/default.yaml"]


def git(root: Path, *arguments: str) -> str:
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@acme.example",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@acme.example",
    }
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "repository" / "fleet"
    (root / "policies").mkdir(parents=True)
    for name in FILES:
        (root / name).write_text(f"# {name}\n")
    git(root.parent, "init", "-q")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-qm", "first")
    return root


def test_the_commit_and_its_author(project: Path) -> None:
    commit = head_commit(project, FILES)
    assert commit is not None
    assert commit.id == git(project, "rev-parse", "HEAD")
    assert commit.author == "Ada <ada@acme.example>"
    assert commit.dirty is False


def test_packed_objects_are_read_too(project: Path) -> None:
    git(project, "gc", "-q")
    commit = head_commit(project, FILES)
    assert commit is not None
    assert commit.dirty is False


def test_an_edited_a_new_and_a_deleted_file_make_it_dirty(project: Path) -> None:
    (project / FILES[1]).write_text("# edited\n")
    assert head_commit(project, FILES).dirty is True  # type: ignore[union-attr]
    git(project, "checkout", "-q", ".")
    (project / "new.yaml").write_text("# new\n")
    assert head_commit(project, [*FILES, "new.yaml"]).dirty is True  # type: ignore[union-attr]
    (project / "new.yaml").unlink()
    (project / FILES[1]).unlink()
    assert head_commit(project, FILES[:1]).dirty is True  # type: ignore[union-attr]


def test_windows_line_ends_are_not_a_difference(project: Path) -> None:
    (project / FILES[1]).write_bytes(f"# {FILES[1]}\r\n".encode())
    assert head_commit(project, FILES).dirty is False  # type: ignore[union-attr]


def test_no_repository_and_no_commit_yet_are_no_commit(tmp_path: Path) -> None:
    assert head_commit(tmp_path, []) is None
    git(tmp_path, "init", "-q")
    assert head_commit(tmp_path, []) is None


def test_programs_named_in_the_configuration_do_not_run(project: Path, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {witness}\ncat\n")
    trap.chmod(0o755)
    git(project, "config", "core.fsmonitor", str(trap))
    git(project, "config", "filter.trap.clean", str(trap))
    git(project, "config", "core.pager", str(trap))
    (project.parent / ".gitattributes").write_text("*.yaml filter=trap\n")
    (project / FILES[1]).write_text("# edited\n")
    assert head_commit(project, FILES).dirty is True  # type: ignore[union-attr]
    assert not witness.exists()
    git(project, "status")
    assert witness.exists(), "the trap must be one that git itself falls into"
