"""What the agent reports of itself and of the calls that it judged (SPEC.md 8): the events of its audit upload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from clawforge.decide.request import Decision
from clawforge.effective import EffectiveAudit
from clawforge.resource.meta import format_instant
from clawforge.resource.policy import AuditContent, AuditLevel
from clawforge_cli.agent.protocol import CheckRequest

_ELEVATED = "elevated"
"""The code of the record that a lifted call carries."""
_MOST_BYTES = 64 * 1024
"""Of one event; the parameters of a call that are longer are left out."""
_LONGEST_LABEL = 256
_LONGEST_MESSAGE = 512
_MOST_REASONS = 16


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """An event without its number."""

    at: dt.datetime
    action: str
    outcome: str
    class_: Literal["call", "agent"] = "agent"
    target: str | None = None
    agent: str | None = None
    context: str | None = None
    revision: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def json(self, number: int) -> bytes:
        """The event as it is sent, under its number. Parameters that are too long or no Unicode are left out."""
        try:
            text = self._json(number)
        except TypeError:
            text = b""
        if text and len(text) <= _MOST_BYTES:
            return text
        kept = {key: value for key, value in self.detail.items() if key != "params"}
        return replace(self, detail={**kept, "paramsOmitted": True})._json(number)

    def _json(self, number: int) -> bytes:
        labels = {"target": self.target, "agent": self.agent, "context": self.context}
        found = {
            "seq": number,
            "at": format_instant(self.at),
            "class": self.class_,
            "action": self.action,
            "outcome": self.outcome,
            **{key: value[:_LONGEST_LABEL] for key, value in labels.items() if value},
            **({} if self.revision is None else {"revision": self.revision}),
            "detail": dict(self.detail),
        }
        return orjson.dumps(found)


def call_event(
    request: CheckRequest, decision: Decision, audit: EffectiveAudit, at: dt.datetime
) -> SpooledEvent | None:
    """The event of a judged call; None if the policy wants none. A lifted call is always reported."""
    if audit.level is AuditLevel.OFF and not is_lifted(decision):
        return None
    detail: dict[str, Any] = {"tool": request.tool}
    reasons = decision.reasons[:_MOST_REASONS]
    if reasons:
        detail["reasons"] = [_without_none(code=item.code, resource=item.resource, path=item.path) for item in reasons]
    if decision.obligations.record:
        detail["record"] = [
            _without_none(code=item.code, resource=item.resource, message=item.message[:_LONGEST_MESSAGE])
            for item in decision.obligations.record[:_MOST_REASONS]
        ]
    if audit.level is AuditLevel.FULL:
        detail |= _content(request, decision, audit.content)
    return SpooledEvent(
        at=at,
        class_="call",
        action="call:decide",
        outcome=decision.effect.value,
        target=request.tool,
        agent=request.agent,
        context=request.context,
        revision=decision.revision,
        detail=detail | _without_none(digest=decision.digest),
    )


def is_lifted(decision: Decision) -> bool:
    """Whether an elevation or a grant lifted the call."""
    return any(item.code == _ELEVATED for item in decision.obligations.record)


def start_event(at: dt.datetime, version: str) -> SpooledEvent:
    """The agent began to run."""
    return SpooledEvent(at, "agent:start", "done", detail={"version": version})


def message_event(at: dt.datetime, number: int) -> SpooledEvent:
    """A message of the org was handed to the host, to be shown to the person."""
    return SpooledEvent(at, "message:show", "done", detail={"message": number})


def overflow_event(at: dt.datetime, first: int, last: int) -> SpooledEvent:
    """Events from `first` to `last` went unsent, for there was no room for more."""
    return SpooledEvent(at, "spool:overflow", "lost", detail={"first": first, "last": last, "events": last - first + 1})


def unwritten_event(at: dt.datetime, count: int) -> SpooledEvent:
    """So many events could not be written to the disk, and never got a number."""
    return SpooledEvent(at, "spool:unwritten", "lost", detail={"events": count})


def _content(request: CheckRequest, decision: Decision, content: AuditContent) -> dict[str, Any]:
    """The parameters, as far as the policy wants them. What a DLP rule found and did not replace is not redacted, so
    such parameters are left out."""
    if content is AuditContent.FULL:
        return {"params": request.params}
    if content is AuditContent.NONE:
        return {}
    if decision.obligations.params is not None:
        return {"params": decision.obligations.params, "paramsRedacted": True}
    codes = [*(item.code for item in decision.reasons), *(item.code for item in decision.obligations.record)]
    return {"paramsRedacted": True} if any("dlp" in code for code in codes) else {"params": request.params}


def _without_none(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}
