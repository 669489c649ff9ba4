"""Which tools a policy leaves open, and which policy is surely the base behind one that narrows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from clawforge.decide.names import NameMatcher
from clawforge.lint.context import LintContext
from clawforge.resource.policy import ExecMode, Policy, PolicyMode

EXEC = "exec"


class OpenTools:
    """Answers for one set of resources, with everything that policies extend."""

    def __init__(self, context: LintContext) -> None:
        self._context = context
        self._lineage = context.lineage
        self._matchers: dict[tuple[str, ...], NameMatcher] = {}
        self._closed: dict[str, bool] = {}
        self._first_open: dict[tuple[str, str | None], Policy | None] = {}

    def leaves_open(self, policy: Policy, tool: str) -> bool:
        """Whether a policy, read by itself, allows a tool. `exec` counts only in the mode `full`: other modes look at
        each command. What an overlay or guardrail is silent about it leaves as it is, so it does not close it.
        """
        if self._means(self._lineage.united(policy, "tools", "deny"), tool):
            return False
        allow = self._lineage.said(policy, "tools", "allow")
        if allow is not None and not self._means(allow, tool):
            return False
        profile = self._lineage.said(policy, "tools", "profile")
        named = self._context.catalogue.profile(profile) if profile is not None else None
        if named is not None and not self._means(named, tool):
            return False
        return tool != EXEC or self._lineage.said(policy, "exec", "mode") in (None, ExecMode.FULL)

    def open_in(self, policy: Policy, tool: str) -> Policy | None:
        """The policy in which a tool is open to subjects of `policy` in spite of it: for a base itself, for others a
        base that certainly has subjects in common with it. None where it is closed, or nobody can say.
        """
        if not self.leaves_open(policy, tool) or self._closed_for_all(tool):
            return None
        if policy.spec.mode is PolicyMode.BASE:
            return policy
        selector = policy.spec.applies_to
        key = None if isinstance(selector, str) else str(selector)
        if (tool, key) not in self._first_open:
            bases = self._bases_behind(key)
            self._first_open[tool, key] = next((base for base in bases if self.leaves_open(base, tool)), None)
        return self._first_open[tool, key]

    def _means(self, entries: tuple[str, ...], tool: str) -> bool:
        if entries not in self._matchers:
            catalogue = self._context.catalogue
            self._matchers[entries] = NameMatcher(catalogue.expand_all(entries), catalogue.tools)
        return self._matchers[entries].find(tool) is not None

    def _closed_for_all(self, tool: str) -> bool:
        if tool not in self._closed:
            self._closed[tool] = any(not self.leaves_open(policy, tool) for policy in self._context.universal)
        return self._closed[tool]

    def _bases_behind(self, key: str | None) -> Sequence[Policy]:
        """A base for everyone stands behind a narrower selector only if no base is more specific."""
        if key is None or all(isinstance(base.spec.applies_to, str) for base in self._context.bases):
            return self._context.bases
        return self._by_selector.get(key, ())

    @cached_property
    def _by_selector(self) -> dict[str, list[Policy]]:
        found: dict[str, list[Policy]] = {}
        for base in self._context.bases:
            found.setdefault(str(base.spec.applies_to), []).append(base)
        return found
