"""What looks like a pattern and is an ordinary name protects nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.invariant import Invariant
from clawforge.resource.policy import Policy

_BRACES = re.compile(r"(?<![\\\[])\{[^{}/]*,[^{}/]*\}")
_VARIABLE = re.compile(r"\$(?:[A-Z_][A-Z0-9_]*|\{[A-Z_][A-Z0-9_]*\})|%[A-Za-z]+%")


def _check(context: LintContext) -> Iterable[Finding]:
    for address, place, globs in _lists(context):
        for index, glob in enumerate(globs):
            found = _misread(glob)
            if found is not None:
                message, hint = found
                code, pointer = "path-glob-taken-literally", f"{place}/{index}"
                yield Finding(code, address, pointer, message, hint, Severity.WARNING)


def _lists(context: LintContext) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Address, pointer and globs of every list of them."""
    for policy in context.each(Policy):
        paths = policy.spec.paths
        if paths is not None:
            yield policy.address, "/spec/paths/deny", paths.deny or ()
            yield policy.address, "/spec/paths/readOnly", paths.read_only or ()
    for invariant in context.each(Invariant):
        if invariant.spec.forbid is not None:
            yield invariant.address, "/spec/forbid/paths", invariant.spec.forbid.paths


def _misread(glob: str) -> tuple[str, str] | None:
    """What is wrong with a glob, and a hint."""
    braces = _BRACES.search(glob)
    if braces is not None:
        return f"`{braces[0]}` is taken literally here, braces and commas included.", "Write one glob for each."
    for name in glob.split("/")[1:]:
        if name == "~" or _VARIABLE.fullmatch(name):
            message = f"`{name}` stands for itself here: it means a folder of that very name."
            return (
                message,
                "Begin with `~/` or `$WORKSPACE/`, or with `**/` for any place. There are no other variables.",
            )
        if "**" in name and name != "**" and "\\*" not in name:
            message = f"`**` inside of the name `{name}` is the same as `*` and does not reach into folders."
            return message, "Write `**` alone between slashes, as in `/etc/**/*.conf`."
    return None


RULE = Rule(
    id="path-glob-taken-literally",
    name="Path globs know no braces and variables",
    severity=Severity.WARNING,
    what="Path globs with `{a,b}`, with a variable or a `~` behind their beginning, or with `**` inside a name.",
    why="These are read as ordinary characters, and `**` inside a name as `*`. So the glob matches no file, or "
    "fewer than it seems to.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["**/*.{key,pem}"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["**/*.key", "**/*.pem"]}
""",
    check=_check,
)
