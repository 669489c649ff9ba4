"""Kill switches and quarantine, which beat every policy."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.decide.call import Call, lookalike_anywhere
from clawforge.decide.catalogue import DEFAULT_HOST, Catalogue, catalogue
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import KillOrder, Reason
from clawforge.resource.policy_test import Effect


def emergency_reasons(call: Call) -> Iterator[Reason]:
    """Why nothing goes at the moment, or not this tool."""
    for order in call.runtime.kill:
        if _concerns(order, call):
            yield Reason(code="kill-switch", effect=Effect.DENY, message=_sentence(order))
    if call.runtime.quarantine:
        yield Reason(
            code="quarantine",
            effect=Effect.DENY,
            message="This instance is in quarantine: every call is denied until that is lifted.",
        )


def _concerns(order: KillOrder, call: Call) -> bool:
    kind, _, name = order.scope.partition(":")
    match kind:
        case "group":
            return name in call.runtime.groups
        case "instance":
            return name == call.request.instance
        case "tool":
            return call.tool.found_by(_named(name)) is not None
        case _:
            return True


def _named(name: str) -> NameMatcher:
    return NameMatcher(killed_names(name, catalogue(DEFAULT_HOST)))


def killed_names(name: str, names: Catalogue) -> tuple[str, ...]:
    """The tools that a kill switch names, as patterns: by a pattern, a group, or any host's name for one. A group that
    the catalogue does not know stays as it is: it stands for every tool."""
    expanded = names.expand(name)
    if name.startswith("group:"):
        return expanded or (name,)
    return (name, *expanded, lookalike_anywhere(name) or name)


def _sentence(order: KillOrder) -> str:
    kind, _, name = order.scope.partition(":")
    where = "" if not name else f" for the {kind} {name}"
    told = order.message or order.reason
    return f"The kill switch is on{where}" + (f": {told}" if told else ".")
