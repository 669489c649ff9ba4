"""The conditions of one source as they change from cycle to cycle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from clawforge.lint.discretion import without_secrets
from clawforge.reconcile.condition import MOST_MESSAGE, Condition, ConditionStatus, ConditionType
from clawforge.reconcile.step_error import StepError

_CUT = " ..."


@dataclass(frozen=True, slots=True)
class Conditions:
    """One condition a type. A step that a cycle did not reach keeps what it said before: what is applied stays
    applied whatever becomes of a later commit."""

    items: tuple[Condition, ...]

    @classmethod
    def unknown(cls, now: dt.datetime) -> Conditions:
        """Before the first cycle."""
        return cls(tuple(Condition(type=kind, status="unknown", reason="NotYet", since=now) for kind in ConditionType))

    def __iter__(self) -> Iterator[Condition]:
        return iter(self.items)

    def of(self, kind: ConditionType) -> Condition:
        """The condition of a type."""
        return next(item for item in self.items if item.type is kind)

    def said(
        self, kind: ConditionType, status: ConditionStatus, reason: str, message: str, now: dt.datetime
    ) -> Conditions:
        """The same with one condition said anew. It has held since before if its status is the same."""
        before = self.of(kind)
        since = before.since if before.status == status else now
        text = _harmless(message)
        new = Condition(type=kind, status=status, reason=reason, message=text, since=since)
        return Conditions(tuple(new if item.type is kind else item for item in self.items))

    def passed(self, kind: ConditionType, message: str, now: dt.datetime, reason: str = "Succeeded") -> Conditions:
        """A step went well."""
        return self.said(kind, "true", reason, message, now)

    def ready(self, message: str, now: dt.datetime) -> Conditions:
        """Everything went well: nobody must act."""
        found = self.said(ConditionType.READY, "true", "InSync", message, now)
        return found.said(ConditionType.STALLED, "false", "NotStalled", "", now)

    def failed(self, error: StepError, now: dt.datetime) -> Conditions:
        """A step failed, so the source is not ready."""
        words = error.words
        found = self.said(error.step, "false", error.reason, words, now)
        found = found.said(ConditionType.READY, "false", error.reason, words, now)
        if error.waiting:
            return found.said(ConditionType.STALLED, "false", "Waiting", "", now)
        return found.said(ConditionType.STALLED, "true", error.reason, words, now)


def _harmless(text: str) -> str:
    """The text without characters that a condition may not hold, nor anything that looks like a credential."""
    shown = without_secrets(text)
    clean = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in shown)
    return clean if len(clean) <= MOST_MESSAGE else clean[: MOST_MESSAGE - len(_CUT)] + _CUT
