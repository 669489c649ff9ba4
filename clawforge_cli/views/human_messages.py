"""Messages of the org to the person at this machine, as a terminal or a log shows them."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.message import Message
from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import safe


def message_lines(message: Message) -> Iterator[str]:
    """Who said it and when, and what; the lines of a longer text stand below, indented. Harmless."""
    head = f"Message from {safe(message.by)} at {format_instant(message.at)}:"
    lines = [safe(line) for line in message.text.split("\n")]
    if len(lines) == 1:
        yield f"{head} {lines[0]}"
        return
    yield head
    yield from (f"  {line}" for line in lines)
