"""A grant that asks for more approvals than there are people to give them."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.access.model import AccessModel
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.overlay.approvers import possible_approvers
from clawforge.resource.elevation_policy import ElevationPolicy

_ID = "elevation-approvers-missing"
_MOST_NAMED = 5


def _check(context: LintContext) -> Iterable[Finding]:
    policies = list(context.each(ElevationPolicy))
    if not policies or not context.is_whole:
        return
    access = AccessModel.of(context.resources)
    for policy in policies:
        for index, grant in enumerate(policy.spec.grants):
            people = sorted(possible_approvers(access, grant.approvals.from_))
            if len(people) >= grant.approvals.count:
                continue
            named = f": {', '.join(people[:_MOST_NAMED])}" if people else ""
            who = f"{len(people)} active {'user' if len(people) == 1 else 'users'} may approve it{named}"
            yield Finding(
                _ID,
                policy.address,
                f"/spec/grants/{index}/approvals",
                f"The grant `{grant.name}` asks for {grant.approvals.count}, and {who}.",
                "Bind a role with `elevations:approve`, such as `security-responder`, to more people, or ask for "
                "fewer. People whom a group only has by a claim of the sign-on do not count.",
                Severity.WARNING,
            )


RULE = Rule(
    id=_ID,
    name="There should be enough people to approve an elevation",
    severity=Severity.WARNING,
    what="Grants of elevation policies that ask for more approvals than there are active users who could give them: "
    "holders of `elevations:approve` whom `approvals.from` names. That nobody approves their own request is not "
    "counted, so one more is needed where approvers may ask as well.",
    why="Whoever asks in an emergency waits for an approval that nobody can give.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: responders}
spec: {role: security-responder, subjects: {users: [alice]}}
---
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec], approvals: {count: 2}}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: responders}
spec: {role: security-responder, subjects: {users: [alice]}}
---
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec], approvals: {count: 1}}
""",
    check=_check,
)
