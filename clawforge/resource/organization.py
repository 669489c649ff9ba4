"""Organization: name, time zone, contexts, single sign-on, and what holds where no policy says otherwise."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Duration, Instant, Name, NameSet, Reason, Resource, Strict, StringSet, Text, Zone
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


class Passwords(Strict):
    """Signing in with an email address and a password, for people without single sign-on."""

    enabled: bool = False
    """Whether passwords are accepted at all."""


class Sessions(Strict):
    """How long people stay signed in: a session's tokens live for minutes; this bounds how long they are renewed."""

    lifetime: Duration = 12 * 3_600
    """The time after which a person signs in anew; more than 90 days count as 90."""


class Heartbeat(Strict):
    """How often agents report, and when a silent one counts as offline."""

    interval: Duration = 30
    """The time between two reports of an agent."""
    offline_after: Duration = 300
    """The silence after which an agent counts as offline."""


class LegalHold(Strict):
    """Audit events that are kept, however old they are. Every field that is given must fit an event."""

    reason: Reason
    """Why they are kept, such as the case."""
    classes: NameSet = ()
    """The classes of events; left out, every class."""
    actors: StringSet = ()
    """Who did it, as the log names them, such as `user:ann` or `instance:laptop-7`; left out, everybody."""
    since: Instant | None = None
    """Only events from this moment on."""
    until: Instant | None = None
    """Only events before this moment."""


class Retention(Strict):
    """How long the content of audit events is kept, by class of event; `default` covers the rest. Who did what and
    when, and the proof that nothing was changed, stay."""

    default: Duration = 90 * 86_400
    """For every class of event that `byClass` does not name."""
    by_class: dict[Name, Duration] = {}
    """For single classes of events, by name."""
    legal_hold: Annotated[tuple[LegalHold, ...], Field(max_length=64)] = ()
    """What no purge may take; a hold is stronger than everything above."""


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
    passwords: Passwords = Passwords()
    """Whether people may sign in with a password; left out, they may not."""
    sessions: Sessions = Sessions()
    """How long people stay signed in."""
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
