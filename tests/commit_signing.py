"""Keys of people who sign commits, made for a test by ssh-keygen and gpg."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from git_repository import START, Repository

PATH = os.environ["PATH"]


@dataclass(frozen=True)
class SshSigner:
    """Somebody with an SSH key."""

    name: str
    key: Path

    @classmethod
    def make(cls, folder: Path, name: str) -> SshSigner:
        """With a new key."""
        key = folder / name.partition("@")[0]
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)])
        return cls(name, key)

    @property
    def public(self) -> str:
        """The public key, in one line."""
        return self.key.with_name(f"{self.key.name}.pub").read_text().strip()

    def allowed(self, options: str = 'namespaces="git"') -> str:
        """The line of an allowed signers file."""
        return f"{self.name} {options} {self.public}\n"

    @property
    def settings(self) -> tuple[str, ...]:
        """What git is told so that this person signs."""
        return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.key}")


@dataclass(frozen=True)
class GpgSigner:
    """Somebody with a GPG key in a keyring of their own."""

    name: str
    home: Path
    fingerprint: str

    @classmethod
    def make(cls, home: Path, name: str, *, expires: str = "never", at: dt.datetime | None = None) -> GpgSigner:
        """With a new key; `at` is when it was made."""
        home.mkdir(mode=0o700)
        clock = () if at is None else (f"--faked-system-time={at:%Y%m%dT%H%M%S}",)
        gpg(home, *clock, "--passphrase", "", "--quick-generate-key", f"Eve <{name}>", "ed25519", "sign", expires)
        listed = gpg(home, "--with-colons", "--list-keys").decode().splitlines()
        return cls(name, home, next(line.split(":")[9] for line in listed if line.startswith("fpr")))

    def export(self) -> bytes:
        """The public key, armored."""
        return gpg(self.home, "--armor", "--export")

    def stop(self) -> None:
        """End the agent that gpg started."""
        run(["gpgconf", "--kill", "all"], GNUPGHOME=str(self.home))

    @property
    def settings(self) -> tuple[str, ...]:
        """What git is told so that this person signs."""
        return ("-c", "gpg.format=openpgp", "-c", f"user.signingkey={self.fingerprint}")


Signer = SshSigner | GpgSigner


def signed_commit(made: Repository, message: str, signer: Signer | None, *options: str, at: dt.datetime = START) -> str:
    """Commit everything as it is, signed by somebody or by nobody; the id."""
    made.git("add", "-A")
    settings, sign = ((), ("--no-gpg-sign",)) if signer is None else (signer.settings, ("-S",))
    more = {"PATH": PATH}
    if isinstance(signer, GpgSigner):
        more["GNUPGHOME"] = str(signer.home)
    made.git(*settings, "commit", "-q", "--allow-empty", *sign, "-m", message, *options, at=at, **more)
    return made.git("rev-parse", "HEAD")


def gpg(home: Path, *arguments: str) -> bytes:
    """What gpg prints."""
    return run(["gpg", "--batch", "--quiet", *arguments], GNUPGHOME=str(home))


def run(command: list[str], **more: str) -> bytes:
    """What a program prints, which must succeed."""
    return subprocess.run(command, env={"PATH": PATH, **more}, capture_output=True, check=True).stdout
