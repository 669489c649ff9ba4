"""An entry of a policy's list without which everybody gets the same."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    if not context.prove:
        return
    for entry in context.proofs.idle_entries():
        yield Finding(
            "idle-entry",
            entry.policy.address,
            f"{entry.field.pointer}/{entry.at}",
            f"`{entry.text}` changes nothing for anybody: without it everybody gets the same.",
            "Remove it, or check what makes it useless: another entry, another policy, or tools that never reach it.",
            Severity.NOTE,
        )


RULE = Rule(
    id="idle-entry",
    name="Entries of lists should change something for somebody",
    severity=Severity.NOTE,
    what="Entries of the lists of a policy without which everybody gets the same, at any time, whether they exist yet "
    "or not. Only `clawforge lint --prove` looks for them: each entry is a proof of its own.",
    why="An entry that does nothing is read as one that does. That somebody may call no tool which it concerns is a "
    "reason like any other: the entry waits for a change that nobody has made.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, tools: {allow: [read, write]}, network: {deny: [example.com]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, tools: {allow: [read, web_fetch, write]}, network: {deny: [example.com]}}
""",
    check=_check,
)
