"""Exit codes of every command (SPEC.md 9). No flag changes their meaning."""

from __future__ import annotations

from enum import IntEnum

from clawforge.errors import ClawforgeError, ConflictError

_FINDINGS = frozenset({"findings", "invalid-resources", "lint-errors", "tests-failed"})


class ExitCode(IntEnum):
    """What the outcome of a command means to a script."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    FINDINGS = 3
    CONFLICT = 4
    NOT_IN_FORCE = 5


def exit_code_for(error: ClawforgeError) -> ExitCode:
    """The code for an error that reached the top."""
    if isinstance(error, ConflictError):
        return ExitCode.CONFLICT
    if error.code in _FINDINGS:
        return ExitCode.FINDINGS
    return ExitCode.ERROR
