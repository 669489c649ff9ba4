"""`clawforge fmt` as people run it."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from clawforge.errors import ConflictError
from clawforge.load.limits import DEFAULT_LIMITS
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
    file.write_text("kind: User\n# \x1b is refused, \u202e is shown\nb:  2")
    assert fmt("--diff", file).code == 3
    file.write_text("kind: User\n# \u202e is shown\nb:  2")
    done = fmt("--diff", "users/bob.yaml")
    assert done.out.splitlines() == [
        "--- users/bob.yaml",
        "+++ users/bob.yaml",
        "@@ -1,3 +1,3 @@",
        " kind: User",
        " # \\u{202e} is shown",
        "-b:  2",
        "\\ No newline at end of file",
        "+b: 2",
    ]
    assert done.code == 0
    assert fmt("--diff", "--check", file).code == 3
    assert file.read_text() == "kind: User\n# \u202e is shown\nb:  2"


def test_line_ends_of_windows_are_seen_in_the_diff(fmt: Fmt, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"kind: User\r\n")
    assert "-kind: User\\u{000d}\n+kind: User\n" in fmt("--diff", file).out
    fmt(file)
    assert file.read_bytes() == b"kind: User\n"


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


def test_a_folder_means_the_part_of_its_project(fmt: Fmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clawforge.yaml").write_text("org: acme\n" + PROJECT.replace("org: acme\n", "") + "exclude: [drafts]\n")
    for place in ("policies/deep", "drafts"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "eve.yaml").write_text(UGLY)
    assert fmt("--check", "policies").out == "policies/deep/eve.yaml\n"
    assert fmt("--check", "policies/deep", "users").out == "policies/deep/eve.yaml\nusers/bob.yaml\n"
    assert fmt("--check", tmp_path / "users").out == f"{tmp_path}/users/bob.yaml\n"
    monkeypatch.chdir(tmp_path / "policies" / "deep")
    assert fmt("--check").out == "eve.yaml\n"
    assert fmt("--check", "..").out == "../deep/eve.yaml\n"
    assert fmt("--check", "../..").out == "../../clawforge.yaml\n../../policies/deep/eve.yaml\n../../users/bob.yaml\n"


def test_a_folder_without_files_of_the_project_is_told(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT + "exclude: [drafts]\n")
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "x.yaml").write_text(UGLY)
    done = fmt("--check", "drafts")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("drafts: warning[no-files]: ")
    assert done.err.endswith("No files.\n")


def test_a_broken_project_file_stops_its_folders(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT + "exlude: [drafts]\n")
    done = fmt("users")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("clawforge.yaml:5:1: error[unknown-field]")
    assert fmt("users/bob.yaml").out == "users/bob.yaml\n"


def test_problems_elsewhere_in_the_project_are_not_told(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to("/etc/hostname")
    assert fmt("--check", "users").err == "1 file would be formatted.\n"
    (tmp_path / "users" / "link.yaml").symlink_to("/etc/hostname")
    assert fmt("--check", "users").err.startswith("users/link.yaml:1:1: error[symlink]")


def test_without_a_project(fmt: Fmt, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").unlink()
    assert fmt("nothing.yaml").code == 1
    done = fmt()
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(".: error[no-project-file]: No project: neither this folder nor one above it holds")
    assert fmt("users/bob.yaml") == Done(0, "users/bob.yaml\n", "1 file formatted.\n")


@pytest.mark.parametrize("text", ["on: push\njobs:  {}\n", "apiVersion: v1\nkind: Role\nrules:  []\n", "- 1\n-   2\n"])
def test_files_of_other_programs_stay_as_they_are(fmt: Fmt, tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(text)
    done = fmt("other.yaml")
    assert (done.code, done.out, file.read_text()) == (0, "", text)
    assert done.err.startswith("other.yaml:1:1: warning[foreign-file]: ")
    assert done.err.endswith("1 file of other programs left alone.\n")
    assert fmt("--check").code == 3


def test_a_file_that_cannot_be_written_does_not_stop_the_others(
    fmt: Fmt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "users" / "amy.yaml").write_text(UGLY)
    replace = os.replace

    def full(source: str | Path, target: str | Path) -> None:
        if Path(target).name == "amy.yaml":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    done = fmt()
    assert (done.code, done.out) == (1, "users/bob.yaml\n")
    assert "users/amy.yaml cannot be written: No space left on device." in done.err
    assert done.err.endswith("1 file formatted, 1 file unchanged, 1 file left alone because of problems.\n")
    assert (tmp_path / "users" / "amy.yaml").read_text() == UGLY
    assert sorted(os.listdir(tmp_path / "users")) == ["amy.yaml", "bob.yaml", "notes.txt"]


@dataclass(frozen=True)
class Filter:
    """The command with `-`, given bytes."""

    fmt: Fmt
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, data: str | bytes, *options: str) -> Done:
        raw = data.encode() if isinstance(data, str) else data
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        return self.fmt("-", *options)


@pytest.fixture
def through(fmt: Fmt, monkeypatch: pytest.MonkeyPatch) -> Filter:
    """Standard input through the command."""
    return Filter(fmt, monkeypatch)


def test_standard_input_is_filtered(through: Filter, tmp_path: Path) -> None:
    assert through(UGLY) == Done(0, TIDY, "")
    assert through(TIDY) == Done(0, TIDY, "")
    assert through(UGLY, "--check") == Done(3, "", "")
    assert through(TIDY, "--check") == Done(0, "", "")
    assert through(TIDY, "--diff") == Done(0, "", "")
    assert through(UGLY, "--diff").out.startswith("--- <stdin>\n+++ <stdin>\n@@ ")
    assert (tmp_path / "users" / "bob.yaml").read_text() == UGLY


@pytest.mark.parametrize(("text", "code", "place"), [
    ("kind: User\na:   [1\n", 3, "<stdin>:3:1: error[yaml-syntax]"),
    ("kind: User\na:   &x 1\n", 3, "<stdin>:2:6: error[yaml-anchor]"),
    ("jobs:   1\n", 0, "<stdin>:1:1: warning[foreign-file]"),
])  # fmt: skip
def test_what_cannot_be_formatted_comes_out_as_it_went_in(through: Filter, text: str, code: int, place: str) -> None:
    done = through(text)
    assert (done.code, done.out) == (code, text)
    assert done.err.startswith(place)
    assert through(text, "--check") == Done(code, "", done.err)


def test_standard_input_may_be_anything(through: Filter) -> None:
    large = "# é\n" * (DEFAULT_LIMITS.max_bytes // 4)
    done = through(large)
    assert (done.code, done.out == large) == (3, True)
    assert done.err.startswith("<stdin>:1:1: error[yaml-too-large]")
    assert through("") == Done(0, "", "")


def test_standard_input_may_be_closed(fmt: Fmt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    done = fmt("-")
    assert (done.code, done.out) == (1, "")
    assert "Standard input or output is closed." in done.err


def test_standard_input_stands_alone(fmt: Fmt) -> None:
    done = fmt("-", "users/bob.yaml")
    assert (done.code, done.out) == (1, "")
    assert "`-` stands for standard input alone." in done.err


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
