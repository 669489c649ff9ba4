"""A kill switch or a quarantine as a guardrail: what was stopped in a hurry, written down to stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clawforge.decide.call import lookalike_anywhere
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.errors import InputError
from clawforge.load.resource import parse_resource
from clawforge.overlay.kill_scope import KillScope, parse_kill_scope
from clawforge.resource.meta import API_VERSION
from clawforge.resource.policy import Policy

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_LONGEST_NAME = 63


def guardrail_value(scope: str, reason: str, *, message: str = "", ticket: str | None = None) -> dict[str, JsonValue]:
    """The policy that denies what a kill switch over `scope` stops, as a document.

    Raises InputError for a scope that no policy can name.
    """
    target = parse_kill_scope(scope)
    annotations: dict[str, JsonValue] = {"reason": reason}
    if ticket is not None:
        annotations["ticket"] = ticket
    tools: dict[str, JsonValue] = {"allow": []}
    if target.kind == "tool":
        names: list[JsonValue] = [target.name]
        if not target.name.startswith("group:"):
            known = lookalike_anywhere(target.name)
            names = [known] if known is not None else list(catalogue(DEFAULT_HOST).expand(target.name))
        tools = {"deny": names}
    spec: dict[str, JsonValue] = {
        "appliesTo": {f"{target.kind}s": [target.name]} if target.kind in ("group", "instance") else "everyone",
        "mode": "guardrail",
        "tools": tools,
        "message": message or reason,
    }
    value: dict[str, JsonValue] = {
        "apiVersion": API_VERSION,
        "kind": "Policy",
        "metadata": {"name": guardrail_name(target), "annotations": annotations},
        "spec": spec,
    }
    problems = parse_resource(value)
    if not isinstance(problems, Policy):
        raise InputError(f"No policy can name {scope}.", hint="Write the guardrail by hand.", code="not-codified")
    return value


def guardrail_name(scope: KillScope) -> str:
    """A name that says what is stopped: `stop-tool-exec`."""
    words = re.sub(r"[^a-z0-9]+", "-", f"stop-{scope}".lower()).strip("-")
    return words[:_LONGEST_NAME].rstrip("-")
