"""What is shipped: the wheel's contents, and lock files that anybody can use and read."""

from __future__ import annotations

import re
import tomllib
import zipfile
from pathlib import Path

import pytest

import clawforge

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {
    "clawforge": ROOT / "clawforge",
    "clawforge_cli": ROOT / "clawforge_cli",
    "clawforge_server": ROOT / "server" / "clawforge_server",
}
LOCKS = ("requirements/run.txt", "requirements/dev.txt")


@pytest.fixture(scope="module")
def shipped(built_wheel: Path) -> frozenset[str]:
    """Names of all files in the wheel, its own metadata left out."""
    with zipfile.ZipFile(built_wheel) as archive:
        return frozenset(name for name in archive.namelist() if ".dist-info/" not in name)


def test_the_wheel_holds_exactly_three_packages(shipped: frozenset[str]) -> None:
    assert {name.split("/")[0] for name in shipped} == set(PACKAGES)


def test_the_wheel_holds_every_file_of_the_sources_and_no_test(shipped: frozenset[str]) -> None:
    expected = {
        f"{package}/{file.relative_to(directory).as_posix()}"
        for package, directory in PACKAGES.items()
        for file in directory.rglob("*")
        if file.suffix in {".py", ".typed", ".json", ".mako"} and "__pycache__" not in file.parts
    }
    assert expected <= shipped
    tests = [name for name in shipped if re.search(r"(^|/)(tests?/|test_[^/]*\.py$|conftest\.py$)", name)]
    assert tests == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_directory_with_code_is_a_package(package: str) -> None:
    """import-linter skips a directory without `__init__.py`: nothing would hold its imports."""
    missing = {file.parent for file in PACKAGES[package].rglob("*.py")} - {
        file.parent for file in PACKAGES[package].rglob("__init__.py")
    }
    assert missing == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(shipped: frozenset[str], package: str) -> None:
    assert f"{package}/py.typed" in shipped


def test_the_program_and_the_licence_are_in_the_metadata(built_wheel: Path) -> None:
    with zipfile.ZipFile(built_wheel) as archive:
        files = {name.split("/", 1)[1]: name for name in archive.namelist() if ".dist-info/" in name}
        scripts = archive.read(files["entry_points.txt"]).decode()
        metadata = archive.read(files["METADATA"]).decode()
    assert "clawforge = clawforge_cli.__main__:main" in scripts
    assert "License-Expression: MIT" in metadata
    assert "licenses/LICENSE" in files


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == clawforge.__version__


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|(^|[\s@])[./~]*/\w|^\s*(-i|-f|-e|--(?!hash=))", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_is_exact_and_hashed(lock: str) -> None:
    entries = _entries(ROOT / lock)
    assert entries
    for name, entry in entries.items():
        assert re.match(r"[a-z0-9-]+==\S+", entry), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name


def test_the_smaller_lock_is_a_part_of_the_larger() -> None:
    """The pins agree; a marker may be narrower, where only a development tool needs the package elsewhere."""
    run, dev = ({entry.split()[0] for entry in _entries(ROOT / lock).values()} for lock in LOCKS)
    assert run <= dev


@pytest.mark.parametrize(("lock", "extras"), [(LOCKS[0], ["server"]), (LOCKS[1], ["server", "dev"])])
def test_every_dependency_is_locked(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    names = {_normalised(re.split(r"[<>=!~;\[ ]", requirement)[0]) for requirement in wanted}
    assert names <= _entries(ROOT / lock).keys()


def _entries(lock: Path) -> dict[str, str]:
    """Name to whole entry (pin, marker, hashes) of a lock file."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    entries = re.split(r"\n(?=\S)", "\n".join(lines))
    return {entry.split("==")[0]: entry for entry in entries}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
