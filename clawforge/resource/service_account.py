"""ServiceAccount: a program that calls the control plane, with its own rights and bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Cidr, Instant, Permission, Resource, Strict, Text


class Federation(Strict):
    """Trust in tokens of a foreign OIDC issuer, so that a pipeline stores no secret."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$", max_length=512)]
    subject: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    audience: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    claims: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Text] = {}


class ServiceAccountSpec(Strict):
    """Rights, expiry and the networks that calls may come from."""

    description: Text = ""
    permissions: Annotated[tuple[Permission, ...], Field(max_length=64)] = ()
    expires: Instant | None = None
    networks: Annotated[tuple[Cidr, ...], Field(max_length=64)] = ()
    federated: Federation | None = None


class ServiceAccount(Resource):
    """A program's identity."""

    kind: Literal["ServiceAccount"] = "ServiceAccount"
    spec: ServiceAccountSpec = ServiceAccountSpec()
