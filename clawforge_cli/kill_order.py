"""A kill switch as it was typed."""

from __future__ import annotations

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.overlay.kill_scope import parse_kill_scope
from clawforge.resource.meta import parse_duration
from clawforge.wire_overlays import OverlayRequest


def kill_request(
    scope: str,
    reason: str,
    *,
    message: str = "",
    ttl: str | None = None,
    ticket: str | None = None,
    remind_every: str = "1h",
) -> OverlayRequest:
    """What the control plane is asked for. Raises InputError naming the option that cannot be used."""
    parse_kill_scope(scope)
    try:
        return OverlayRequest(
            scope=scope,
            reason=reason,
            message=message,
            ticket=ticket,
            ttl=None if ttl is None else _seconds("--ttl", ttl),
            remind_every=_seconds("--remind-every", remind_every),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = str(first["loc"][0]).replace("_", "-").replace("remindEvery", "remind-every")
        said = "says nothing" if first["type"] == "string_pattern_mismatch" else first["msg"]
        raise InputError(f"--{option}: {said}.") from error


def _seconds(option: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option}: {error}.") from error
