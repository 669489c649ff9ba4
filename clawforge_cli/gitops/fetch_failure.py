"""What git says when it cannot fetch, told to people: what it is, whether waiting helps, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.load.tree import printable
from clawforge.reconcile.source_settings import Repository
from clawforge.secret import Secret
from clawforge_cli.gitops.git_process import ExceededError
from clawforge_cli.gitops.source_error import FetchError

_LONGEST = 240


@dataclass(frozen=True, slots=True)
class _Sign:
    pattern: re.Pattern[str]
    code: str
    message: str
    hint: str
    waiting: bool


def _sign(pattern: str, code: str, message: str, hint: str, *, waiting: bool = False) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), code, message, hint, waiting)


# Git has no codes for these, so its English is read; what is not known counts as something that may pass.
_SIGNS = (
    _sign(
        r"host key verification failed",
        "host-key-refused",
        "The host shows a key that `knownHostsFile` does not hold.",
        "Compare the key with what the forge publishes, and put the right one into the file.",
    ),
    _sign(
        r"ssl certificate|certificate verif|certificate problem|ssl: no alternative|gnutls_handshake|self.signed",
        "certificate-refused",
        "The certificate of the host is not trusted.",
        "Set `caFile` to the authority that signed it, or have the host's certificate renewed.",
    ),
    _sign(
        r"authentication failed|could not read (username|password)|permission denied|returned error: 40[13]"
        r"|invalid credentials|access denied(?! or)",
        "credentials-refused",
        "The host does not accept the credential, or it gives no right to read this repository.",
        "Renew the token or the key, and see that it may read the repository. Nothing needs to be restarted.",
    ),
    _sign(
        r"dubious ownership|unsafe repository",
        "foreign-folder",
        "The folder of the repository belongs to another user, so git does not serve it.",
        "Give the folder to the user of the reconciler, or serve it by ssh:// or https://.",
    ),
    _sign(
        r"returned error: 30[0-9]|redirect",
        "redirected",
        "The host sends git on to another address, which is not followed.",
        "Configure the address that it leads to.",
    ),
    _sign(
        r"returned error: (404|410)|repository .*not (found|exported)|does not appear to be a git repository"
        r"|not a git repository|no such (file|repository)|does not exist|valid repository name",
        "repository-missing",
        "There is no such repository, or nobody who asks with this credential may know of it.",
        "Look at the address, and whether the repository was moved, made private or deleted.",
    ),
    _sign(r"no space left", "disk-full", "The disk is full.", "Make room in the state directory.", waiting=True),
    _sign(
        r"attempting to allocate|out of memory|malloc failed",
        "too-large",
        "The repository holds an object that is too large to be taken in.",
        "Take the large file out of the branch, its history included, or use a repository for policies alone.",
    ),
    _sign(
        r"fsck|index-pack failed|missing blob|bad object|malformed|invalid (object|index-pack)|did not send all",
        "objects-refused",
        "The repository holds objects that are damaged or made to do harm; git refuses them.",
        "Run `git fsck --strict` on the repository and repair what it names.",
    ),
    _sign(
        r"mismatched algorithms|object format|unknown repository extension",
        "format-unsupported",
        "The repository names objects in another way (SHA-256) than this mirror can.",
        "Use a repository with SHA-1 names.",
    ),
    _sign(
        r"shallow",
        "history-incomplete",
        "The repository is a shallow clone, so its history cannot be verified.",
        "Use a repository with the whole history: git fetch --unshallow",
    ),
    _sign(
        r"could not resolve|name or service not known|temporary failure in name",
        "network",
        "The name of the host cannot be resolved.",
        "Look at the address and the name service.",
        waiting=True,
    ),
    _sign(
        r"returned error: (429|5[0-9][0-9])",
        "host-busy",
        "The host answers that it cannot serve the repository now.",
        "It is asked again later.",
        waiting=True,
    ),
    _sign(
        r"connect|timed out|timeout|early eof|hung up|unexpected disconnect|rpc failed|remote end|end of file"
        r"|transfer closed|recv failure|send failure|network|operation too slow|kex_exchange",
        "network",
        "The connection to the repository failed.",
        "Look at the network between here and the host.",
        waiting=True,
    ),
)
_PATIENT_FIRST = re.compile(r"early eof|unexpected disconnect|hung up unexpectedly|transfer closed", re.IGNORECASE)
_REMOTE = re.compile(r"remote:\s?", re.IGNORECASE)


def failure(repository: Repository, said: str, secrets: Iterable[Secret]) -> FetchError:
    """What a failed git said, explained."""
    judged = said.replace(repository.url, "")
    lines = [line for line in said.splitlines() if line.strip()]
    own = "\n".join(line for line in lines if not _REMOTE.match(line))
    sign = _network(own) or next((item for item in _SIGNS if item.pattern.search(judged)), None)
    place = f"{repository.url} (branch {repository.branch})"
    # The last lines of git are advice that fits none of these.
    first = next((line for line in own.splitlines() if line.startswith(("fatal:", "error:"))), own.partition("\n")[0])
    detail = _shown(first, secrets)
    quoted = f" Git says: {detail}" if detail else ""
    if sign is None:
        return FetchError(
            f"{place} cannot be fetched.{quoted}",
            code="fetch-failed",
            hint="It is tried again; if that does not help, fetch it by hand with the same credential.",
            waiting=True,
        )
    return FetchError(f"{place}: {sign.message}{quoted}", code=sign.code, hint=sign.hint, waiting=sign.waiting)


def exceeded(repository: Repository, error: ExceededError) -> FetchError:
    """A fetch that was stopped."""
    place = f"{repository.url} (branch {repository.branch})"
    limits = repository.limits
    if error.what == "time":
        return FetchError(
            f"{place} was not fetched within {limits.time} seconds, and the fetch was stopped.",
            code="fetch-too-slow",
            hint="Look at the network and the host, or raise `limits.time`.",
            waiting=True,
        )
    return FetchError(
        f"{place} needs more than {limits.mebibytes:,} MiB, and the fetch was stopped.",
        code="too-large",
        hint="Take large files out of the branch, its history included, or raise `limits.mebibytes`.",
        waiting=False,
    )


def _network(said: str) -> _Sign | None:
    """A connection that broke makes git complain of what did not arrive, too."""
    return _SIGNS[-1] if _PATIENT_FIRST.search(said) and "does not appear" not in said else None


def _shown(line: str, secrets: Iterable[Secret]) -> str:
    for secret in secrets:
        line = line.replace(secret.reveal(), str(secret))
    return printable(line.encode("utf-8", "replace").decode())[:_LONGEST]
