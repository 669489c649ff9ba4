"""How git gets into a repository: what it needs in its environment, and never among its arguments."""

from __future__ import annotations

import base64
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from clawforge.reconcile.source_settings import GitCredential, Repository
from clawforge.secret import Secret
from clawforge_cli.gitops.source_error import FetchError

_LONGEST_TOKEN = 16 * 1024
_COMMAND_SECONDS = 30
_SSH_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ProxyCommand=none",
    "ControlPath=none",
    "CanonicalizeHostname=no",
    "ConnectTimeout=20",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
)


@dataclass(frozen=True, slots=True)
class Access:
    """What git is told, and the secrets that must not show in what it says."""

    settings: dict[str, str] = field(default_factory=dict, repr=False)
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[Secret, ...] = ()


def access(repository: Repository) -> Access:
    """Raises FetchError where a key or a token cannot be had."""
    settings = {}
    if repository.ca_file is not None:
        _readable(repository.ca_file, "The certificates for HTTPS")
        settings["http.sslCAInfo"] = repository.ca_file
    if repository.proxy is not None:
        settings["http.proxy"] = repository.proxy
    credential = repository.credential
    if credential is None:
        return Access(settings)
    if credential.key_file is not None and credential.known_hosts_file is not None:
        return Access(settings, _ssh(credential.key_file, credential.known_hosts_file))
    token = _token(credential)
    basic = base64.b64encode(f"{credential.username}:{token.reveal()}".encode()).decode()
    # A header rather than a helper: no program is run, nothing is written, and git asks nobody when it is refused.
    settings["http.extraHeader"] = f"Authorization: Basic {basic}"
    return Access(settings, secrets=(token, Secret(basic)))


def _ssh(key: str, known_hosts: str) -> dict[str, str]:
    _readable(known_hosts, "The file of known hosts")
    if _readable(key, "The key for SSH").stat().st_mode & 0o077:
        raise FetchError(
            f"The key {key} can be read by others, so ssh would not use it.",
            code="credential-unusable",
            hint=f"Take the rights away: chmod 600 {key}",
            waiting=False,
        )
    options = (*_SSH_OPTIONS, f"UserKnownHostsFile={known_hosts}", f"IdentityFile={key}")
    command = ["ssh", "-F", os.devnull, "-T", *(part for option in options for part in ("-o", option))]
    # Git gives this to a shell, so it is quoted for one.
    return {"GIT_SSH_COMMAND": shlex.join(command), "GIT_SSH_VARIANT": "ssh"}


def _readable(name: str, what: str) -> Path:
    path = Path(name)
    if not os.access(path, os.R_OK) or not path.is_file():
        raise FetchError(
            f"{what}, {name}, cannot be read.",
            code="credential-unusable",
            hint="Put it there, and give the reconciler the right to read it.",
            waiting=False,
        )
    return path


def _token(credential: GitCredential) -> Secret:
    command = credential.token_command
    data = _printed(command) if command is not None else _first_bytes(credential.token_file or "")
    token = data.decode("utf-8", "replace").strip()
    if not token or len(data) >= _LONGEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise FetchError(
            f"{'The command' if command is not None else 'The file'} for the token gives none.",
            code="credential-unusable",
            hint="One line is expected, which holds the token and nothing else.",
            waiting=False,
        )
    return Secret(token)


def _first_bytes(name: str) -> bytes:
    with _readable(name, "The file of the token").open("rb") as file:
        return file.read(_LONGEST_TOKEN)


def _printed(command: tuple[str, ...]) -> bytes:
    """What a command of the operator prints, run with the operator's environment and without a shell."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_COMMAND_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        why = "took too long" if isinstance(error, subprocess.TimeoutExpired) else "failed"
        raise FetchError(
            f"The command for the token, {command[0]}, {why}.",
            code="credential-command-failed",
            hint="Run it by hand as the user of the reconciler; what it prints to people is not kept.",
            waiting=True,
        ) from error
    return done.stdout[:_LONGEST_TOKEN]
