"""Verifying an identity token: a JWT (RFC 7519) by the practices of RFC 8725 and OpenID Connect Core 3.1.3.7."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clawforge.errors import UnauthenticatedError
from clawforge_server.auth.oidc.issuers import Issuers
from clawforge_server.auth.oidc.key_set import ALGORITHMS
from clawforge_server.auth.oidc.strict_text import base64url, json_object

_LONGEST = 15_000
_LONGEST_HEADER = 4_096
_LONGEST_NAME = 512
_SKEW = dt.timedelta(seconds=60)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_LATEST = 250_000_000_000
"""Seconds since 1970, in the year 9892: what a moment can be."""


class BadIdentityTokenError(UnauthenticatedError):
    """The token does not say what it must, or nobody whom we believe says it."""

    code = "bad-identity-token"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `max_age`: how long ago it may have been issued; `party`: the client that it was issued
    to, where it says so; `only_audience`: it must be for nobody else."""

    issuer: str
    audience: str
    max_age: dt.timedelta
    party: str | None = None
    only_audience: bool = False


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A verified token. `used_mark` is the same for every spelling of it; until `dead_at` it could come again."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    expires_at: dt.datetime
    used_mark: str
    dead_at: dt.datetime


def verify(text: str, expected: Expected, issuers: Issuers, now: dt.datetime) -> IdentityToken:
    """The token, if it is genuine and says what is expected.

    Raises BadIdentityTokenError with a sentence that quotes nothing of it, and UnavailableError when the issuer's keys
    cannot be had. Keys come from the issuer alone: whatever a header names or carries is not looked at.
    """
    if len(text) > _LONGEST or not text.isascii() or text.count(".") != 2:
        raise BadIdentityTokenError("This is not an identity token: it is no signed JWT of a usual size.")
    head, body, tail = text.split(".")
    try:
        if len(head) > _LONGEST_HEADER:
            raise ValueError("a long header")
        header, claims, signature = json_object(base64url(head)), json_object(base64url(body)), base64url(tail)
    except ValueError as error:
        raise BadIdentityTokenError("This is not an identity token: it is malformed.") from error
    algorithm, kid = _header(header)
    # Before anything is fetched: a token for somebody else must cost nothing.
    if claims.get("iss") != expected.issuer:
        raise BadIdentityTokenError("The identity token comes from another issuer than the one that is trusted.")
    keys = issuers.keys(expected.issuer, kid, algorithm).candidates(kid, algorithm)
    signed = f"{head}.{body}".encode("ascii")
    if not any(key.verifies(algorithm, signed, signature) for key in keys):
        raise BadIdentityTokenError("The signature of the identity token is not the issuer's.")
    _check_audience(claims, expected)
    expires_at, issued_at = _check_times(claims, expected.max_age, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_NAME or not subject.isprintable():
        raise BadIdentityTokenError("The identity token names nobody.")
    return IdentityToken(
        issuer=expected.issuer,
        subject=subject,
        claims=claims,
        expires_at=expires_at,
        used_mark=hashlib.sha256(signed).hexdigest(),
        dead_at=min(expires_at, issued_at + expected.max_age) + 2 * _SKEW,
    )


def _header(header: Mapping[str, Any]) -> tuple[str, str | None]:
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadIdentityTokenError("The identity token is not signed with an algorithm that is accepted.")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise BadIdentityTokenError("The token is of another type than an identity token.")
    if "crit" in header or "b64" in header:
        raise BadIdentityTokenError("The identity token asks for an extension that is not understood.")
    if kid is not None and not (isinstance(kid, str) and len(kid) <= _LONGEST_NAME):
        raise BadIdentityTokenError("The identity token names its key in an unusable way.")
    return algorithm, kid


def _check_audience(claims: Mapping[str, Any], expected: Expected) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    wrong = expected.audience not in named or not all(isinstance(item, str) for item in named)
    if wrong or (expected.only_audience and len(named) > 1):
        raise BadIdentityTokenError("The identity token was made for another audience.")
    party = claims.get("azp")
    if expected.party is not None and (party is not None or len(named) > 1) and party != expected.party:
        raise BadIdentityTokenError("The identity token was issued to another program.")


def _check_times(claims: Mapping[str, Any], max_age: dt.timedelta, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    expires_at, issued_at = _moment(claims, "exp"), _moment(claims, "iat")
    not_before = _moment(claims, "nbf") if "nbf" in claims else issued_at
    if now - _SKEW >= expires_at:
        raise BadIdentityTokenError("The identity token has expired.", hint=_CLOCKS)
    if now + _SKEW < max(issued_at, not_before):
        raise BadIdentityTokenError("The identity token is not valid yet.", hint=_CLOCKS)
    if now - _SKEW > issued_at + max_age:
        raise BadIdentityTokenError("The identity token was issued too long ago.", hint="Sign in again.")
    return expires_at, issued_at


_CLOCKS = "Sign in again. If that does not help, the clocks of the server and of the identity provider differ."


def _moment(claims: Mapping[str, Any], name: str) -> dt.datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadIdentityTokenError("The identity token does not say when it was issued and when it ends.")
    if not 0 <= value <= _LATEST:
        raise BadIdentityTokenError("The identity token names an impossible moment.")
    return _EPOCH + dt.timedelta(seconds=value)
