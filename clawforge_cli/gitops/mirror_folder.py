"""The folder of a mirror: made, locked, cleared of what a killed process left, and thrown away when it is damaged."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clawforge_cli.gitops.source_error import FetchError
from clawforge_cli.gitops.trusted_keys import HOME_PREFIX

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_FOLDERS = ("objects/info", "objects/pack", "refs/clawforge", "tmp")
_WAIT_SECONDS = 20.0
_OLD_SECONDS = 24 * 60 * 60
_OF_OTHERS = ("tmp/*", "gpg-*", f"{HOME_PREFIX}*")
HEAD_REF = "refs/clawforge/head"


def make_folder(directory: Path) -> None:
    """The empty repository, if it is not there, without what `git init` would copy. Raises FetchError."""
    try:
        for place in (directory.parent, directory):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_owner(directory)
        for name in _FOLDERS:
            (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in (("config", _CONFIG), ("HEAD", f"ref: {HEAD_REF}\n")):
            _write(directory / name, text)
    except OSError as error:
        raise unusable(directory, error) from error


def _write(path: Path, text: str) -> None:
    """It is ours to say; a killed process never leaves half of it."""
    if not path.is_file() or path.read_bytes() != text.encode():
        pending = path.with_name(f"{path.name}.{os.getpid()}")
        pending.write_text(text)
        pending.replace(path)


def unusable(directory: Path, error: OSError) -> FetchError:
    """The state directory cannot be written."""
    return FetchError(
        f"The mirror {directory} cannot be written: {error.strerror}.",
        code="state-unusable",
        hint="Give the reconciler a state directory that it may write, with room on the disk.",
        waiting=True,
    )


def _check_owner(directory: Path) -> None:
    """Who can write into the mirror could choose what git runs and what it finds."""
    for place in (directory, directory.parent):
        found = place.lstat()
        sticky = bool(found.st_mode & stat.S_ISVTX) and place is not directory
        if stat.S_ISLNK(found.st_mode) or (
            not sticky and (found.st_uid not in {os.geteuid(), 0} or found.st_mode & 0o022)
        ):
            raise FetchError(
                f"{place} is a link, belongs to another user, or can be written by others.",
                code="state-unsafe",
                hint=f"Use a state directory of the reconciler's own: chmod 700 {place}",
                waiting=False,
            )


@contextmanager
def locked(directory: Path) -> Iterator[int]:
    """The right to fetch into a mirror; the descriptor holds it for whoever inherits it, also after a kill.

    Raises FetchError if another process has it for long.
    """
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, directory)
        _clear(directory)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, directory: Path) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() > end:
                raise FetchError(
                    f"Another process fetches into the mirror {directory}.",
                    code="mirror-busy",
                    hint="Give each reconciler a state directory of its own.",
                    waiting=True,
                ) from error
            time.sleep(0.05)


def _clear(directory: Path) -> None:
    """Whoever holds the lock knows that these belong to processes that are no more."""
    leftovers = [*directory.glob("refs/**/*.lock"), *directory.glob("*.lock"), *directory.glob("objects/pack/tmp_*")]
    # Others may be verifying just now, which needs no lock.
    leftovers += [path for name in _OF_OTHERS for path in directory.glob(name) if _age(path) > _OLD_SECONDS]
    for path in leftovers:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _age(path: Path) -> float:
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0


def forget(directory: Path) -> None:
    """Throw away what was fetched."""
    for name in ("objects", "refs"):
        shutil.rmtree(directory / name, ignore_errors=True)
    for name in ("packed-refs", "shallow"):
        with suppress(OSError):
            (directory / name).unlink(missing_ok=True)


def restore(directory: Path, head: str | None, packs: Collection[Path]) -> None:
    """Undo a fetch that took more than it may, and may have come to its end before it could be stopped: the ref is what
    it was, and packs that were not there go."""
    with suppress(OSError):
        if head is None:
            (directory / HEAD_REF).unlink(missing_ok=True)
        else:
            _write(directory / HEAD_REF, f"{head}\n")
    for pack in set(packs_of(directory)) - set(packs):
        for part in directory.glob(f"objects/pack/{pack.stem}.*"):
            with suppress(OSError):
                part.unlink()


def packs_of(directory: Path) -> list[Path]:
    """The packs of objects, of which each has an index beside it."""
    return list(directory.glob("objects/pack/*.pack"))


def known_head(directory: Path) -> str | None:
    """The commit that was fetched last; None if there is none."""
    try:
        return (directory / HEAD_REF).read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
