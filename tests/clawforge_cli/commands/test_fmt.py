"""`clawforge fmt` as people run it."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from clawforge.errors import ConflictError
from clawforge_cli.__main__ import run
from clawforge_cli.replace_file import replace_file

EXAMPLE = Path(__file__).resolve().parents[3] / "policies.example"
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
UGLY = "kind: User\napiVersion: clawforge/v1\nmetadata: { name: bob }\nspec:\n    email:  bob@acme.example # his\n"
TIDY = "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: bob}\nspec:\n  email: bob@acme.example # his\n"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Fmt:
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Done:
        code = run(["fmt", *map(str, arguments)])
        out, err = self.capture.readouterr()
        return Done(code, out, err)


@pytest.fixture
def fmt(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fmt:
    """The command, run in a project with one file that is not in the style."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "bob.yaml").write_text(UGLY)
    (tmp_path / "users" / "notes.txt").write_text("a:   1\n")
    return Fmt(capsys)


def test_a_project_is_formatted_once(fmt: Fmt, tmp_path: Path) -> None:
    file = tmp_path / "users" / "bob.yaml"
    file.chmod(0o640)
    assert fmt() == Done(0, "users/bob.yaml\n", "1 file formatted, 1 file unchanged.\n")
    assert file.read_text() == TIDY
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(os.listdir(file.parent)) == ["bob.yaml", "notes.txt"]
    assert (tmp_path / "users" / "notes.txt").read_text() == "a:   1\n"
    assert fmt() == Done(0, "", "2 files unchanged.\n")
    assert fmt("--check") == Done(0, "", "2 files unchanged.\n")


def test_the_project_file_is_formatted_too(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text("source: main\nkind: Project\norg: acme\napiVersion: clawforge/v1\n")
    assert fmt().out == "clawforge.yaml\nusers/bob.yaml\n"
    assert (tmp_path / "clawforge.yaml").read_text() == PROJECT


def test_check_lists_and_writes_nothing(fmt: Fmt, tmp_path: Path) -> None:
    assert fmt("--check") == Done(3, "users/bob.yaml\n", "1 file would be formatted, 1 file unchanged.\n")
    assert (tmp_path / "users" / "bob.yaml").read_text() == UGLY


def test_diff_shows_and_writes_nothing(fmt: Fmt, tmp_path: Path) -> None:
    file = tmp_path / "users" / "bob.yaml"
    file.write_text("a: 1\n# \x1b is refused, \u202e is shown\nb:  2")
    assert fmt("--diff", file).code == 3
    file.write_text("a: 1\n# \u202e is shown\nb:  2")
    done = fmt("--diff", "users/bob.yaml")
    assert done.out.splitlines() == [
        "--- users/bob.yaml",
        "+++ users/bob.yaml",
        "@@ -1,3 +1,3 @@",
        " a: 1",
        " # \\u{202e} is shown",
        "-b:  2",
        "\\ No newline at end of file",
        "+b: 2",
    ]
    assert done.code == 0
    assert fmt("--diff", "--check", file).code == 3
    assert file.read_text() == "a: 1\n# \u202e is shown\nb:  2"


def test_line_ends_of_windows_are_seen_in_the_diff(fmt: Fmt, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a: 1\r\n")
    assert "-a: 1\\u{000d}\n+a: 1\n" in fmt("--diff", file).out
    fmt(file)
    assert file.read_bytes() == b"a: 1\n"


def test_files_that_do_not_parse_are_named_and_left_alone(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a:   [1\n")
    (tmp_path / "anchor.yaml").write_text("a:   &x 1\n")
    (tmp_path / "binary.yaml").write_bytes(b"\x00\x01")
    done = fmt()
    assert (done.code, done.out) == (3, "users/bob.yaml\n")
    assert [line.split(": ")[0] for line in done.err.splitlines() if ": error[" in line] == [
        "anchor.yaml:1:6",
        "bad.yaml:2:1",
        "binary.yaml:1:1",
    ]
    assert done.err.endswith("1 file formatted, 1 file unchanged, 3 files left alone because of problems.\n")
    assert (tmp_path / "bad.yaml").read_text() == "a:   [1\n"


def test_what_the_project_leaves_out_is_left_alone(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "x.yaml").write_text(UGLY)
    (tmp_path / "clawforge.yaml").write_text(PROJECT + "exclude: [drafts]\n")
    assert fmt("--check").out == "users/bob.yaml\n"
    assert fmt("--check", "drafts/x.yaml").out == "drafts/x.yaml\n"
    (tmp_path / "clawforge.yaml").write_text(PROJECT + "exlude: [drafts]\n")
    done = fmt()
    assert (done.code, done.out) == (3, "")
    assert "clawforge.yaml:5:1: error[unknown-field]" in done.err


def test_links_are_not_followed(fmt: Fmt, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(UGLY)
    (tmp_path / "link.yaml").symlink_to(outside)
    done = fmt()
    assert (done.code, done.out) == (3, "users/bob.yaml\n")
    assert fmt("link.yaml").code == 3
    assert outside.read_text() == UGLY
    assert (tmp_path / "link.yaml").is_symlink()


def test_paths_are_named_as_they_were_given_and_taken_once(fmt: Fmt, tmp_path: Path) -> None:
    shutil.copytree(tmp_path, tmp_path / "other" / "project")
    assert fmt("--check", "other/project", "users/bob.yaml", "./users/bob.yaml").out == (
        "other/project/users/bob.yaml\nusers/bob.yaml\n"
    )


def test_wrong_paths(fmt: Fmt, tmp_path: Path) -> None:
    assert fmt("nothing.yaml").code == 1
    (tmp_path / "empty").mkdir()
    done = fmt("empty")
    assert done.code == 3
    assert "empty/clawforge.yaml: error[no-project-file]" in done.err


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"newer")
    with pytest.raises(ConflictError):
        replace_file(file, b"older", b"formatted")
    assert file.read_bytes() == b"newer"
    assert os.listdir(tmp_path) == ["a.yaml"]


def test_formatting_the_example_changes_no_resource(fmt: Fmt, tmp_path: Path) -> None:
    from clawforge.load.project import load_project
    from clawforge.resource.registry import resource_digest

    copy = tmp_path / "copy"
    shutil.copytree(EXAMPLE, copy)
    before = {item.address: resource_digest(item.resource) for item in load_project(copy).resources}
    assert fmt(copy).code == 0
    assert {item.address: resource_digest(item.resource) for item in load_project(copy).resources} == before
    assert fmt(copy, "--check").code == 0
