"""Who may not `read` may still read by the shell."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.covering import denying
from clawforge.lint.open_tools import EXEC, OpenTools
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    tools: OpenTools | None = None
    for policy in context.each(Policy):
        index = denying(policy, "read", context)
        if index is None:
            continue
        tools = tools or OpenTools(context)
        base = tools.open_in(policy, EXEC)
        if base is not None:
            where = "" if base is policy else f" in {base.address}"
            message = f"`read` is denied, but `exec`, which can print any file, stays open{where}."
            hint = "Give `exec` a stricter mode; to protect certain files, use `paths.deny`."
            related = () if base is policy else (base.address,)
            pointer = f"/spec/tools/deny/{index}"
            yield Finding("read-left-open", policy.address, pointer, message, hint, Severity.NOTE, related)


RULE = Rule(
    id="read-left-open",
    name="Denying read does not close the shell",
    severity=Severity.NOTE,
    what="Policies that deny the tool `read` while `exec` stays open without limits, in the policy with all that it "
    "extends, or, for an overlay or guardrail, in a base that surely is behind it.",
    why="`cat` reads every file that the person can read.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: [read]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist}
  tools: {deny: [read]}
""",
    check=_check,
)
