"""Messages of the org to the person at this machine: fetched by a heartbeat, kept, and told once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from clawforge.dsse import read_envelope
from clawforge.errors import UntrustedError
from clawforge.keys import decode_public_key, open_key_set
from clawforge.message import Message, open_message
from clawforge.trust import TrustState

MOST_KEPT = 16


class Inbox:
    """What was not shown yet. Filled by the poller, emptied by whoever answers the host; from any thread."""

    def __init__(self, kept: tuple[Message, ...] = ()) -> None:
        self._kept = deque(kept, MOST_KEPT)
        self._lock = threading.Lock()

    def put(self, messages: tuple[Message, ...]) -> None:
        """These wait to be shown; the oldest go if there are too many."""
        with self._lock:
            self._kept.extend(messages)

    def take(self) -> tuple[Message, ...]:
        """Everything that waits, which counts as shown now."""
        if not self._kept:
            return ()
        with self._lock:
            found = tuple(self._kept)
            self._kept.clear()
        return found

    @property
    def kept(self) -> tuple[Message, ...]:
        """What waits."""
        with self._lock:
            return tuple(self._kept)


def new_messages(
    trust: TrustState, envelopes: tuple[object, ...], newest: int, refused: Callable[[str], None]
) -> tuple[Message, ...]:
    """Those that are genuine, for this machine and newer than number `newest`, in order. What is not is refused and
    changes nothing."""
    keys = open_key_set(trust.keys, decode_public_key(trust.root_key), org=trust.org)
    found: dict[int, Message] = {}
    for envelope in envelopes:
        try:
            message = open_message(read_envelope(envelope), keys, org=trust.org, instance=trust.instance)
        except UntrustedError as error:
            refused(f"A message was not shown: {error.message}")
            continue
        if message.number > newest:
            found[message.number] = message
    return tuple(found[number] for number in sorted(found))
