"""The rules of an org as they are written: which there are, and which of them count for a class of subjects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.decide.call import Call
from clawforge.decide.catalogue import catalogue
from clawforge.resolve.combine import most_specific_bases
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.org import Resolution
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode, parent_names
from clawforge.resource.targeting import Enforcement
from clawforge.testing.speaks import JUDGED, speaks_of


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """One item of a list, or one field, of a policy. `patterns` is what it stands for under the host's catalogue."""

    address: str
    pointer: str
    path: str
    text: str
    patterns: tuple[str, ...]

    def speaks_of(self, call: Call) -> bool:
        """Whether it means something that the call does."""
        return any(speaks_of(self.path, pattern, call) for pattern in self.patterns)


class RuleBook:
    """Built once from the resources of an org, whose references hold."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        lexicon = Lexicon(catalogue())
        self.policies = {item.address: item for item in resources if isinstance(item, Policy)}
        self.rules = {
            address: tuple(rule for field in policy_fields() for rule in _rules(policy, field, lexicon))
            for address, policy in self.policies.items()
        }
        self.named_tools = frozenset(
            rule.text for rules in self.rules.values() for rule in rules if rule.path.startswith("tools.")
        )
        self._speaking: dict[tuple[str, ...], tuple[str, ...]] = {}

    def speaking(self, resolution: Resolution) -> tuple[str, ...]:
        """Addresses of the policies that have a say for a class: guardrails, overlays, its base, and what these
        extend."""
        known = self._speaking.get(resolution.matched)
        if known is None:
            matched = [self.policies[address] for address in resolution.matched if address in self.policies]
            deciding = [policy for policy in matched if policy.spec.enforcement is Enforcement.ENFORCE]
            bases = {base.address for some in (matched, deciding) for base in most_specific_bases(some)}
            heard = [p.address for p in matched if p.spec.mode is not PolicyMode.BASE or p.address in bases]
            known = self._speaking[resolution.matched] = tuple(self._with_parents(heard))
        return known

    def _with_parents(self, addresses: list[str]) -> Iterable[str]:
        seen: dict[str, None] = {}
        waiting = addresses[::-1]
        while waiting:
            address = waiting.pop()
            if address not in seen and address in self.policies:
                seen[address] = None
                waiting.extend(f"Policy/{name}" for name in parent_names(self.policies[address].spec))
        return seen


def _rules(policy: Policy, field: PolicyField, lexicon: Lexicon) -> Iterable[WrittenRule]:
    value = field.value_in(policy.spec)
    if value is None or field.path not in JUDGED:
        return
    if not isinstance(value, tuple):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        patterns = (lexicon.profile(shown) or ("*",)) if field.path == "tools.profile" else (shown,)
        yield WrittenRule(policy.address, field.pointer, field.path, shown, patterns)
        return
    for index, item in enumerate(value):
        patterns = lexicon.expand(field.merge.of, item) or ()
        yield WrittenRule(policy.address, f"{field.pointer}/{index}", field.path, item, patterns)
