"""A group that gives its people rights, given to machines."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.role_binding import RoleBinding


def _check(context: LintContext) -> Iterable[Finding]:
    bindings: dict[str, list[str]] = {}
    for binding in context.each(RoleBinding):
        for group in binding.spec.subjects.groups:
            bindings.setdefault(group, []).append(binding.address)
    for template in context.each(Enrollment):
        for index, group in enumerate(template.spec.groups):
            if group in bindings:
                yield Finding(
                    "enrollment-group-with-rights",
                    template.address,
                    f"/spec/groups/{index}",
                    f"`{group}` gives rights on the control plane ({bindings[group][0]}), which machines never hold.",
                    "Give the machine a group of its own, and aim policies at that one.",
                    Severity.WARNING,
                    tuple(bindings[group]),
                )


RULE = Rule(
    id="enrollment-group-with-rights",
    name="Machines should not join groups that give rights",
    severity=Severity.WARNING,
    what="Enrollments whose `groups` are subjects of a RoleBinding.",
    why="A machine holds no rights, whatever its groups. But policies aimed at the bound role reach it, and only who "
    "holds all these rights can mint a token from the template.",
    bad="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: on-call}
spec: {members: {users: [ada]}}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: responders}
spec: {role: security-responder, subjects: {groups: [on-call]}}
---
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: laptops}
spec: {groups: [on-call]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: laptops}
spec: {members: {tags: {form: [laptop]}}}
---
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: laptops}
spec: {groups: [laptops]}
""",
    check=_check,
)
