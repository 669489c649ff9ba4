"""Organization: name, time zone, contexts, single sign-on, and what holds where no policy says otherwise."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Duration, Name, NameSet, Resource, Strict, Text, Zone
from clawforge.resource.policy import Audit, Offline


class SingleSignOn(Strict):
    """The OIDC provider that people sign in with; client secrets are never written here."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s?#]+$", max_length=512)]
    """The provider's issuer address, exactly as its tokens name it."""
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    """The id under which clawforge is registered with the provider."""
    audience: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    """The audience that tokens must have, if it is not `clientId`."""
    groups_claim: Annotated[str, StringConstraints(min_length=1, max_length=128)] = "groups"
    """The claim of a token that lists the person's groups."""


class Heartbeat(Strict):
    """How often agents report, and when a silent one counts as offline."""

    interval: Duration = 30
    """The time between two reports of an agent."""
    offline_after: Duration = 300
    """The silence after which an agent counts as offline."""


class Retention(Strict):
    """How long audit events are kept, by class of event; `default` covers the rest."""

    default: Duration = 90 * 86_400
    """For every class of event that `byClass` does not name."""
    by_class: dict[Name, Duration] = {}
    """For single classes of events, by name."""


class OrganizationLimits(Strict):
    """Upper bounds that keep one org from starving the others."""

    instances: Annotated[int, Field(ge=1)] | None = None
    """The most instances that may be enrolled; left out, no limit of the org's own."""
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """The most requests per minute of all its members together; left out, no limit of the org's own."""


class OrganizationSpec(Strict):
    """`audit` and `offline` hold where the base policy of a subject is silent."""

    display_name: Text = ""
    """The name that people read."""
    timezone: Zone = "UTC"
    """The IANA time zone in which days of the org begin and end, such as the last day of a skill's review."""
    contexts: NameSet = ()
    """The contexts that assistants may work in, such as `work` and `personal`."""
    sso: SingleSignOn | None = None
    """The provider that people sign in with; left out, there is none."""
    heartbeat: Heartbeat = Heartbeat()
    """How often agents report."""
    audit: Audit | None = None
    """What agents report where the base policy does not say."""
    offline: Offline | None = None
    """How long agents may go on alone where the base policy does not say."""
    retention: Retention = Retention()
    """How long audit events are kept."""
    limits: OrganizationLimits = OrganizationLimits()
    """Upper bounds of the org."""


class Organization(Resource):
    """The org; its name is the project's `org`."""

    kind: Literal["Organization"] = "Organization"
    spec: OrganizationSpec = OrganizationSpec()
