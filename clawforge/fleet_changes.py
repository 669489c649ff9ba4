"""What changed on the machines of a fleet from one look to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from clawforge.wire_enrollment import InstanceList, InstanceView


class FleetChange(NamedTuple):
    """One fact about a machine that is another now. None stands for what was not there, or is not any more."""

    instance: str
    what: str
    before: str | None
    after: str | None


_WATCHED = ("state", "status", "enforces", "revision", "compliance")


def fleet_changes(before: InstanceList, after: InstanceList) -> tuple[FleetChange, ...]:
    """Machine by machine in the order of `after`; those that are gone come last."""
    known = {item.instance: item for item in before.instances}
    found = [change for item in after.instances for change in _changes(known.pop(item.instance, None), item)]
    return (*found, *(FleetChange(name, "state", known[name].state, None) for name in sorted(known)))


def _changes(before: InstanceView | None, after: InstanceView) -> list[FleetChange]:
    if before is None:
        return [FleetChange(after.instance, "state", None, after.state)]
    old, new = _facts(before), _facts(after)
    return [FleetChange(after.instance, what, old.get(what), new.get(what)) for what in new if old[what] != new[what]]


def _facts(item: InstanceView) -> Mapping[str, str | None]:
    facts = {what: getattr(item, what) for what in _WATCHED}
    for component in ("host", "plugin", "runtime"):
        facts[f"{component} version"] = item.versions.get(component)
    return {what: None if value is None else str(value) for what, value in facts.items()}
