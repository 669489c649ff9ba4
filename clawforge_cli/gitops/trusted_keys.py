"""The keys that a reconciler trusts, as git is to be told of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from clawforge.reconcile.source_settings import Trust
from clawforge_cli.gitops.source_error import UntrustedCommitError

_LARGEST = 16 * 1024 * 1024
_SECONDS = 60
# Every key in the keyring counts, because whoever wrote the configuration put it there; nothing is asked of anybody.
_GPG_SETTINGS = "trust-model always\nno-autostart\nno-auto-key-retrieve\nno-auto-key-locate\nbatch\nno-tty\n"


HOME_PREFIX = "keys-"
"""How folders of gpg in a mirror begin."""


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Settings of git, and the folder of gpg."""

    settings: dict[str, str]
    gpg_home: Path


def trusted_keys(trust: Trust, directory: Path) -> TrustedKeys:
    """`directory` belongs to the mirror. Raises UntrustedCommitError if the keys cannot be used."""
    for name in (trust.allowed_signers, trust.revoked_signers):
        if name is not None:
            _read(name)
    keyring = b"" if trust.gpg_keyring is None else _read(trust.gpg_keyring)
    settings = {
        "gpg.minTrustLevel": "undefined",
        "gpg.program": "gpg",
        "gpg.ssh.program": "ssh-keygen",
        "gpg.ssh.allowedSignersFile": trust.allowed_signers or os.devnull,
        # Certificates of gitsign are checked against a log on the net; nothing here can do that.
        "gpg.x509.program": os.devnull,
    }
    if trust.revoked_signers is not None:
        settings["gpg.ssh.revocationFile"] = trust.revoked_signers
    return TrustedKeys(settings, _gpg_home(directory, keyring, trust.gpg_keyring or ""))


def keys_digest(trust: Trust) -> str:
    """Digest over what the files of keys hold now; it is another one once a key was added or taken away.

    Raises UntrustedCommitError if one of them cannot be read.
    """
    names = (trust.allowed_signers, trust.revoked_signers, trust.gpg_keyring)
    parts = ("" if name is None else hashlib.sha256(_read(name)).hexdigest() for name in names)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _read(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise _unusable(name, f"cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST or not data.strip():
        raise _unusable(name, "is empty" if not data.strip() else "is too large")
    return data


def _gpg_home(directory: Path, keyring: bytes, name: str) -> Path:
    """A folder of gpg with just these keys; made once for the content, and whole or not at all.

    Sources with other keys may share the mirror and verify at the same time, so each call fills a folder of its own.
    """
    home = directory / f"{HOME_PREFIX}{hashlib.sha256(keyring).hexdigest()}"
    if _is_used_again(home):
        return home
    pending: Path | None = None
    try:
        (directory / "tmp").mkdir(mode=0o700, parents=True, exist_ok=True)
        pending = Path(tempfile.mkdtemp(prefix=HOME_PREFIX, dir=directory / "tmp"))
        (pending / "gpg.conf").write_text(_GPG_SETTINGS)
        if keyring:
            _fill(pending, keyring, name)
        pending.rename(home)
    except OSError as error:
        # Another thread or process may have made the very same one.
        if not home.is_dir():
            raise _unusable(name or str(home), f"cannot be used: {error.strerror}") from error
    finally:
        if pending is not None:
            shutil.rmtree(pending, ignore_errors=True)
    return home


def _is_used_again(home: Path) -> bool:
    """Whether it is there; its age is then from now, so that nobody clears it away while it is in use."""
    try:
        os.utime(home)
    except OSError:
        return home.is_dir()
    return True


def _fill(home: Path, keyring: bytes, name: str) -> None:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "GNUPGHOME": os.fspath(home), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["gpg", "--status-fd=1", "--import"],
            input=keyring,
            env=environment,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise _unusable(name, "cannot be used, because gpg cannot be run") from error
    # The exit code also tells of an agent that is not there, and that nobody needs.
    if b"[GNUPG:] IMPORT_OK " not in done.stdout:
        raise _unusable(name, "holds no GPG key")


def _unusable(name: str, why: str) -> UntrustedCommitError:
    return UntrustedCommitError(
        f"The keys of trusted signers, {name}, {why}.",
        code="keys-unreadable",
        hint="Without them no commit counts. Repair the file, and the next cycle reads it; or correct the "
        "configuration of the reconciler, and start it again.",
        commit="",
    )
