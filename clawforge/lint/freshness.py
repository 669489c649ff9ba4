"""How long agents go on without the server, as it is written and as it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawforge.effective import EffectiveOffline
from clawforge.lint.context import LintContext
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Offline, Policy, PolicyMode

_BUILT_IN = EffectiveOffline()


class Held(NamedTuple):
    """Seconds."""

    lease: int
    max_stale: int


def written_offline(context: LintContext) -> Iterator[tuple[Resource, Offline]]:
    """The policies and organizations that have a section `offline`, with it."""
    for resource in context.resources:
        if isinstance(resource, (Policy, Organization)) and resource.spec.offline is not None:
            yield resource, resource.spec.offline


def freshness_values(context: LintContext) -> Iterator[tuple[str, Offline, Held]]:
    """Of each base policy and organization that says something about it: its address, what it says, and what holds
    under it, with all that it extends, defaults, and what narrows for everyone.
    """
    organization = next((item.spec.offline for item in context.each(Organization)), None)
    cuts = {field: _cut(field, context) for field in Held._fields}
    for resource, written in written_offline(context):
        if written.lease is None and written.max_stale is None:
            continue
        if isinstance(resource, Policy) and resource.spec.mode is not PolicyMode.BASE:
            continue
        held = {field: _held(field, resource, written, organization, context) for field in Held._fields}
        yield resource.address, written, Held(*(min([held[field], *cuts[field]]) for field in Held._fields))


def _held(field: str, resource: Resource, written: Offline, organization: Offline | None, context: LintContext) -> int:
    said = getattr(written, field)
    if isinstance(resource, Policy):
        said = context.lineage.said(resource, "offline", field)
        said = getattr(organization, field, None) if said is None else said
    value: int = getattr(_BUILT_IN, field) if said is None else said
    return value


def _cut(field: str, context: LintContext) -> list[int]:
    """What overlays and guardrails for everyone cut a field to."""
    said = (context.lineage.said(policy, "offline", field) for policy in context.universal)
    return [value for value in said if value is not None]
