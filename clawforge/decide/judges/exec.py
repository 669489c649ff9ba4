"""Which shell commands may run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.request import Reason
from clawforge.effective import EffectiveExec
from clawforge.resource.policy import ExecMode
from clawforge.resource.policy_test import Effect

if TYPE_CHECKING:
    from clawforge.decide.command_pattern import CommandPattern

_CODE = "it runs code that cannot be judged"


class ExecJudge:
    """Judges tools that run commands, and tools that run other code: such code is a command that no pattern
    means."""

    def __init__(self, rules: EffectiveExec, blame: Blame) -> None:
        self._rules = rules
        self._blame = blame

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the command is refused or needs a person."""
        if not call.tool.facets.command and not call.runs_code:
            return
        if self._rules.mode is ExecMode.DENY:
            message = f"Running commands is denied, and {call.name} would run one."
            yield self._blame.reason("exec-denied", Effect.DENY, message, "exec.mode")
        if self._rules.deny:
            yield from self._denied(call)
        if self._rules.mode in (ExecMode.ASK, ExecMode.ALLOWLIST):
            yield from self._not_allowed(call)

    @cached_property
    def _allow(self) -> tuple[tuple[CommandPattern, ...], ...]:
        """A pattern that cannot be read allows nothing."""
        return tuple(
            tuple(pattern for text in texts if (pattern := _pattern(text)) is not None) for texts in self._rules.allow
        )

    @cached_property
    def _deny(self) -> tuple[CommandPattern, ...]:
        return tuple(pattern for text in self._rules.deny if (pattern := _pattern(text)) is not None)

    def _denied(self, call: Call) -> Iterator[Reason]:
        from clawforge.decide.command_pattern import matches_any

        if len(self._deny) < len(self._rules.deny):
            message = "A pattern of denied commands cannot be read, so no command runs."
            yield self._blame.reason("exec-command-denied", Effect.DENY, message, "exec.deny")
            return
        for parsed in call.parsed:
            command = matches_any(parsed, self._deny)
            if command is not None:
                pattern = next(pattern for pattern in self._deny if pattern.describes(command))
                message = f"The command is denied by the pattern `{pattern}`."
                yield self._blame.reason("exec-command-denied", Effect.DENY, message, "exec.deny", str(pattern))
                return

    def _not_allowed(self, call: Call) -> Iterator[Reason]:
        from clawforge.decide.command_pattern import matches_all

        opaque = self._opaque(call)
        if not opaque and call.parsed and all(matches_all(parsed, self._allow) for parsed in call.parsed):
            return
        asks = self._rules.mode is ExecMode.ASK
        effect = Effect.ASK if asks else Effect.DENY
        if opaque:
            message = f"The command cannot be judged: {opaque[0]}."
            code = "exec-ask" if asks else "exec-not-understood"
            yield self._blame.reason(code, effect, self._sentence(message), "exec.mode")
            return
        message = f"The command {self._program(call)} matches no allowed pattern."
        code = "exec-ask" if asks else "exec-not-allowed"
        yield self._blame.reason(
            code, effect, self._sentence(message), "exec.allow" if self._rules.allow else "exec.mode"
        )

    def _sentence(self, message: str) -> str:
        return f"{message} A person must approve it." if self._rules.mode is ExecMode.ASK else message

    def _opaque(self, call: Call) -> tuple[str, ...]:
        """Why the command cannot be judged; empty if it can."""
        if not call.tool.facets.command:
            return (_CODE,)
        reasons = (*call.command.opaque, *(reason for parsed in call.parsed for reason in parsed.opaque))
        return (*reasons, _CODE) if call.runs_code else reasons

    def _program(self, call: Call) -> str:
        """The first program that some list does not allow, for people."""
        from clawforge.decide.command_pattern import matches_all
        from clawforge.decide.shell import ParsedCommand

        for parsed in call.parsed:
            for command in parsed.commands:
                if not matches_all(ParsedCommand((command,), ()), self._allow):
                    return call.quote(f"`{command.program}`", "of the call")
        return "of the call"


def _pattern(text: str) -> CommandPattern | None:
    from clawforge.decide.command_pattern import CommandPattern

    try:
        return CommandPattern.parse(text)
    except ValueError:
        return None
