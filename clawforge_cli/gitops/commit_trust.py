"""Whether every commit that is about to count carries the signature of somebody who is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from clawforge.errors import UntrustedError
from clawforge.reconcile.source_settings import Trust
from clawforge_cli.gitops.mirror import Mirror


class UntrustedCommitError(UntrustedError):
    """A commit that must not count; `commit` is its id, empty where the keys themselves cannot be used.

    Codes: unsigned-commit, bad-signature, unknown-signer, expired-signature, revoked-signer, unsupported-signature,
    signer-not-allowed, too-many-commits, keys-unreadable.
    """

    def __init__(self, message: str, *, code: str, hint: str, commit: str) -> None:
        super().__init__(message, hint=hint, code=code)
        self.commit = commit


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose signatures hold: principals or addresses, each once and sorted. Empty where signatures are off."""

    signers: tuple[str, ...]
    commits: int
    """How many commits were looked at."""


def verified(mirror: Mirror, trust: Trust, since: str | None, head: str) -> Verified:
    """Check the head and every commit that it has and `since` (the last applied one) had not.

    `trust` has whole paths (`Trust.under`). Raises UntrustedCommitError for the first commit that must not count, and
    FetchError if the mirror cannot be read.
    """
    raise NotImplementedError
