"""Which MCP servers may be used."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call, shown
from clawforge.decide.catalogue import folded
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Reason
from clawforge.effective import EffectiveMcp
from clawforge.resource.policy_test import Effect


class McpJudge:
    """Judges `mcp__<server>__<tool>` by its server. Where a name can be cut in several ways, each must be
    allowed."""

    def __init__(self, rules: EffectiveMcp, blame: Blame) -> None:
        self._blame = blame
        self._allow = None if rules.allow is None else NameMatcher(rules.allow)
        self._deny = NameMatcher(rules.deny)

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why the server is refused."""
        servers = call.tool.servers
        if not servers:
            return
        denied = next((pattern for server in servers if (pattern := self._denying(server))), None)
        if denied is not None:
            message = f"The MCP server of {call.name} is denied by the pattern {denied}."
            yield self._blame.reason("mcp-denied", Effect.DENY, message, "mcp.deny", denied)
        if self._allow is not None:
            missing = next((server for server in servers if self._allow.find(server, core=True) is None), None)
            if missing is not None:
                message = f"The MCP server {shown(missing)!r} is not in the list of allowed servers."
                yield self._blame.reason("mcp-not-allowed", Effect.DENY, message, "mcp.allow")

    def _denying(self, server: str) -> str | None:
        for name in (server, folded(server)):
            pattern = self._deny.find(name, core=False)
            if pattern is not None:
                return pattern
        return self._deny.unknown_groups[0] if self._deny.unknown_groups else None
