"""Organization: name, time zone, contexts, single sign-on, and what holds where no policy says otherwise."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Duration, Name, NameSet, Resource, Strict, Text, Zone
from clawforge.resource.policy import Audit, Offline


class SingleSignOn(Strict):
    """The OIDC provider that people sign in with; client secrets are never written here."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$", max_length=512)]
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    audience: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    groups_claim: Annotated[str, StringConstraints(min_length=1, max_length=128)] = "groups"


class Heartbeat(Strict):
    """How often agents report, and when a silent one counts as offline."""

    interval: Duration = 30
    offline_after: Duration = 300


class Retention(Strict):
    """How long audit events are kept, by class of event; `default` covers the rest."""

    default: Duration = 90 * 86_400
    by_class: dict[Name, Duration] = {}


class OrganizationLimits(Strict):
    """Upper bounds that keep one org from starving the others."""

    instances: Annotated[int, Field(ge=1)] | None = None
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None


class OrganizationSpec(Strict):
    """`audit` and `offline` hold where the base policy of a subject is silent."""

    display_name: Text = ""
    timezone: Zone = "UTC"
    contexts: NameSet = ()
    sso: SingleSignOn | None = None
    heartbeat: Heartbeat = Heartbeat()
    audit: Audit | None = None
    offline: Offline | None = None
    retention: Retention = Retention()
    limits: OrganizationLimits = OrganizationLimits()


class Organization(Resource):
    """The org; its name is the project's `org`."""

    kind: Literal["Organization"] = "Organization"
    spec: OrganizationSpec = OrganizationSpec()
