"""Instances are known to the server, not to the files."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("unknown-instance", ())


RULE = Rule(
    id="unknown-instance",
    name="Instances should exist",
    severity=Severity.WARNING,
    what="Instances that are not among those that lint was given. Files alone cannot tell which there are: neither "
    "`clawforge lint` nor a plan gives it any, so that only programs that call the library with the instances of a "
    "control plane see this.",
    why="A policy for an instance that nobody enrolled protects nothing until one enrols under that name.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: build-servers}
spec: {appliesTo: {instances: [biuld-7]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: build-servers}
spec: {appliesTo: {instances: [build-7]}}
""",
    check=_check,
)
