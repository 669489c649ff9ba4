"""Which machines a command is about: those that are named, or those that fit a selector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge.wire_bulk import MOST_INSTANCES, BulkAnswer

if TYPE_CHECKING:
    from clawforge_cli.fleet_client import FleetClient


def chosen_machines(client: FleetClient, names: Sequence[str], select: Sequence[str]) -> tuple[str, ...]:
    """The names as they were typed, or the machines that work and fit. Raises InputError for both, and for neither."""
    from clawforge.fleet_selector import parse_selector

    if bool(names) == bool(select):
        raise InputError(
            "Machines are named, or chosen with --select.",
            hint="`clawforge fleet list --select ...` shows who that would be; --select 'instance=*' is everybody.",
        )
    if names:
        return tuple(dict.fromkeys(names))
    parse_selector(select)
    found = client.instances(select=select).instances
    return tuple(item.instance for item in found if item.state in ("active", "quarantined"))


def in_batches(names: Sequence[str], send: Callable[[tuple[str, ...]], BulkAnswer]) -> BulkAnswer:
    """The results of as many requests as it takes."""
    return BulkAnswer(results=tuple(result for batch in _batches(names) for result in send(batch).results))


def _batches(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(names), MOST_INSTANCES):
        yield tuple(names[start : start + MOST_INSTANCES])
