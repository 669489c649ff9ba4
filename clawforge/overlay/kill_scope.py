"""What a kill switch stops: everything, a group, one instance, or one tool."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError

from clawforge.decide.catalogue import DEFAULT_HOST, MCP_PREFIX, catalogue
from clawforge.decide.request import KillOrder
from clawforge.errors import InputError
from clawforge.spelling import nearest

ScopeKind = Literal["org", "group", "instance", "tool"]

_HOW = "Write org, group:NAME, instance:NAME or tool:NAME."
_ORDER: TypeAdapter[KillOrder] = TypeAdapter(KillOrder)
_PLUGIN_MARKS = frozenset("./@")


class KillScope(NamedTuple):
    """`name` is empty for the org. That of a tool is a pattern, a group of tools, or any host's name for one."""

    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else self.kind


def parse_kill_scope(text: str) -> KillScope:
    """What was written as `org`, `group:x`, `instance:y` or `tool:exec`. Raises InputError (`bad-scope`)."""
    kind, _, name = text.partition(":")
    known = {scope: scope for scope in get_args(ScopeKind)}
    found: ScopeKind | None = known.get(kind)
    if found is None:
        guess = nearest(kind, known)
        raise InputError(
            f"There is no scope {text!r}.", hint=f"Did you mean {guess!r}? {_HOW}" if guess else _HOW, code="bad-scope"
        )
    try:
        _ORDER.validate_python({"scope": text})
    except ValidationError as error:
        raise InputError(f"The scope {text!r} names nothing.", hint=_HOW, code="bad-scope") from error
    return KillScope(found, name)


def unknown_tool(pattern: str) -> str | None:
    """What to tell somebody whose kill switch names a tool that no catalogue has; None if one does, or nobody can know.

    The set of tools is open, so this is a remark and never a refusal.
    """
    names = catalogue(DEFAULT_HOST)
    if pattern.startswith("group:"):
        known = pattern in names.groups
    else:
        open_ended = pattern.endswith("*") or not _PLUGIN_MARKS.isdisjoint(pattern)
        known = open_ended or names.canonical_name(pattern).startswith(MCP_PREFIX)
        known = known or pattern in names.tools or pattern in names.aliases or names.lookalike(pattern) is not None
    if known:
        return None
    guess = nearest(pattern, (*names.tools, *names.aliases, *names.groups))
    probably = f"Did you mean tool:{guess}?" if guess else "If a plugin brings it, all is well."
    return f"There is no tool {pattern!r} in the catalogue. {probably}"
