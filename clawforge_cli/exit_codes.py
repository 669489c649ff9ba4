"""Exit codes of every command (SPEC.md 9). No flag changes their meaning."""

from __future__ import annotations

from enum import IntEnum

from clawforge.errors import ClawforgeError, ConflictError

_FINDINGS = frozenset({"findings", "invalid-resources", "lint-errors", "tests-failed"})


class ExitCode(IntEnum):
    """What the outcome of a command means to a script."""

    OK = 0
    """Done, and nothing is amiss."""
    ERROR = 1
    """Something failed, or the command was used wrongly; the message says what to do."""
    CHANGES = 2
    """There are changes or drift; only with `--detailed-exitcode`."""
    FINDINGS = 3
    """Findings: errors of lint, failed tests, files out of date, or a decision that is not allow."""
    CONFLICT = 4
    """The server refuses for now: the plan is stale, somebody holds the lock, or an approval is missing."""
    NOT_IN_FORCE = 5
    """Applied, but not yet in force everywhere; only where the command was told to wait."""


def exit_code_for(error: ClawforgeError) -> ExitCode:
    """The code for an error that reached the top."""
    if isinstance(error, ConflictError):
        return ExitCode.CONFLICT
    if error.code in _FINDINGS:
        return ExitCode.FINDINGS
    return ExitCode.ERROR
