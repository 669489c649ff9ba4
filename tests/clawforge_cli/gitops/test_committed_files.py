"""A project read out of a commit is the project that a checkout of it would be, and nothing is ever run or written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from git_repository import DAY, START, Repository

from clawforge.load.project import Project, load_project
from clawforge_cli.gitops.committed_files import CommittedFiles
from clawforge_cli.gitops.first_parents import commit_at, first_parents
from clawforge_cli.gitops.objects import NoObjectsError, open_objects

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
POLICY = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: %s}\nspec: {appliesTo: everyone}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A project in the folder `fleet` of a repository, with one commit."""
    made = Repository.at(tmp_path / "repository")
    folder = made.root / "fleet"
    (folder / "policies").mkdir(parents=True)
    (folder / "clawforge.yaml").write_text(PROJECT)
    (folder / "policies" / "default.yaml").write_text(POLICY % "default")
    made.commit("first")
    return made


@contextmanager
def committed(root: Path, back: int = 0) -> Iterator[Project]:
    """The project of a commit, so many before HEAD."""
    with open_objects(root) as objects:
        commit = list(first_parents(objects))[back]
        folder = objects.project_tree(commit.tree)
        assert folder is not None
        yield load_project(root, files=CommittedFiles(root, objects, folder))


def problems(root: Path) -> list[tuple[str, str, str]]:
    with committed(root) as project:
        return [(item.code, item.severity.value, item.location.file) for item in project.diagnostics]


def test_the_example_out_of_a_commit_is_the_example(tmp_path: Path) -> None:
    made = Repository.at(tmp_path / "repository")
    shutil.copytree(ROOT / "policies.example", made.root / "policies.example")
    made.commit("first")
    made.git("gc", "-q")
    root = made.root / "policies.example"
    here = load_project(root)
    for path in root.rglob("*.yaml"):
        path.unlink()
    with committed(root) as project:
        assert project.resources == here.resources
        assert project.positions == here.positions
        assert (project.files, project.remarks) == (here.files, here.remarks)
        assert project.diagnostics == here.diagnostics


def test_globs_and_nested_projects_count_as_on_the_disk(repository: Repository) -> None:
    folder = repository.root / "fleet"
    (folder / "clawforge.yaml").write_text(PROJECT + "exclude: [drafts]\n")
    for name in ("drafts", "other", ".hidden"):
        (folder / name).mkdir()
        (folder / name / "a.yaml").write_text(POLICY % name.strip("."))
    (folder / "other" / "clawforge.yaml").write_text(PROJECT)
    (folder / "notes.txt").write_text("no resource")
    repository.commit("second")
    here = load_project(folder)
    with committed(folder) as project:
        assert project.files == here.files
        assert project.diagnostics == here.diagnostics
        assert [item.address for item in project.resources] == [item.address for item in here.resources]


def test_links_are_not_followed(repository: Repository) -> None:
    folder = repository.root / "fleet"
    (folder / "inside.yaml").symlink_to("policies/default.yaml")
    (folder / "out.yaml").symlink_to("../../secret.yaml")
    (folder / "absolute.yaml").symlink_to("/etc/passwd.yaml")
    repository.commit("second")
    assert problems(folder) == [
        ("symlink", "error", "absolute.yaml"),
        ("symlink", "warning", "inside.yaml"),
        ("symlink", "error", "out.yaml"),
    ]


def test_a_link_in_place_of_the_project_file_is_no_project_file(repository: Repository) -> None:
    folder = repository.root / "fleet"
    (folder / "clawforge.yaml").unlink()
    (folder / "clawforge.yaml").symlink_to("policies/default.yaml")
    repository.commit("second")
    assert ("special-file", "error", "clawforge.yaml") in problems(folder)


def test_a_submodule_is_a_problem_and_not_an_empty_folder(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},fleet/shared")
    repository.git("commit", "-qm", "second")
    ((code, severity, place),) = problems(repository.root / "fleet")
    assert (code, severity, place) == ("unreadable", "error", "shared")


def test_a_file_that_is_too_large_is_not_read(repository: Repository) -> None:
    folder = repository.root / "fleet"
    (folder / "big.yaml").write_text("#" * (5 * 1024 * 1024))
    repository.commit("second")
    assert [(code, place) for code, _, place in problems(folder)] == [("yaml-too-large", "big.yaml")]


def test_the_tree_of_a_hostile_repository_leads_nowhere(repository: Repository) -> None:
    blob = repository.git("hash-object", "-w", "fleet/clawforge.yaml")
    for name in ("..", ".", "a/b"):
        entry = b"100644 " + name.encode() + b"\0" + bytes.fromhex(blob)
        made = repository.root / "tree"
        made.write_bytes(entry)
        tree = repository.git("hash-object", "-t", "tree", "-w", "--literally", "tree")
        commit = repository.git("commit-tree", tree, "-m", "hostile")
        with open_objects(repository.root) as objects, pytest.raises(NoObjectsError):
            objects.entries(objects.commit(bytes.fromhex(commit)).tree)


def test_nothing_that_the_configuration_names_is_run(repository: Repository, tmp_path: Path) -> None:
    witness, trap = tmp_path / "ran", tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {witness}\ncat\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "filter.trap.smudge", "filter.trap.clean", "diff.external", "core.pager"):
        repository.git("config", name, str(trap))
    (repository.root / ".gitattributes").write_text("*.yaml filter=trap\n")
    (repository.root / ".git" / "hooks" / "post-checkout").symlink_to(trap)
    with committed(repository.root / "fleet") as project:
        assert [item.address for item in project.resources] == ["Policy/default"]
    assert not witness.exists()
    assert sorted(os.listdir(repository.root / "fleet")) == ["clawforge.yaml", "policies"]
    repository.git("status")
    assert witness.exists(), "the trap must be one that git itself falls into"


def test_the_commit_at_a_moment_is_the_branch_s_own(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-qb", "side")
    repository.commit("on the side", START + DAY)
    repository.git("checkout", "-q", "main")
    second = repository.commit("second", START + 2 * DAY)
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side", at=START + 3 * DAY)
    merge = repository.git("rev-parse", "HEAD")
    with open_objects(repository.root / "fleet") as objects:
        found = [commit_at(objects, START + days * DAY) for days in (-1, 0, 1, 2, 3, 9)]
        assert [commit.id if commit else None for commit in found] == [None, first, first, second, merge, merge]
        assert [commit.subject for commit in first_parents(objects)] == ["merge", "second", "first"]
        newest = next(first_parents(objects))
        assert (newest.author, newest.committed) == ("Ada <ada@acme.example>", START + 3 * DAY)


def test_a_clone_that_is_cut_off_says_so(repository: Repository, tmp_path: Path) -> None:
    repository.commit("second", START + DAY)
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(tmp_path / "shallow"))
    with open_objects(tmp_path / "shallow" / "fleet") as objects:
        newest = commit_at(objects, START + DAY)
        assert newest is not None
        assert newest.subject == "second"
        with pytest.raises(NoObjectsError, match=f"ends at {newest.id[:12]}, whose parent is not here"):
            commit_at(objects, START)


def test_without_a_repository_or_a_commit_there_are_no_objects(tmp_path: Path) -> None:
    with pytest.raises(NoObjectsError, match="no git repository"), open_objects(tmp_path):
        pass
    Repository.at(tmp_path / "empty")
    with open_objects(tmp_path / "empty") as objects, pytest.raises(NoObjectsError, match="HEAD names no commit"):
        next(first_parents(objects))
