"""An allow list that allows everything is none."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy

_LISTS = (
    ("tools", "allow", "tool"),
    ("mcp", "allow", "MCP server"),
    ("skills", "sources", "source of skills"),
)
_PUBLIC = frozenset(
    {
        "app",
        "biz",
        "cloud",
        "com",
        "dev",
        "edu",
        "gov",
        "info",
        "int",
        "io",
        "mil",
        "name",
        "net",
        "online",
        "org",
        "shop",
        "site",
        "tech",
        "xyz",
    }
)
"""Top-level domains that anybody, or half the world, registers names in; those of two letters are countries'."""


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        spec = policy.spec
        for section, field, noun in _LISTS:
            entries = getattr(getattr(spec, section), field, None) or ()
            if "*" in entries:
                pointer = f"/spec/{section}/{field}/{entries.index('*')}"
                message = f"`*` allows every {noun}, those included that do not exist yet."
                hint = "Name what is needed, with prefixes such as `acme-*` where that is many."
                yield Finding("unbounded-allow", policy.address, pointer, message, hint, Severity.WARNING)
        for index, domain in enumerate(spec.network.allow or ()) if spec.network else ():
            if _is_public(domain):
                message = f"`{domain}` allows every host below `{domain[2:]}`, where anybody can register one."
                pointer = f"/spec/network/allow/{index}"
                hint = "Name the domains that are needed."
                yield Finding("unbounded-allow", policy.address, pointer, message, hint, Severity.WARNING)


def _is_public(domain: str) -> bool:
    top = domain[2:]
    return domain.startswith("*.") and (top in _PUBLIC or (len(top) == 2 and top.isalpha()))


RULE = Rule(
    id="unbounded-allow",
    name="Allow lists should have bounds",
    severity=Severity.WARNING,
    what="The entry `*` in `tools.allow`, `mcp.allow` and `skills.sources`, and entries such as `*.com` in "
    "`network.allow` that mean every host below a public top-level domain.",
    why="Such an entry allows what does not exist yet: the tools of the next plugin, the next server, any host "
    "that somebody registers tomorrow.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  mcp: {allow: ["*"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  mcp: {allow: [jira]}
""",
    check=_check,
)
