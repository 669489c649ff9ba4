"""An entry that another one covers does nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.list_entry import remove_entry
from clawforge.lint.redundancy import Redundancy
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    redundancy = Redundancy(context)
    for policy in context.each(Policy):
        for pointer, entry, owner in redundancy.entries_of(policy):
            message = f"`{entry}` says nothing that `{owner}` does not say."
            yield Finding("redundant-pattern", policy.address, pointer, message, "Remove it.", Severity.NOTE)


RULE = Rule(
    id="redundant-pattern",
    name="Lists should not say things twice",
    severity=Severity.NOTE,
    what="Entries of a list of tools, servers, sources, domains, paths or commands that another entry of the same "
    "list covers. Paths and commands are compared as they are written.",
    why="Whoever removes one of the two entries believes that something changed.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["~/.ssh/**", "~/.ssh/id_rsa"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["~/.aws/**", "~/.ssh/**"]}
""",
    check=_check,
    fix=remove_entry,
)
