"""Looking at a fleet again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from clawforge.errors import UnavailableError
from clawforge_cli.views.terminal import note, safe

if TYPE_CHECKING:
    from clawforge.wire_enrollment import InstanceList
    from clawforge_cli.fleet_client import FleetClient

_LONGEST_WAIT = 30.0


def looks(
    client: FleetClient, select: Sequence[str], interval: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[InstanceList]:
    """The machines as they are, every `interval` seconds, without end. A control plane that cannot be reached is asked
    again; only the first look raises UnavailableError. Raises the errors of a refusal.
    """
    yield client.instances(select=select)
    wait = interval
    while True:
        sleep(wait)
        try:
            found = client.instances(select=select)
        except UnavailableError as error:
            note(f"{safe(error.message)} Asking again.")
            wait = min(max(wait * 2, error.retry_after), _LONGEST_WAIT)
            continue
        wait = interval
        yield found
