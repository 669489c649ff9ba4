"""A tool's name that nobody has denies nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.decide.catalogue import MCP_PREFIX, Catalogue, catalogue, hosts
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.tool_name import written_tools
from clawforge.spelling import KnownNames

_PLUGIN_MARKS = frozenset(".:/@")
_LIKENESS = 0.8
"""Names that are less alike are different names, as `memory_store` and `memory_search` are."""


def _check(context: LintContext) -> Iterable[Finding]:
    names = context.catalogue
    known = KnownNames((*names.tools, *names.aliases))
    foreign: dict[str, tuple[str, str]] | None = None
    for address, pointer, pattern in written_tools(context):
        if _is_known(pattern, names):
            continue
        if foreign is None:
            foreign = _foreign_names()
        message = f"There is no tool `{pattern}` in the catalogue."
        if pattern in foreign:
            host, name = foreign[pattern]
            hint = f"It is what {host} calls `{name}`: policies use the latter name for every host."
            yield Finding("unknown-tool", address, pointer, message, hint, Severity.WARNING)
            continue
        guess = names.lookalike(pattern) or _alike(pattern, known)
        if guess is not None:
            yield Finding("unknown-tool", address, pointer, message, f"Did you mean `{guess}`?", Severity.WARNING)
        else:
            hint = "If a plugin brings it, all is well. Tools of MCP servers are written `mcp__server__tool`."
            yield Finding("unknown-tool", address, pointer, message, hint, Severity.NOTE)


def _is_known(pattern: str, names: Catalogue) -> bool:
    return (
        pattern in names.tools
        or pattern in names.aliases
        or pattern.endswith("*")
        or pattern.startswith("group:")
        or not _PLUGIN_MARKS.isdisjoint(pattern)
        or names.canonical_name(pattern).startswith(MCP_PREFIX)
    )


def _foreign_names() -> dict[str, tuple[str, str]]:
    """Other hosts' own names of tools, each with a host and the name that policies use."""
    return {alias: (host, name) for host in hosts() for alias, name in catalogue(host).aliases.items()}


def _alike(pattern: str, known: KnownNames) -> str | None:
    """The name that was probably meant: nearly the same letters, or the same ones in another order."""
    from difflib import SequenceMatcher

    guess = known.nearest(pattern)
    if guess is None:
        return None
    same_letters = sorted(guess) == sorted(pattern)
    return guess if same_letters or SequenceMatcher(None, pattern, guess).ratio() >= _LIKENESS else None


RULE = Rule(
    id="unknown-tool",
    name="Tools should exist",
    severity=Severity.WARNING,
    what="Names of tools, without `*`, that are not in the catalogue. A name that looks like a misspelt or foreign "
    "one is a warning; any other is a note, since plugins bring tools of their own. Names of MCP servers' "
    "tools and names with `.`, `:`, `/` or `@` are not looked at.",
    why="A misspelt name matches no tool: a deny list lets through what its author meant, and nothing else shows it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: [web_serch]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: [web_search]}
""",
    check=_check,
)
