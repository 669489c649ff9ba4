"""Old and second names of tools work, but not forever."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.edit import Edit
from clawforge.lint.list_entry import entry_at, rename_entry
from clawforge.lint.rule import Rule
from clawforge.lint.tool_name import written_tools


def _check(context: LintContext) -> Iterable[Finding]:
    aliases = context.catalogue.aliases
    for address, pointer, pattern in written_tools(context):
        name = aliases.get(pattern)
        if name is not None and pattern not in context.catalogue.tools:
            message = f"`{pattern}` is another name of the tool `{name}`."
            yield Finding("deprecated-tool-name", address, pointer, message, f"Write `{name}`.", Severity.NOTE)


def _fix(context: LintContext, finding: Finding) -> Iterable[Edit]:
    name = context.catalogue.aliases.get(entry_at(context, finding) or "")
    return rename_entry(context, finding, name) if name is not None else ()


RULE = Rule(
    id="deprecated-tool-name",
    name="Tools go by their present names",
    severity=Severity.NOTE,
    what="Aliases of tools, such as `cron` for `automations` and `bash` for `exec`.",
    why="An alias means the same today. Two names for one tool make lists hard to compare, and a later catalogue "
    "may drop the older name.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: [cron]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: [automations]}
""",
    check=_check,
    fix=_fix,
)
