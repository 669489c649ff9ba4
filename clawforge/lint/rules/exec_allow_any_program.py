"""One loose line makes a list of commands no list."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.program_reach import reach_of
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        for index, pattern in enumerate((policy.spec.exec.allow or ()) if policy.spec.exec else ()):
            reach = reach_of(pattern)
            if reach is None:
                continue
            program, opens = reach
            message = f"`{pattern}` lets any program run: {opens}."
            hint = "Write the arguments that are needed, one entry each, as in `git status **`."
            if program == "*":
                hint = "Name the programs that are needed, one entry each."
            pointer = f"/spec/exec/allow/{index}"
            yield Finding("exec-allow-any-program", policy.address, pointer, message, hint, Severity.WARNING)


RULE = Rule(
    id="exec-allow-any-program",
    name="An allowed command should not admit every other",
    severity=Severity.WARNING,
    what="Entries of `exec.allow` whose first word is `*`, or that let a shell, an interpreter, a wrapper or a "
    "program that runs others, such as `find`, `awk` or `git`, take any arguments.",
    why="An allow list is as good as its loosest line: who may run `env **` may run everything.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist, allow: ["find **", ls]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist, allow: ["find . -name *", ls]}
""",
    check=_check,
)
