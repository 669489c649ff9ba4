"""Runs the git binary with an environment that nobody else has a say in, within bounds of time and space."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MOST_OUTPUT = 64 * 1024 * 1024
_FIRST_LOOK, _LOOK_EVERY = 0.002, 0.05

_SETTINGS = {
    "advice.detachedHead": "false",
    "core.alternateRefsCommand": "",
    "core.attributesFile": os.devnull,
    "core.bigFileThreshold": "1m",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "credential.helper": "",
    "fetch.fsckObjects": "true",
    "fetch.unpackLimit": "1",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "http.sslVerify": "true",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "transfer.fsckObjects": "true",
}


class ExceededError(Exception):
    """The process took more than it may, and was stopped. `what` is time, space or output."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True, slots=True)
class Done:
    """A process that ended. `errors` is what it said to people, for nobody to see as it is."""

    code: int
    output: bytes
    errors: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a process may take: seconds, and bytes that the watched folder may grow to."""

    seconds: float
    folder: Path | None = None
    size: int = 0


class Git:
    """Git in one bare repository. Whoever runs it says which transport may leave the machine, by default none."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def environment(self, transport: str, settings: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
        """All that git and what it starts get to see. Settings go this way too, because everybody can see arguments."""
        pairs = [*_SETTINGS.items(), *settings.items()]
        counted = {"GIT_CONFIG_COUNT": str(len(pairs))}
        for number, (key, value) in enumerate(pairs):
            counted[f"GIT_CONFIG_KEY_{number}"], counted[f"GIT_CONFIG_VALUE_{number}"] = key, value
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            # Nobody's .netrc and .ssh; temporary files where the next start clears them away.
            "HOME": os.fspath(self.directory / "home"),
            "TMPDIR": os.fspath(self.directory / "tmp"),
            "LC_ALL": "C",
            "GIT_ALLOC_LIMIT": "256m",
            "GIT_ALLOW_PROTOCOL": transport,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": os.fspath(self.directory),
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            **counted,
            **more,
        }

    def run(
        self,
        arguments: Sequence[str],
        bounds: Bounds,
        *,
        transport: str = "none",
        settings: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        keep_open: tuple[int, ...] = (),
    ) -> Done:
        """Raises ExceededError, and OSError if git cannot be started. `keep_open` are descriptors that the process
        holds until it ends, even if this one ends before it."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as errors,
        ):
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(
                ["git", *arguments],
                cwd=self.directory,
                env=self.environment(transport, settings or {}, more or {}),
                stdin=given,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                pass_fds=keep_open,
            )
            try:
                _watch(process, bounds, (output, errors))
            finally:
                _end(process)
            return Done(process.returncode, _read(output), _read(errors).decode("utf-8", "replace"))


def _watch(process: subprocess.Popen[bytes], bounds: Bounds, outputs: Sequence[BinaryIO]) -> None:
    end = time.monotonic() + bounds.seconds
    look = _FIRST_LOOK
    while True:
        try:
            process.wait(look)
            break
        except subprocess.TimeoutExpired:
            look = min(2 * look, _LOOK_EVERY)
        _check(bounds, outputs)
        if time.monotonic() > end:
            raise ExceededError("time")
    _check(bounds, outputs)


def _check(bounds: Bounds, outputs: Sequence[BinaryIO]) -> None:
    if any(os.fstat(item.fileno()).st_size > _MOST_OUTPUT for item in outputs):
        raise ExceededError("output")
    if bounds.folder is not None and folder_size(bounds.folder) > bounds.size:
        raise ExceededError("space")


def folder_size(folder: Path) -> int:
    """Bytes of the files in a folder and one level below it."""
    total = 0
    for entry in _entries(folder):
        try:
            total += sum(item.stat().st_size for item in _entries(entry)) if entry.is_dir() else entry.stat().st_size
        except OSError:
            continue  # it was temporary
    return total


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """Whatever the process started ends with it. One that ended by itself has waited for what it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()
