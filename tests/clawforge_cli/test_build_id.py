"""What a program is: the same while nothing changes, and another after every edit and installation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import pytest

import clawforge
from clawforge_cli import build_id as module
from clawforge_cli.build_id import build_id as build_id_at

LATER = 10**10
"""Nanoseconds after which files count as settled."""


def build_id(packages: Path) -> str:
    found = build_id_at(packages, now_ns=time.time_ns() + LATER)
    assert found is not None
    return found


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name in ("clawforge/lint/rules", "clawforge_cli/views"):
        (tmp_path / "lib" / name).mkdir(parents=True)
        (tmp_path / "lib" / name / "a.py").write_text("x = 1\n")
    return tmp_path / "lib"


def test_it_stays_while_nothing_changes(packages: Path) -> None:
    assert build_id(packages) == build_id(packages)
    (packages / "clawforge" / "__pycache__").mkdir()
    before = build_id(packages)
    (packages / "clawforge" / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert build_id(packages) == before


def test_it_is_the_same_in_every_process() -> None:
    command = [sys.executable, "-c", "from clawforge_cli.build_id import build_id; print(build_id(now_ns=2**63))"]
    said = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(said) == 1


def keep_times(path: Path, text: str) -> None:
    """An edit of the same size that takes back the time of the last change, as some tools do."""
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


EDITS: dict[str, Callable[[Path], object]] = {
    "other text": lambda file: file.write_text("x = 22\n"),
    "same size, same time": lambda file: keep_times(file, "x = 2\n"),
    "removed": lambda file: file.unlink(),
    "renamed": lambda file: file.rename(file.with_name("b.py")),
    "added": lambda file: file.with_name("b.py").write_text(""),
    "data added": lambda file: file.with_name("words.txt").write_text(""),
}


@pytest.mark.parametrize("folder", ["clawforge/lint/rules", "clawforge_cli/views"])
@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_of_our_own_files_makes_another(packages: Path, folder: str, edit: str) -> None:
    before = build_id(packages)
    EDITS[edit](packages / folder / "a.py")
    assert build_id(packages) != before


def test_a_version_makes_another(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build_id(packages)
    monkeypatch.setattr(module, "__version__", f"{clawforge.__version__}.post1")
    assert build_id(packages) != before


def test_an_interpreter_makes_another(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build_id(packages)
    monkeypatch.setattr(sys, "version", sys.version + " patched")
    assert build_id(packages) != before


def test_an_installed_or_upgraded_dependency_makes_another(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    (site / "pydantic-2.12.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(site)
    before = build_id(packages)
    (site / "pydantic-2.12.0.dist-info").rename(site / "pydantic-2.13.0.dist-info")
    after = build_id(packages)
    assert after != before
    (site / "pydantic-2.13.0.dist-info" / "RECORD").write_text("pydantic/main.py,sha256=other,1\n")
    assert build_id(packages) != after


def test_the_same_program_installed_again_is_the_same(packages: Path, tmp_path: Path) -> None:
    shutil.copytree(packages, tmp_path / "again")
    assert build_id(packages) == build_id(tmp_path / "again")


def test_a_dangling_link_is_no_part_of_it(packages: Path) -> None:
    before = build_id(packages)
    (packages / "clawforge" / ".#a.py").symlink_to("nobody@nowhere")
    assert build_id(packages) == before


def test_a_program_that_is_being_changed_has_none(packages: Path) -> None:
    assert build_id_at(packages, now_ns=time.time_ns()) is None
    assert build_id_at(packages, now_ns=0) is None


def test_other_time_zones_make_another(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zones = tmp_path / "zoneinfo"
    zones.mkdir()
    (zones / "tzdata.zi").write_text("# version 2026a\n")
    before = build_id(packages)
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(zones),))
    first = build_id(packages)
    (zones / "tzdata.zi").write_text("# version 2026bb\n")
    assert len({before, first, build_id(packages)}) == 3


def test_a_program_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        build_id(tmp_path / "nowhere")
