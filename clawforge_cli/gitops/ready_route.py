"""A way for notices with its secrets at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from clawforge.errors import InputError
from clawforge.reconcile.notice import Notice
from clawforge.reconcile.notify_settings import CommitStatusRoute, Route, SlackRoute, TeamsRoute, WebhookRoute
from clawforge.secret import Secret
from clawforge.secret_ref import SecretRef
from clawforge.webhook.signature import standard_key, standard_signature
from clawforge_cli.gitops.commit_status import api_of, says_the_same, status_request
from clawforge_cli.gitops.egress import Answered, Outgoing, Way, check_url, make_way
from clawforge_cli.secret_reading import read_secret
from clawforge_cli.views.notice_slack import slack_body
from clawforge_cli.views.notice_teams import teams_body
from clawforge_cli.views.notice_webhook import webhook_body

_JSON = ("Content-Type", Secret("application/json"))


@dataclass(frozen=True, slots=True)
class ReadyRoute:
    """`secret` signs, or is the token of a forge; a chat has none but its address."""

    settings: Route
    way: Way
    url: Secret
    secret: Secret

    @property
    def host(self) -> str:
        """Where it leads, without what is secret of the address."""
        return urlsplit(self.url.reveal()).hostname or ""

    def takes(self, notice: Notice) -> bool:
        """Whether a notice goes this way at all."""
        says_nothing = isinstance(self.settings, CommitStatusRoute) and notice.commit_state is None
        return self.settings.takes(notice) and not says_nothing

    def request(self, notice: Notice, identity: str, now: int) -> Outgoing | None:
        """What to post; `now` is in seconds since 1970, and signed. None if the notice says nothing to this route."""
        match self.settings:
            case WebhookRoute():
                body = webhook_body(notice)
                signature = standard_signature(identity, now, body, self.secret)
                signed = (("webhook-id", identity), ("webhook-timestamp", str(now)), ("webhook-signature", signature))
                return Outgoing(self.url, (_JSON, *((name, Secret(value)) for name, value in signed)), body)
            case SlackRoute():
                return Outgoing(self.url, (_JSON,), slack_body(notice))
            case TeamsRoute():
                return Outgoing(self.url, (_JSON,), teams_body(notice))
            case CommitStatusRoute():
                return status_request(self.settings, notice, self.secret)

    def is_done(self, answer: Answered) -> bool:
        """Whether the other side took it."""
        same = isinstance(self.settings, CommitStatusRoute) and says_the_same(self.settings, answer)
        return 200 <= answer.status < 300 or same


def make_ready(route: Route, directory: Path) -> ReadyRoute:
    """Read the secrets of a route and check its address; relative files start at the directory. Raises InputError."""
    authorities = None if route.authorities is None else directory / route.authorities
    way = make_way(route.reach, authorities)
    url, secret = _secrets(route, directory)
    check_url(url, route.reach, route.name)
    return ReadyRoute(route, way, url, secret)


def _secrets(route: Route, directory: Path) -> tuple[Secret, Secret]:
    """The address, and the secret beside it."""
    match route:
        case WebhookRoute():
            secret = read_secret(route.secret, directory)
            standard_key(secret)
            url = read_secret(route.url, directory) if isinstance(route.url, SecretRef) else Secret(route.url)
            return url, secret
        case SlackRoute() | TeamsRoute():
            return read_secret(route.url, directory), Secret("")
        case CommitStatusRoute():
            token = read_secret(route.token, directory)
            if not token.reveal().isascii() or not token.reveal().isprintable():
                raise InputError(f"The token of the route {route.name} holds characters that no token has.")
            return Secret(api_of(route)), token
