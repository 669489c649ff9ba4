"""Exceptions of the library: each carries a stable code and a hint, never an exit number or an HTTP status.

The server maps the classes to problem documents and the client maps those back to the same classes, so that a hint
written where the error was found reaches the person at the terminal.
"""

from __future__ import annotations


class ClawforgeError(Exception):
    """Base of everything that clawforge raises on purpose."""

    code = "error"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code


class InputError(ClawforgeError):
    """What was given cannot be used: a bad argument, a malformed document, an invalid resource."""

    code = "invalid-input"


class NotFoundError(ClawforgeError):
    """The named thing does not exist, or the caller may not know that it does."""

    code = "not-found"


class UnauthenticatedError(ClawforgeError):
    """No credential, or one that is not valid any more."""

    code = "unauthenticated"


class ForbiddenError(ClawforgeError):
    """The credential is valid but does not carry the right that the action needs."""

    code = "forbidden"


class ConflictError(ClawforgeError):
    """The world moved since the caller looked."""

    code = "conflict"


class StalePlanError(ConflictError):
    """The plan was made against a revision that is no longer the present one."""

    code = "stale-plan"


class UnavailableError(ClawforgeError):
    """The other side cannot answer now; trying again later may help. `retry_after` is in seconds."""

    code = "unavailable"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None, retry_after: float = 0.0) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after = retry_after


class UntrustedError(ClawforgeError):
    """A signature, digest, counter or identity does not hold: the document must not be used."""

    code = "untrusted"
