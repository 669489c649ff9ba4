"""Which files may be touched."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.paths import GlobList, is_in_workspace
from clawforge.decide.request import Reason
from clawforge.decide.resolved_path import UNKNOWN_PATH, ResolvedPath
from clawforge.effective import EffectivePaths
from clawforge.resource.policy_test import Effect

_HIDDEN = ("a file that the call does not name", (UNKNOWN_PATH,))


class PathsJudge:
    """Every path must pass under every reading. A path that cannot be known matches every glob."""

    def __init__(self, rules: EffectivePaths, blame: Blame) -> None:
        self._blame = blame
        self._deny = GlobList(rules.deny)
        self._read_only = GlobList(rules.read_only)
        self._workspace_only = rules.workspace_only
        self._any = bool(rules.deny or rules.read_only or rules.workspace_only)

    def reasons(self, call: Call) -> Iterator[Reason]:
        """Why a file may not be touched: one reason a code, for the first path that gives it."""
        if not self._any:
            return
        found: dict[str, Reason] = {}
        paths = (*call.paths, _HIDDEN) if call.touched.hidden_path else call.paths
        for text, meanings in paths:
            quoted = text if meanings is _HIDDEN[1] else call.quote(text, "in the call")
            for path in meanings:
                for reason in self._about(call, quoted, path):
                    found.setdefault(reason.code, reason)
        if self._workspace_only:
            places = (*call.places, _HIDDEN) if call.touched.hidden_path else call.places
            for text, meanings in places:
                if not all(is_in_workspace(path, call.around) for path in meanings):
                    quoted = text if meanings is _HIDDEN[1] else call.quote(text, "in the call")
                    message = f"The path {quoted} is outside of the workspace.{_doubt(meanings)}"
                    reason = self._blame.reason("path-outside-workspace", Effect.DENY, message, "paths.workspaceOnly")
                    found.setdefault(reason.code, reason)
        yield from found.values()

    def _about(self, call: Call, quoted: str, path: ResolvedPath) -> Iterator[Reason]:
        unknown = _doubt((path,))
        facets = call.tool.facets
        denied = self._deny.find(path, call.around, recursive=facets.recursive)
        if denied is not None:
            message = f"The path {quoted} is denied by {denied}.{unknown}"
            yield self._blame.reason("path-denied", Effect.DENY, message, "paths.deny", denied)
        if facets.paths != "read":
            kept = self._read_only.find(path, call.around)
            if kept is not None:
                message = (
                    f"The path {quoted} may only be read, because of {kept}, and {call.name} may write it.{unknown}"
                )
                yield self._blame.reason("path-read-only", Effect.DENY, message, "paths.readOnly", kept)


def _doubt(meanings: tuple[ResolvedPath, ...]) -> str:
    return " Where the path leads cannot be known." if UNKNOWN_PATH in meanings else ""
