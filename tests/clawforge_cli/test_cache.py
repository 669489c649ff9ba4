"""A directory of answers: what was put there comes back or nothing does, whatever stands in the directory."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
import time
from hashlib import sha256
from pathlib import Path

import pytest

from clawforge_cli.cache import Cache, CacheLimits

NAME = sha256(b"x").hexdigest()
OTHER = sha256(b"y").hexdigest()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "parent" / "lint"


def test_what_was_put_comes_back(directory: Path) -> None:
    cache = Cache(directory)
    assert cache.get(NAME) is None
    for content in (b"", b"one", b"two" * 1000):
        cache.put(NAME, content)
        assert cache.get(NAME) == content
        assert Cache(directory).get(NAME) == content
    assert cache.get(OTHER) is None
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / NAME).stat().st_mode) == 0o600
    assert [entry.name for entry in directory.iterdir()] == [NAME]


def test_every_changed_byte_is_noticed(directory: Path) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    file = directory / NAME
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert cache.get(NAME) is None
        file.write_bytes(whole[:at])
        assert cache.get(NAME) is None
    file.write_bytes(whole + b" ")
    assert cache.get(NAME) is None
    cache.put(NAME, b"content")
    assert cache.get(NAME) == b"content"


def test_an_answer_under_another_name_is_none(directory: Path) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    (directory / NAME).rename(directory / OTHER)
    assert cache.get(OTHER) is None


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_directory_that_others_may_write_is_not_used(directory: Path, mode: int) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    directory.chmod(mode)
    assert cache.get(NAME) is None
    cache.put(OTHER, b"content")
    assert not (directory / OTHER).exists()


def test_a_file_that_others_may_write_is_not_used(directory: Path) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    (directory / NAME).chmod(0o622)
    assert cache.get(NAME) is None


def test_what_belongs_to_somebody_else_is_not_used(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    assert cache.get(NAME) is None


def test_links_pipes_and_folders_are_no_answers(directory: Path, tmp_path: Path) -> None:
    cache = Cache(directory)
    cache.put(NAME, b"content")
    file = directory / NAME
    moved = file.rename(tmp_path / "real")
    file.symlink_to(moved)
    assert cache.get(NAME) is None
    file.unlink()
    os.mkfifo(file)
    assert cache.get(NAME) is None
    file.unlink()
    file.mkdir()
    assert cache.get(NAME) is None
    cache.put(NAME, b"content")
    assert cache.get(NAME) is None
    assert not list(directory.glob("*.new"))


def test_a_linked_directory_is_not_used(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    directory.parent.mkdir()
    directory.symlink_to(tmp_path / "elsewhere")
    Cache(directory).put(NAME, b"content")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("blocked", ["directory", "parent"])
def test_where_nothing_can_be_kept_nothing_is(directory: Path, blocked: str) -> None:
    if blocked == "directory":
        directory.parent.mkdir()
        directory.write_text("a file")
    else:
        directory.parent.write_text("a file")
    Cache(directory).put(NAME, b"content")
    assert Cache(directory).get(NAME) is None


def test_a_full_disk_leaves_nothing_behind(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(directory)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    cache.put(NAME, b"content")
    assert not list(directory.iterdir())


def test_what_is_used_least_goes_first(directory: Path) -> None:
    cache = Cache(directory, CacheLimits(max_entries=3))
    names = [sha256(bytes([at])).hexdigest() for at in range(5)]
    (directory.parent).mkdir()
    directory.mkdir(mode=0o700)
    foreign = directory / "notes.txt"
    foreign.write_text("not ours")
    for name in names[:3]:
        cache.put(name, b"content")
        time.sleep(0.01)
    assert cache.get(names[0]) == b"content"
    time.sleep(0.01)
    cache.put(names[3], b"content")
    assert [cache.get(name) is not None for name in names] == [True, False, True, True, False]
    assert foreign.exists()


def test_a_writer_that_was_killed_is_cleaned_up_after(directory: Path) -> None:
    cache = Cache(directory, CacheLimits(max_entries=2))
    cache.put(NAME, b"content")
    left = directory / f"{NAME}.{'0' * 16}.new"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    cache.put(OTHER, b"content")
    assert sorted(entry.name for entry in directory.iterdir()) == sorted([NAME, OTHER])


def test_the_size_is_bounded(directory: Path) -> None:
    cache = Cache(directory, CacheLimits(max_entry=1000, max_bytes=2500))
    cache.put(NAME, b"x" * 1000)
    assert cache.get(NAME) is None
    for at in range(9):
        cache.put(sha256(bytes([at])).hexdigest(), b"x" * 800)
        assert sum(entry.stat().st_size for entry in directory.iterdir()) <= 2500
    (directory / NAME).write_bytes(b"x" * 2000)
    assert cache.get(NAME) is None


WORKER = """
import hashlib, random, sys
from pathlib import Path
from clawforge_cli.cache import Cache, CacheLimits

cache = Cache(Path(sys.argv[1]), CacheLimits(max_entries=8))
choose = random.Random(int(sys.argv[2]))
hits = 0
for _ in range(150):
    seed = str(choose.randrange(12))
    name = hashlib.sha256(seed.encode()).hexdigest()
    found = cache.get(name)
    if found is None:
        cache.put(name, seed.encode() * 20_000)
    elif found == seed.encode() * 20_000:
        hits += 1
    else:
        sys.exit("a wrong answer")
print(hits)
"""


def test_sixteen_processes_at_once_get_right_answers(directory: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(WORKER), str(directory)]
    workers = [
        subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for seed in range(16)
    ]
    said = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 16, said
    assert sum(int(out) for out, _ in said) > 500
    assert len(list(directory.iterdir())) <= 8 + 16
    assert not list(directory.glob("*.new"))
