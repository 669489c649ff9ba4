"""Asking for an elevation as a person does: what has to be typed is typed, and nobody types it for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.resource.meta import parse_duration
from clawforge.wire_elevations import ElevationRequest, ElevationView
from clawforge_cli.elevation_client import ElevationClient

_PHRASE_MISSING = "confirmation-missing"


@dataclass(frozen=True, slots=True)
class TypedRequest:
    """The arguments of `elevate request`."""

    grant: str
    user: str | None
    instance: str | None
    tools: Sequence[str]
    agent: str | None
    context: str | None
    ttl: str | None
    reason: str
    ticket: str | None
    confirmation: str | None


def elevation_request(typed: TypedRequest) -> ElevationRequest:
    """What the control plane is asked. Raises InputError naming the option that cannot be used."""
    try:
        return ElevationRequest(
            grant=typed.grant,
            user=None if typed.user is None else typed.user.removeprefix("User/"),
            instance=typed.instance,
            tools=tuple(typed.tools),
            agent=typed.agent,
            context=typed.context,
            ttl=None if typed.ttl is None else _seconds(typed.ttl),
            reason=typed.reason,
            ticket=typed.ticket,
            confirmation=typed.confirmation,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = str(first["loc"][0])
        option = {"grant": "GRANT", "user": "--for", "tools": "--tool", "confirmation": "--confirm"}.get(place)
        raise InputError(f"{option or f'--{place}'}: {first['msg']}.") from error


def ask(client: ElevationClient, request: ElevationRequest) -> ElevationView:
    """Ask; if the grant wants a phrase typed and a person can be asked, they type it."""
    from clawforge_cli.settings import may_ask

    try:
        return client.request(request)
    except InputError as error:
        if error.code != _PHRASE_MISSING or request.confirmation is not None or not may_ask():
            raise
        typed = _typed(error)
    return client.request(request.model_copy(update={"confirmation": typed}))


def _typed(error: InputError) -> str:
    import typer

    from clawforge_cli.views.terminal import safe

    answer: str = typer.prompt(f"{safe(error.message)} {safe(error.hint)}\n", prompt_suffix="> ", err=True)
    return answer.strip()


def _seconds(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"--ttl: {error}.") from error
