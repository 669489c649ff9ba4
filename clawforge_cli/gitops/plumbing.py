"""Git's plumbing commands in the repository around a project, without any program that somebody else chose.

The rules of `objects` hold here too. What writes are commands that look at neither the index of the user nor the work
tree: no filter, monitor or hook runs, and nothing is fetched. Only a signature runs a program, that of the user, and
only where one is asked for (`signing`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import ClawforgeError, InputError
from clawforge_cli.gitops.objects import safe_environment

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "index.sparse=false",
    "i18n.commitEncoding=UTF-8",
    "log.showSignature=false",
)
"""Said on the command line, so that they win over what the repository's own configuration says."""
_SECONDS = 120
_SIGNING_SECONDS = 300
"""Somebody may have to type a phrase, or to touch a key."""


class GitFailedError(ClawforgeError):
    """A git command ended with an error; the message is git's own."""

    code = "git-failed"


def clean_environment() -> dict[str, str]:
    """Where programs are found, and nothing that says git what to do: variables of git name other repositories where
    this runs below one of its hooks."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, **safe_environment(), "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}


def user_environment() -> dict[str, str]:
    """The user's own variables without those by which git would look at another repository or index."""
    foreign = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
    others = (*foreign, "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES")
    return {name: value for name, value in os.environ.items() if name not in others}


@dataclass(frozen=True, slots=True)
class Plumbing:
    """Runs git in the repository whose work tree is around `root`; `prefix` is the project's folder in it, with a slash
    at its end, or nothing."""

    root: Path
    prefix: bytes

    @classmethod
    def around(cls, root: Path) -> Plumbing:
        """Raises InputError if no git repository with a work tree is there."""
        if not root.is_dir():
            raise InputError(f"{root} is no directory.")
        found = cls(root, b"")
        try:
            inside, prefix = found.run("rev-parse", "--is-inside-work-tree", "--show-prefix").split(b"\n", 1)
        except GitFailedError as error:
            raise InputError(
                f"{root} lies in no git repository that can be used: {error.message}",
                hint="Leave --branch and --patch out to change the files themselves.",
                code="no-repository",
            ) from error
        if inside != b"true":
            raise InputError(f"{root} lies in no work tree of git.", code="no-repository")
        return cls(root, prefix.removesuffix(b"\n"))

    def run(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        more: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
    ) -> bytes:
        """Standard output. Raises GitFailedError, and ClawforgeError where there is no git."""
        return _output(
            self.root, arguments, settings=settings, stdin=stdin, environment={**clean_environment(), **(more or {})}
        )

    def line(self, *arguments: str | bytes, stdin: bytes = b"", more: Mapping[str, str] | None = None) -> str:
        """The one line that a command prints."""
        return self.run(*arguments, stdin=stdin, more=more).decode("ascii", "replace").strip()

    def found(self, name: str) -> str | None:
        """The id of the commit that a name means; None if there is none."""
        try:
            return self.line("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}") or None
        except GitFailedError:
            return None

    def holds(self, *arguments: str) -> bool:
        """Whether a command that only answers yes or no says yes."""
        try:
            self.run(*arguments)
        except GitFailedError:
            return False
        return True

    def sign(self, *arguments: str, stdin: bytes, more: Mapping[str, str]) -> bytes:
        """As `run`, for `commit-tree -S` alone: with the user's own configuration, and the program for signatures that
        it names. Raises GitFailedError."""
        fixed = {name: value for name, value in safe_environment().items() if not name.startswith("GIT_CONFIG_")}
        environment = {**user_environment(), **fixed, **more}
        return _output(
            self.root, arguments, settings=(), stdin=stdin, environment=environment, seconds=_SIGNING_SECONDS
        )


def _output(
    root: Path,
    arguments: Sequence[str | bytes],
    *,
    settings: Sequence[str],
    stdin: bytes,
    environment: Mapping[str, str],
    seconds: int = _SECONDS,
) -> bytes:
    options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    command = ["git", *options, *arguments]
    try:
        done = subprocess.run(
            command, cwd=root, env=dict(environment), input=stdin, capture_output=True, timeout=seconds, check=False
        )
    except FileNotFoundError as error:
        raise ClawforgeError("There is no program `git` here.", hint="Install git.", code="no-git") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailedError(f"git {_name(arguments)} took longer than {seconds} s and was ended.") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit status {done.returncode}"
        raise GitFailedError(f"git {_name(arguments)}: {said}")
    return done.stdout


def _name(arguments: Sequence[str | bytes]) -> str:
    first = arguments[0]
    return first if isinstance(first, str) else first.decode("ascii", "replace")
