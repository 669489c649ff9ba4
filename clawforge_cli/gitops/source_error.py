"""Why a source of policy is not used: it cannot be fetched, or its commits are not trusted."""

from __future__ import annotations

from clawforge.errors import ClawforgeError, UntrustedError


class FetchError(ClawforgeError):
    """The repository cannot be fetched, or not be read. What was fetched before stays usable.

    `waiting` means that trying again may help; otherwise a person must act.
    """

    code = "fetch-failed"

    def __init__(self, message: str, *, code: str, hint: str, waiting: bool) -> None:
        super().__init__(message, hint=hint, code=code)
        self.waiting = waiting


class UntrustedCommitError(UntrustedError):
    """A commit that must not count; `commit` is its id, empty where the keys themselves cannot be used.

    Codes: unsigned-commit, bad-signature, unknown-signer, expired-signature, revoked-signer, unsupported-signature,
    signer-not-allowed, too-many-commits, anchor-missing, keys-unreadable.
    """

    def __init__(self, message: str, *, code: str, hint: str, commit: str) -> None:
        super().__init__(message, hint=hint, code=code)
        self.commit = commit
