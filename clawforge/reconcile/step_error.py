"""Why a cycle of the reconciler did not come to its end, and whether waiting helps."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.diagnostic import Diagnostic
from clawforge.errors import ClawforgeError
from clawforge.reconcile.condition import ConditionType

_MOST_FINDINGS = 5


class StepError(ClawforgeError):
    """A step failed. What was applied before stays in force.

    `waiting` says that the same may go well later without anybody doing anything to the commit: it is tried again, at
    the earliest after `retry_after` seconds. Everything else is stalled: a person must act. `findings` are what is
    wrong with the files of the commit. `blocked` says that somebody else must agree first, or that the state moved.
    """

    def __init__(
        self,
        step: ConditionType,
        code: str,
        message: str,
        *,
        hint: str = "",
        waiting: bool = False,
        retry_after: float = 0.0,
        findings: Sequence[Diagnostic] = (),
        blocked: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.step = step
        self.waiting = waiting
        self.retry_after = retry_after
        self.findings = tuple(findings)
        self.blocked = blocked

    @property
    def reason(self) -> str:
        """The code as conditions write it."""
        return reason_of(self.code)

    @property
    def words(self) -> str:
        """What happened, where, and what to do: the message of a condition."""
        places = [f"{item.location}: {item.message} ({item.code})" for item in self.findings[:_MOST_FINDINGS]]
        more = len(self.findings) - len(places)
        lines = [self.message, *places, *([f"... and {more} more."] if more > 0 else [])]
        return " ".join([*lines, *([self.hint] if self.hint else [])])


def reason_of(code: str) -> str:
    """`approval-missing` -> `ApprovalMissing`."""
    return "".join(part[:1].upper() + part[1:] for part in code.split("-")) or "Failed"
