"""Projects on disk: what is read, and the place and hint of everything that is not."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.errors import InputError
from clawforge.lint import engine
from clawforge.load.project import Project, load_project, read_project_file
from clawforge.load.tree import TreeLimits

Write = Callable[[dict[str, str | bytes]], Path]
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
ALICE = "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: alice}\nspec: {email: alice@acme.example}\n"
BASE = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: base}\nspec:\n  appliesTo: everyone\n"
GENERAL = BASE.replace("base", "general")


def diagnose(project: Project) -> list[Diagnostic]:
    """Problems without the notes of lint rules, which say what could be better about a policy that loads."""
    return [item for item in engine.diagnose(project) if item.severity is not Severity.NOTE]


def only(root: Path) -> Diagnostic:
    """The one diagnostic of a project, which has a hint."""
    (found,) = diagnose(load_project(root))
    assert found.hint
    return found


def place(found: Diagnostic) -> tuple[str, str]:
    return found.code, str(found.location)


BAD_INPUT: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "unknown field": ({"p.yaml": BASE + "  tols: {}\n"}, "unknown-field", "p.yaml:6:3"),
    "wrong type": ({"p.yaml": BASE + "  tools:\n    deny: exec\n"}, "wrong-type", "p.yaml:7:11"),
    "wrong item": ({"p.yaml": BASE + "  tools: {deny: [a, 5]}\n"}, "wrong-type", "p.yaml:6:21"),
    "missing field": (
        {"p.yaml": BASE.replace("  appliesTo: everyone", "  priority: 5")},
        "missing-field",
        "p.yaml:4:1",
    ),
    "duplicate key": ({"p.yaml": BASE + "  appliesTo: everyone\n"}, "yaml-duplicate-key", "p.yaml:6:3"),
    "alias bomb": ({"p.yaml": "a: &a [x, x]\nb: [*a, *a]\n"}, "yaml-anchor", "p.yaml:1:4"),
    "binary file": ({"p.yaml": b"kind: \x00\x01\x02"}, "yaml-binary", "p.yaml:1:7"),
    "not utf-8": ({"p.yaml": b"kind: \xff"}, "yaml-not-utf8", "p.yaml:1:7"),
    "syntax": ({"p.yaml": "a: [1\n"}, "yaml-syntax", "p.yaml:2:1"),
    "reference to nothing": (
        {"p.yaml": BASE.replace("everyone", "{groups: [eng]}")},
        "unresolved-reference",
        "p.yaml:5:24",
    ),
    "two resources of one name": (
        {"a.yaml": ALICE, "b.yaml": BASE + "---\n" + ALICE},
        "duplicate-resource",
        "b.yaml:9:18",
    ),
    "tie between two bases": ({"p.yaml": BASE + "---\n" + GENERAL}, "base-tie", "p.yaml:11:3"),
    "unknown kind": ({"p.yaml": BASE.replace("Policy", "Polcy")}, "unknown-kind", "p.yaml:2:7"),
    "no resource": ({"p.yaml": "\n# values\nreplicas: 3\n"}, "not-a-resource", "p.yaml:3:1"),
    "foreign resource": ({"p.yaml": "kind: Pod\napiVersion: v1\n"}, "not-a-resource", "p.yaml:2:13"),
    "list": ({"p.yaml": "- a\n"}, "not-a-resource", "p.yaml:1:1"),
    "nested project": ({"sub/clawforge.yaml": PROJECT, "sub/p.yaml": "x"}, "nested-project", "sub/clawforge.yaml:1:1"),
    "org of another": (
        {"o.yaml": "apiVersion: clawforge/v1\nkind: Organization\nmetadata:\n  name: other\n"},
        "org-mismatch",
        "o.yaml:4:3",
    ),
    "project file: unknown field": ({"clawforge.yaml": PROJECT + "sorce: x\n"}, "unknown-field", "clawforge.yaml:5:1"),
    "project file: missing field": (
        {"clawforge.yaml": PROJECT.replace("org: acme\n", "")},
        "missing-field",
        "clawforge.yaml:1:1",
    ),
    "project file: leaves the project": (
        {"clawforge.yaml": PROJECT + "include:\n- ../x\n"},
        "invalid-value",
        "clawforge.yaml:6:3",
    ),
    "project file: two documents": (
        {"clawforge.yaml": PROJECT + "---\n" + PROJECT},
        "project-file",
        "clawforge.yaml:6:1",
    ),
    "project file: empty": ({"clawforge.yaml": "# nothing\n"}, "project-file", "clawforge.yaml:1:1"),
    "project file: bad yaml": ({"clawforge.yaml": "a: b: c\n"}, "yaml-syntax", "clawforge.yaml:1:5"),
    "project file: unknown lint rule": (
        {"clawforge.yaml": PROJECT + "lint: {levels: {no-bas: off}}\n"},
        "unknown-lint-rule",
        "clawforge.yaml:5:17",
    ),
    "project file: an error cannot be lowered": (
        {"clawforge.yaml": PROJECT + "lint: {levels: {base-tie: warning}}\n"},
        "lint-level",
        "clawforge.yaml:5:17",
    ),
    "project file: a move across kinds": (
        {"clawforge.yaml": PROJECT + "moved: [{from: Policy/a, to: User/a}]\n"},
        "invalid-value",
        "clawforge.yaml:5:30",
    ),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_diagnostic_with_place_and_hint(write: Write, name: str) -> None:
    files, code, where = BAD_INPUT[name]
    found = [item for item in diagnose(load_project(write(files))) if item.code == code]
    assert found, diagnose(load_project(write(files)))
    assert str(found[0].location) == where
    assert found[0].hint
    assert found[0].severity is Severity.ERROR


def test_duplicate_says_where_the_first_is(write: Write) -> None:
    found = only(write({"a.yaml": "# first\n" + ALICE, "b.yaml": BASE + "---\n" + ALICE}))
    assert found.message == "User/alice is already declared in a.yaml, line 2."


def test_tie_says_where_the_other_is(write: Write) -> None:
    found = only(write({"a.yaml": BASE, "b.yaml": GENERAL}))
    assert place(found) == ("base-tie", "b.yaml:5:3")
    assert "Policy/base is at a.yaml:1:1" in found.hint


def test_a_hundred_megabytes_are_not_read(write: Write) -> None:
    root = write({})
    with (root / "big.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    found = only(root)
    assert place(found) == ("yaml-too-large", "big.yaml:1:1")
    assert "104,857,600 bytes" in found.message


@pytest.mark.parametrize("name", ["link.yaml", "folder", "clawforge.yaml"])
def test_a_link_out_of_the_project_is_an_error_and_is_not_followed(write: Write, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("root:x:0:0\n")
    root = write({})
    (root / name).unlink(missing_ok=True)
    (root / name).symlink_to(outside if name == "folder" else outside / "secret.yaml")
    found = only(root)
    assert place(found) == ("symlink", f"{name}:1:1")
    assert found.severity is Severity.ERROR
    assert "root:" not in repr(found)


def test_links_that_stay_inside_or_are_not_taken_in_do_no_harm(write: Write, tmp_path: Path) -> None:
    root = write({"users/alice.yaml": ALICE, "base.yaml": BASE})
    (root / "again.yaml").symlink_to("users/alice.yaml")
    (root / "people").symlink_to("users")
    (root / "broken.txt").symlink_to("/nowhere")
    (root / ".cache").symlink_to(tmp_path)
    found = diagnose(load_project(root))
    assert [(*place(item), item.severity) for item in found] == [
        ("symlink", "again.yaml:1:1", Severity.WARNING),
        ("symlink", "people:1:1", Severity.WARNING),
    ]


def test_a_link_to_the_project_itself_does_not_loop(write: Write) -> None:
    root = write({})
    (root / "loop").symlink_to(".")
    (root / "round.yaml").symlink_to("round.yaml")
    assert {item.code for item in load_project(root).diagnostics} == {"symlink"}


def test_pipes_and_sockets_are_not_opened(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({})
    os.mkfifo(root / "pipe.yaml")
    monkeypatch.chdir(root)  # the path of a socket may be no longer than 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.yaml")
        found = diagnose(load_project(root))
    assert [place(item) for item in found] == [("special-file", "pipe.yaml:1:1"), ("special-file", "socket.yaml:1:1")]


def test_a_pipe_as_project_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clawforge.yaml")
    assert place(only(tmp_path)) == ("special-file", "clawforge.yaml:1:1")


NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything, so a test that runs as root gives that up for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_may_not_be_read_is_reported() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "x").mkdir()
        for path, content in {"clawforge.yaml": PROJECT, "a.yaml": ALICE, "x/b.yaml": BASE}.items():
            (root / path).write_text(content)
        (root / "a.yaml").chmod(0)
        (root / "x").chmod(0)
        try:
            with as_nobody():
                found = load_project(root).diagnostics
        finally:
            (root / "x").chmod(0o700)
    assert [place(item) for item in found] == [("unreadable", "a.yaml:1:1"), ("unreadable", "x:1:1")]


def test_names_that_do_not_print_are_reported_in_printable_form(write: Write) -> None:
    root = write({})
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.yaml")).write_text(ALICE)
    (root / "a\nb\x1b.yaml").write_text(ALICE)
    found = diagnose(load_project(root))
    assert [place(item) for item in found] == [("file-name", "\\xff.yaml:1:1"), ("file-name", "a\\nb\\x1b.yaml:1:1")]


def test_everything_but_dot_folders_is_read_by_default(write: Write) -> None:
    files: dict[str, str | bytes] = {
        name: ALICE.replace("alice", f"u{index}")
        for index, name in enumerate(
            ["a.yaml", "b.yml", "x/y/c.yaml", ".d.yaml", "no.txt", ".git/e.yaml", "x/.f/g.yaml"]
        )
    }
    project = load_project(write(files))
    assert not project.diagnostics
    assert [loaded.location().file for loaded in project.resources] == ["a.yaml", "b.yml", "x/y/c.yaml", ".d.yaml"]


FOREIGN = {
    "docker-compose.yml": "x: &x {restart: always}\nservices: {web: *x}\n",
    "k8s.yaml": "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\n",
    "list.yaml": "- a\n",
    "mkdocs.yml": "site_name: x\nextra: !!python/name:os.system\n",
    "two.yaml": "a: b: c\n",
}


def test_files_of_other_programs_come_with_the_way_to_leave_them_out(write: Write) -> None:
    found = load_project(write({"clawforge.yaml": PROJECT, **FOREIGN})).diagnostics
    for file in FOREIGN:
        first, *others = [item for item in found if item.location.file == file]
        assert first.hint.endswith(
            f"If this file is not meant for clawforge, add `{file}` to `exclude` in clawforge.yaml."
        )
        assert not any("not meant for" in item.hint for item in others)
    excluded = f"{PROJECT}exclude: [{', '.join(FOREIGN)}]\n"
    assert load_project(write({"clawforge.yaml": excluded, **FOREIGN})).diagnostics == ()


@pytest.mark.parametrize(
    "text",
    [
        "kind: Policy\nmetadata: {name: x}\n",
        "a: b: c\n# apiVersion: clawforge/v1\n",
        BASE + "spec: {}\n",
        "'kind': User\n",
    ],
)
def test_files_that_are_meant_for_us_do_not(write: Write, text: str) -> None:
    found = load_project(write({"a.yaml": "- a\n", "clawforge.yaml": PROJECT, "p.yaml": text})).diagnostics
    assert [item for item in found if item.location.file == "p.yaml"]
    assert not any("not meant for" in item.hint for item in found if item.location.file == "p.yaml")


def test_include_and_exclude_choose_files(write: Write) -> None:
    settings = (
        PROJECT + "include: [policies/**/*.yaml, users, nothing/*.yaml]\nexclude: [users/old, '**/*-draft.yaml']\n"
    )
    files: dict[str, str | bytes] = {
        "clawforge.yaml": settings,
        "policies/a.yaml": BASE,
        "policies/x/b-draft.yaml": "bad: [",
        "users/alice.yaml": ALICE,
        "users/old/bob.yaml": "bad: [",
        "other.yaml": "bad: [",
    }
    project = load_project(write(files))
    assert list(project.by_address) == ["Policy/base", "User/alice"]
    (found,) = project.diagnostics
    assert (found.code, str(found.location), found.severity) == (
        "include-matches-nothing",
        "clawforge.yaml:5:38",
        Severity.WARNING,
    )


def test_globs_of_a_project_file_with_other_problems_are_kept(write: Write) -> None:
    root = write({"clawforge.yaml": PROJECT + "exclude: [bad.yaml]\nzzz: 1\n", "bad.yaml": "bad: [", "a.yaml": BASE})
    project = load_project(root)
    assert [item.code for item in project.diagnostics] == ["unknown-field"]
    assert list(project.by_address) == ["Policy/base"]
    with pytest.raises(InputError):
        _ = project.file
    assert read_project_file(root) is None


def test_problems_of_all_files_come_in_one_run_sorted_by_place(write: Write) -> None:
    files: dict[str, str | bytes] = {
        "b.yaml": BASE + "  zzz: 1\n  mode: x\n",
        "a.yaml": "x: [\n",
        "c.yaml": ALICE + "---\n" + BASE.replace("everyone", "{groups: [nobody]}").replace("base", "other"),
    }
    found = diagnose(load_project(write(files)))
    assert [place(item) for item in found if item.severity is Severity.ERROR] == [
        ("yaml-syntax", "a.yaml:2:1"),
        ("unknown-field", "b.yaml:6:3"),
        ("invalid-value", "b.yaml:7:9"),
        ("unresolved-reference", "c.yaml:10:24"),
    ]


def test_references_to_a_resource_that_is_merely_wrong_are_not_reported(write: Write) -> None:
    group = "apiVersion: clawforge/v1\nkind: Group\nmetadata: {name: eng}\n"
    policy = BASE.replace("everyone", "{groups: [eng, ops]}")
    files: dict[str, str | bytes] = {
        "p.yaml": policy,
        "g.yaml": group + "zzz: 1\n",
        "h.yaml": "metadata: {name: ops}\na: b: c\n",
    }
    assert {item.code for item in diagnose(load_project(write(files)))} == {"unknown-field", "yaml-syntax"}


def test_a_directory_without_project_file_is_one_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("bad: [")
    found = only(tmp_path)
    assert place(found) == ("no-project-file", "clawforge.yaml")
    assert "kind: Project" in found.hint


@pytest.mark.parametrize("name", ["nothing", "file"])
def test_what_is_no_directory_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"does not exist|is not a directory"):
        load_project(tmp_path / name)


def test_limits_of_a_project(write: Write) -> None:
    root = write({f"{index}.yaml": ALICE.replace("alice", f"u{index}") for index in range(5)})
    few = load_project(root, tree_limits=TreeLimits(max_files=3))
    assert [item.code for item in few.diagnostics] == ["too-many-files"]
    small = load_project(root, tree_limits=TreeLimits(max_bytes=200))
    assert [item.code for item in small.diagnostics] == ["project-too-large"]
    assert len(small.resources) < 5
    names = load_project(root, tree_limits=TreeLimits(max_entries=3))
    assert [item.code for item in names.diagnostics] == ["too-many-files"]
    deep = write({"a/b/c/x.yaml": ALICE})
    assert "too-deep" in [item.code for item in load_project(deep, tree_limits=TreeLimits(max_depth=2)).diagnostics]


def test_resources_are_sorted_and_found_by_address(write: Write) -> None:
    project = load_project(write({"z.yaml": BASE, "a.yaml": ALICE}))
    assert [value.address for value in project.values] == ["Policy/base", "User/alice"]
    assert project.by_address["User/alice"].location("/spec/email").line == 4
    assert project.positions["Policy/base"].file == "z.yaml"
    assert (project.file.org, project.file.source) == ("acme", "main")
