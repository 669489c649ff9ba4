"""How many calls a change may block before it is too many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from clawforge.analysis.replay.report import ReplayGate, ReplayReport
from clawforge.errors import InputError

_AMOUNT = re.compile(r"[0-9]{1,15}|[0-9]{1,3}(\.[0-9]{1,6})?%")


@dataclass(frozen=True, slots=True)
class ReplayLimits:
    """Limits as they were given: `max_blocked` is a number of calls, or in percent of the calls that were replayed."""

    max_blocked: str | None = None
    max_people: int | None = None

    def __post_init__(self) -> None:
        """Raises InputError for what is no number."""
        if self.max_blocked is not None and not _AMOUNT.fullmatch(self.max_blocked):
            raise InputError(
                f"{self.max_blocked!r} is no number of calls.", hint="Write 10, or 2.5% of the calls that are replayed."
            )

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        return self.max_blocked is not None or self.max_people is not None

    def judge(self, report: ReplayReport) -> ReplayGate:
        """Whether a replay keeps within the limits. One that could replay nothing does not: it shows nothing."""
        exceeded = []
        blocked = report.blocked
        if not report.replayed:
            exceeded.append("No call could be replayed, so nothing shows how many would be blocked.")
        if self.max_blocked is not None and blocked.calls > self._most(self.max_blocked, report.replayed):
            exceeded.append(f"{blocked.calls:,} calls would be blocked, more than {self.max_blocked}.")
        if self.max_people is not None and blocked.people > self.max_people:
            exceeded.append(f"Calls of {blocked.people:,} people would be blocked, more than {self.max_people:,}.")
        return ReplayGate(max_blocked=self.max_blocked, max_people=self.max_people, exceeded=tuple(exceeded))

    @staticmethod
    def _most(amount: str, replayed: int) -> Fraction:
        if amount.endswith("%"):
            return Fraction(amount[:-1]) * replayed / 100
        return Fraction(amount)
