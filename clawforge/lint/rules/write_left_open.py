"""Who may not `write` may still write by other tools."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.covering import denying
from clawforge.lint.open_tools import EXEC, OpenTools
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy

_OTHER_WAYS = ("edit", "apply_patch", EXEC)


def _check(context: LintContext) -> Iterable[Finding]:
    tools: OpenTools | None = None
    for policy in context.each(Policy):
        index = denying(policy, "write", context)
        if index is None:
            continue
        tools = tools or OpenTools(context)
        found = {tool: base for tool in _OTHER_WAYS if (base := tools.open_in(policy, tool)) is not None}
        if found:
            ways = _listed(found)
            elsewhere = next((base.address for base in found.values() if base is not policy), None)
            where = f" in {elsewhere}" if elsewhere else ""
            verb = "stays" if len(found) == 1 else "stay"
            message = f"`write` is denied, but {ways}, which can change files too, {verb} open{where}."
            related = (elsewhere,) if elsewhere else ()
            pointer = f"/spec/tools/deny/{index}"
            yield Finding("write-left-open", policy.address, pointer, message, _hint(found), Severity.WARNING, related)


def _listed(names: Iterable[str]) -> str:
    *others, last = (f"`{name}`" for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def _hint(found: Iterable[str]) -> str:
    names = [tool for tool in found if tool != EXEC]
    deny = f"Deny {_listed(names)} as well" if names else ""
    shell = "give `exec` a stricter mode" if EXEC in found else ""
    text = "; ".join(part for part in (deny, shell) if part)
    return f"{text[:1].upper()}{text[1:]}. To protect certain files, use `paths.readOnly` or `paths.deny`."


RULE = Rule(
    id="write-left-open",
    name="Denying write should close the other ways to write",
    severity=Severity.WARNING,
    what="Policies that deny the tool `write` while `edit`, `apply_patch` or `exec` without limits stay open, in "
    "the policy with all that it extends, or, for an overlay or guardrail, in a base that surely is behind it.",
    why="Each of these tools changes files. Denying one of them keeps an honest mistake away and nobody else.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist}
  tools: {deny: [write]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist}
  tools: {deny: [apply_patch, edit, write]}
""",
    check=_check,
)
