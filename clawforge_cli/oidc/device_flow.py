"""Signing in on another device: a short code to type there (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from clawforge.errors import InputError
from clawforge.secret import Secret
from clawforge_cli.oidc.provider import Provider, SignInFailedError, identity_token, refused, scope

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL, _SLOWER, _SLOWEST = 5.0, 5.0, 60.0
_LONGEST = 1800.0


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What the person needs: an address, a code to type there, and an address with the code in it, if there is one."""

    address: str
    code: str
    complete: str | None


def sign_in_by_device(
    provider: Provider,
    show: Callable[[DevicePrompt], None],
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Secret:
    """The identity token of whoever types the code elsewhere.

    Raises SignInFailedError, UnavailableError, and InputError where the provider has no such way.
    """
    metadata = provider.metadata()
    if metadata.device_endpoint is None:
        raise InputError("This identity provider has no sign-in by device.", hint="Leave --device out.")
    begun = provider.post(metadata.device_endpoint, {"scope": scope(metadata)})
    if begun.status != 200:
        raise refused(begun)
    device_code = begun.text("device_code")
    complete = begun.document.get("verification_uri_complete")
    show(
        DevicePrompt(
            begun.text("verification_uri"), begun.text("user_code"), complete if isinstance(complete, str) else None
        )
    )
    interval = _seconds(begun.document.get("interval"), _INTERVAL, _SLOWEST)
    deadline = monotonic() + _seconds(begun.document.get("expires_in"), _LONGEST, _LONGEST)
    form = {"grant_type": _GRANT, "device_code": device_code}
    while monotonic() < deadline:
        sleep(interval)
        answer = provider.post(metadata.token_endpoint, form)
        match answer.document.get("error"):
            case None:
                return identity_token(answer, nonce=None)
            case "authorization_pending":
                continue
            case "slow_down":
                interval = min(interval + _SLOWER, _SLOWEST)
            case "expired_token":
                break
            case _:
                raise refused(answer)
    raise SignInFailedError("Nobody typed the code in time.", hint="Run the command again.")


def _seconds(value: object, default: float, most: float) -> float:
    """What the provider asks for, within reason."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return default
    return min(float(value), most)
