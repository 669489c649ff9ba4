"""ServiceAccount: a program that calls the control plane, with its own rights and bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Cidr, Instant, Permission, Resource, Strict, Text


class Federation(Strict):
    """Trust in tokens of a foreign OIDC issuer, so that a pipeline stores no secret."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$", max_length=512)]
    """The foreign issuer's address, exactly as its tokens name it."""
    subject: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    """The subject that a token must have; left out, any."""
    audience: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """The audience that a token must have."""
    claims: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Text] = {}
    """Further claims that a token must have, with exactly these values."""


class ServiceAccountSpec(Strict):
    """Rights, expiry and the networks that calls may come from."""

    description: Text = ""
    """What the account is for."""
    permissions: Annotated[tuple[Permission, ...], Field(max_length=64)] = ()
    """What it may do: `resource:verb`; either side may be `*`."""
    expires: Instant | None = None
    """The moment from which it may do nothing; left out, never."""
    networks: Annotated[tuple[Cidr, ...], Field(max_length=64)] = ()
    """The networks that its calls may come from, in CIDR form; left out or empty, any."""
    federated: Federation | None = None
    """Trust in tokens of a foreign issuer, so that a pipeline needs no stored secret."""


class ServiceAccount(Resource):
    """A program's identity."""

    kind: Literal["ServiceAccount"] = "ServiceAccount"
    spec: ServiceAccountSpec = ServiceAccountSpec()
