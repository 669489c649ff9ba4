"""Who the local git says that its user is, and whether commits are to be signed."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import InputError
from clawforge_cli.gitops.plumbing import user_environment

_PROGRAMS = re.compile(r"^gpg\.((openpgp|x509|ssh)\.)?program$|^gpg\.ssh\.defaultkeycommand$")
"""Settings that name a program which git would run for a signature."""
_OWN_SCOPES = ("system", "global", "command")
_WRITTEN = re.compile(r"\s*([^<>]*[^<>\s])\s*<([^<>\s]+@[^<>\s]+)>\s*")


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an address, as a commit has them."""

    name: str
    email: str

    @classmethod
    def parse(cls, text: str) -> Person:
        """From `Ann Example <ann@acme.example>`. Raises InputError."""
        match = _WRITTEN.fullmatch(text)
        if match is None or not text.isprintable():
            raise InputError(
                f"{text!r} is no author.", hint="Write it as a commit has it: 'Ann Example <ann@acme.example>'."
            )
        return cls(match[1], match[2])


def configured_email(directory: Path) -> str | None:
    """`user.email` as git has it for this directory, which need not exist yet; None if git or the setting is absent.

    Reading a setting runs no program that a repository's configuration names.
    """
    return _setting(directory, "user.email")


def configured_person(directory: Path) -> Person | None:
    """Who commits here: the variables that git heeds, else its settings; None if either part is missing."""
    name = os.environ.get("GIT_AUTHOR_NAME") or _setting(directory, "user.name")
    email = os.environ.get("GIT_AUTHOR_EMAIL") or _setting(directory, "user.email")
    return Person(name, email) if name and email else None


def signs_commits(directory: Path) -> bool:
    """Whether git is set to sign every commit made here."""
    return _setting(directory, "commit.gpgsign", "--type=bool") == "true"


def require_own_signing_program(directory: Path) -> None:
    """Raise InputError if the repository's own configuration names the program that makes signatures, or git does not
    say whether: whoever made the repository would have chosen what runs here."""
    said = _output(directory, "--show-scope", "--null", "--name-only", "--list")
    if said is None:
        raise InputError(
            "Git does not say which settings are the repository's own, so nothing is signed here: its program for "
            "signatures might be one of them.",
            hint="Does `git config --show-scope --list` work there? It needs git 2.26. A patch is never signed.",
            code="unknown-signing-program",
        )
    parts = said.split("\0")
    for scope, name in zip(parts[::2], parts[1::2], strict=False):
        if _PROGRAMS.match(name) and scope not in _OWN_SCOPES:
            raise InputError(
                f"The configuration of the repository names a program for signatures ({name}); it is not run.",
                hint="Set it for yourself, with `git config --global`, or propose a patch, which is not signed.",
                code="foreign-signing-program",
            )


def _setting(directory: Path, name: str, *options: str) -> str | None:
    said = _output(directory, *options, "--get", name)
    return None if said is None else said.strip() or None


def _output(directory: Path, *arguments: str) -> str | None:
    inside = next((folder for folder in (directory, *directory.absolute().parents) if folder.is_dir()), Path())
    try:
        done = subprocess.run(
            ["git", "config", *arguments],
            cwd=inside,
            env=_environment(),
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _environment() -> dict[str, str]:
    """That of the commands that make commits: they look at the repository of the directory, whatever a hook around
    them says, and know nothing of GIT_CONFIG, which is a variable of `git config` alone."""
    return {name: value for name, value in user_environment().items() if name != "GIT_CONFIG"}
