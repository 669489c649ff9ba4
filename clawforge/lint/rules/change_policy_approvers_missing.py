"""A ChangePolicy that asks for more approvals than there are people to give them."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.access.model import AccessModel
from clawforge.change_control.approvers import candidates
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangePolicy

_ID = "change-policy-approvers-missing"
_MOST_NAMED = 5


def _check(context: LintContext) -> Iterable[Finding]:
    policies = list(context.each(ChangePolicy))
    if not policies or not context.is_whole:
        return
    access = AccessModel.of(context.resources)
    for policy in policies:
        for index, rule in enumerate(policy.spec.approvals):
            people = sorted(candidates(access, rule.from_))
            if len(people) > rule.count:
                continue
            named = f": {', '.join(people[:_MOST_NAMED])}" if people else ""
            who = f"{len(people)} active {'user' if len(people) == 1 else 'users'} may approve by it{named}"
            yield Finding(
                _ID,
                policy.address,
                f"/spec/approvals/{index}",
                f"The rule asks for {rule.count}, and {who}."
                if len(people) < rule.count
                else f"The rule asks for {rule.count}, and just {who}. None of them can change anything of this sort.",
                "Bind a role with `plans:approve`, such as `approver`, to more people, or ask for fewer. People whom a "
                "group only has by a claim of the sign-on do not count.",
                Severity.ERROR if len(people) < rule.count else Severity.WARNING,
            )


RULE = Rule(
    id=_ID,
    name="There should be enough people to approve a change",
    severity=Severity.ERROR,
    what="Rules of a ChangePolicy that ask for more approvals than there are active users who could give them; as a "
    "warning those that need each of them, so that none of them can be the author.",
    why="Nothing that the rule is about could be changed any more, and neither could the rule itself.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: approvers}
spec: {role: approver, subjects: {users: [alice]}}
---
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: four-eyes}
spec:
  approvals:
    - count: 2
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: approvers}
spec: {role: approver, subjects: {users: [alice, bob]}}
---
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: four-eyes}
spec:
  approvals:
    - count: 1
""",
    check=_check,
)
