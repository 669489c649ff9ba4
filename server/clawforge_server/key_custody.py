"""Where the master key comes from: a file, a variable of the environment, or a command such as a KMS's client."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from clawforge_server.data_dir import DataDirectory, write_whole
from clawforge_server.sealing import MasterKey, Seal
from clawforge_server.startup_error import StartupError

VARIABLE = "CLAWFORGE_MASTER_KEY"
_COMMAND_SECONDS = 30
_LARGEST = 4_096
_SHAPE = "A master key is 32 random bytes in base64: `openssl rand -base64 32` makes one."


class KeyCustody(Protocol):
    """Gives the seal of this server."""

    def seal(self, *, may_create: bool) -> Seal:
        """`may_create`: nothing was sealed yet, so a master key may be made. Raises StartupError."""


class FileCustody:
    """A file for the server's user alone; in the data directory it is made at the first start."""

    def __init__(self, file: Path, *, creates: bool) -> None:
        self._file = file
        self._creates = creates

    def seal(self, *, may_create: bool) -> Seal:
        """The seal with the file's key. Raises StartupError."""
        try:
            return Seal(_parsed(_read_private(self._file), f"The file {self._file}"))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StartupError(
                f"The master key {self._file} cannot be read: {error.strerror or error}.",
                hint="The server's user must own it.",
            ) from error
        if not (may_create and self._creates):
            raise StartupError(
                f"The master key {self._file} is missing, and private keys are sealed with it."
                if not may_create
                else f"The master key {self._file} does not exist.",
                hint="Put the file back from where you keep it; without it nothing can be signed."
                if not may_create
                else _SHAPE,
            )
        master = MasterKey.random()
        try:
            write_whole(self._file, master.text() + "\n")
        except OSError as error:
            raise StartupError(
                f"The master key cannot be written to {self._file}: {error.strerror or error}.",
                hint="Make room, or name another place with --master-key-file.",
            ) from error
        return Seal(master)


class CommandCustody:
    """What a command prints. It gets no shell and ends within 30 seconds."""

    def __init__(self, command: str) -> None:
        self._command = command

    def seal(self, *, may_create: bool) -> Seal:
        """The seal with the printed key. Raises StartupError."""
        words = self._words()
        try:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else error.strerror or str(error)
            raise StartupError(
                f"The master key's command {words[0]!r} failed: {why}.", hint="Run it by hand."
            ) from error
        if done.returncode != 0 or len(done.stdout) > _LARGEST:
            raise StartupError(
                f"The master key's command {words[0]!r} ended with {done.returncode} and gave no key.",
                hint="Run it by hand as the server's user: it must print the key in base64 and nothing else.",
            )
        return Seal(_parsed(done.stdout.decode("ascii", "replace"), f"The command {words[0]!r}"))

    def _words(self) -> list[str]:
        try:
            words = shlex.split(self._command)
        except ValueError:
            words = []
        if not words:
            raise StartupError("--master-key-command is no command line.", hint="Check its quotes.")
        return words


class TextCustody:
    """The key itself, from the environment."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "TextCustody(********)"

    def seal(self, *, may_create: bool) -> Seal:
        """The seal with the key. Raises StartupError."""
        return Seal(_parsed(self._text, f"The variable {VARIABLE}"))


def choose_custody(
    directory: DataDirectory, environment: Mapping[str, str], *, file: Path | None, command: str | None
) -> KeyCustody:
    """The source that was named; the data directory's own file if none was. Raises StartupError for several."""
    text = environment.get(VARIABLE)
    if (file is not None) + (command is not None) + (text is not None) > 1:
        raise StartupError(
            "The master key has several sources.",
            hint=f"Give one of --master-key-file, --master-key-command and {VARIABLE}.",
        )
    if command is not None:
        return CommandCustody(command)
    if text is not None:
        return TextCustody(text)
    if file is not None:
        return FileCustody(file, creates=False)
    return FileCustody(directory.master_key, creates=True)


def _parsed(text: str, source: str) -> MasterKey:
    try:
        return MasterKey.parse(text)
    except ValueError as error:
        raise StartupError(f"{source} holds no master key: {error}.", hint=_SHAPE) from error


def _read_private(file: Path) -> str:
    """The file's text. Raises OSError, and StartupError for a file that others may read."""
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        state = os.fstat(stream.fileno())
        if stat.S_ISREG(state.st_mode) and state.st_mode & 0o077:
            raise StartupError(
                f"Others than its owner may read the master key {file}.", hint=f"Run `chmod 600 {file}`."
            )
        return stream.read(_LARGEST).decode("ascii", "replace")
