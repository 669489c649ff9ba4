"""Which tools may be called."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Reason
from clawforge.effective import EffectiveTools
from clawforge.resource.policy_test import Effect


class ToolsJudge:
    """Refusals and questions hold for every name that a tool could have, permissions only for its canonical
    one."""

    def __init__(self, rules: EffectiveTools, blame: Blame) -> None:
        self._blame = blame
        self._allow = None if rules.allow is None else NameMatcher(rules.allow)
        self._ask = NameMatcher(rules.ask)
        self._deny = NameMatcher(rules.deny)

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the tool is refused or needs a person."""
        denied = call.tool.found_by(self._deny)
        if denied is not None:
            message = f"The tool {call.name} is denied by the pattern {denied}."
            yield self._blame.reason("tool-denied", Effect.DENY, message, "tools.deny", denied)
        if self._allow is not None and self._permitting(call, self._allow) is None:
            message = f"The tool {call.name} is not in the list of allowed tools."
            yield self._blame.reason("tool-not-allowed", Effect.DENY, message, "tools.allow")
        asked = call.tool.found_by(self._ask)
        if asked is not None:
            message = f"The tool {call.name} needs a person's approval (pattern {asked})."
            yield self._blame.reason("tool-ask", Effect.ASK, message, "tools.ask", asked)

    def permission(self, call: Call) -> Reason:
        """Why a call passes against which nobody has a reason."""
        pattern = None if self._allow is None else self._permitting(call, self._allow)
        if pattern is None:
            message = f"The tool {call.name} is allowed: nothing denies it."
            return self._blame.reason("allowed", Effect.ALLOW, message, "tools.allow")
        message = f"The tool {call.name} is allowed by the pattern {pattern}."
        return self._blame.reason("allowed", Effect.ALLOW, message, "tools.allow", pattern)

    @staticmethod
    def _permitting(call: Call, allow: NameMatcher) -> str | None:
        return allow.find(call.tool.name, core=call.tool.core)
