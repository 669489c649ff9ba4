"""Files by which an assistant could become its person."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from clawforge.decide.paths import GlobList
from clawforge.decide.resolved_path import readings, surroundings
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.open_tools import EXEC, OpenTools
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

_KEYS = {"~/.ssh": "/home/someone/.ssh/id_ed25519", "~/.aws": "/home/someone/.aws/credentials"}
_AROUND = surroundings("/home/someone", "/srv/workspace")
_READERS = ("read", EXEC)


def _check(context: LintContext) -> Iterable[Finding]:
    missing = set(_KEYS)
    for policy in context.each(Policy):
        if policy.spec.mode is not PolicyMode.BASE and policy.spec.enforcement is Enforcement.ENFORCE:
            missing -= _protected(policy, context)
        if not missing:
            return
    tools = OpenTools(context)
    for base in context.bases:
        left = sorted(missing - _protected(base, context))
        if left and any(tools.open_in(base, tool) for tool in _READERS):
            yield Finding(
                "home-secrets-readable",
                base.address,
                "/metadata/name",
                f"Under this policy assistants can read {' and '.join(f'`{name}`' for name in left)}.",
                "Deny them by a guardrail for everyone: `paths: {deny: [~/.aws/**, ~/.ssh/**]}`.",
                Severity.NOTE,
            )
            return


def _protected(policy: Policy, context: LintContext) -> set[str]:
    if context.lineage.said(policy, "paths", "workspace_only"):
        return set(_KEYS)
    return set(_denied(context.lineage.united(policy, "paths", "deny")))


@lru_cache(maxsize=1024)
def _denied(globs: tuple[str, ...]) -> frozenset[str]:
    denied = GlobList(globs)
    return frozenset(
        name
        for name, file in _KEYS.items()
        if all(denied.find(path, _AROUND) is not None for path in readings(file, _AROUND))
    )


RULE = Rule(
    id="home-secrets-readable",
    name="Keys in the home should be out of reach",
    severity=Severity.NOTE,
    what="Organizations with a base policy that lets `read` or the shell reach any file, where no policy denies "
    "`~/.ssh` and `~/.aws`, nor keeps to the workspace. Said once.",
    why="These folders hold the keys to servers and clouds. Whoever talks an assistant into reading them has them.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: secrets}
spec:
  mode: guardrail
  appliesTo: everyone
  paths: {deny: ["~/.aws/**", "~/.ssh/**"]}
""",
    check=_check,
)
