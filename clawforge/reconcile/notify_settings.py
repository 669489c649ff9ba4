"""Where notices go: webhooks, chats, and the status of commits at a forge."""

from __future__ import annotations

import fnmatch
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from clawforge.reconcile.notice import Notice, NoticeKind, NoticeSeverity
from clawforge.resource.meta import Name, Strict
from clawforge.secret_ref import Path, SecretRef

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@?#\x00-\x1f]+(\?[^\s#\x00-\x1f]*)?$", max_length=2048)]
"""An address without a name, a password or a fragment."""


def _matches_some(glob: str) -> str:
    if not any(fnmatch.fnmatchcase(kind, glob) for kind in NoticeKind):
        raise ValueError(f"{glob!r} matches no event: the events are {', '.join(NoticeKind)}")
    return glob


EventGlob = Annotated[str, StringConstraints(pattern=r"^[a-z.*?-]+$", max_length=64), AfterValidator(_matches_some)]


class Reach(StrEnum):
    """What a notification may connect to: addresses of the public internet; also private ones of the own network;
    or, for trying things out, this machine alone, without TLS if need be."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"


class Forge(StrEnum):
    """Whose interface shows the status of a commit. `bitbucket` is Bitbucket Cloud."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"
    FORGEJO = "forgejo"
    BITBUCKET = "bitbucket"


class NotifyRoute(Strict):
    """What every route says."""

    name: Name
    """What the route is called in the delivery log, and by `clawforge notify test`."""
    events: Annotated[tuple[EventGlob, ...], Field(min_length=1, max_length=64)] = ("*",)
    """Globs of the events that are told, such as `commit.*`; left out, every event."""
    min_severity: NoticeSeverity = NoticeSeverity.INFO
    """What matters less is not told."""
    reach: Reach = Reach.PUBLIC
    """Which addresses may be connected to."""
    authorities: Path | None = None
    """A PEM file of further certificate authorities to believe, beside the well-known ones."""

    def takes(self, notice: Notice) -> bool:
        """Whether a notice goes this way. A test always does."""
        if notice.kind is NoticeKind.TEST:
            return True
        wanted = any(fnmatch.fnmatchcase(notice.kind, glob) for glob in self.events)
        return wanted and notice.severity.rank >= self.min_severity.rank


class WebhookRoute(NotifyRoute):
    """The notice as JSON, signed as Standard Webhooks says."""

    type: Literal["webhook"]
    """What kind of route it is."""
    url: Url | SecretRef
    """Where it is sent."""
    secret: SecretRef
    """The secret that it is signed with: `whsec_` and base64 of 24 to 64 random bytes."""


class SlackRoute(NotifyRoute):
    """A message for an incoming webhook of Slack."""

    type: Literal["slack"]
    """What kind of route it is."""
    url: SecretRef
    """The address of the incoming webhook; whoever knows it may post, so it is a secret."""


class TeamsRoute(NotifyRoute):
    """An Adaptive Card for a webhook of the Workflows app in Microsoft Teams."""

    type: Literal["teams"]
    """What kind of route it is."""
    url: SecretRef
    """The address of the workflow; whoever knows it may post, so it is a secret."""


class CommitStatusRoute(NotifyRoute):
    """The status of the commit that a notice is about; notices about no commit are left out."""

    type: Literal["commitStatus"]
    """What kind of route it is."""
    forge: Forge
    """Whose interface it is."""
    api: Url | None = None
    """The root of the interface, such as `https://gitlab.example.com/api/v4`; left out, that of the public forge."""
    project: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+$", max_length=512)]
    """The repository, such as `acme/policies`."""
    token: SecretRef
    """A token that may set the status of commits, and had better do nothing else."""
    context: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$", max_length=100)] | None = None
    """The name under which the status stands beside others; left out, `clawforge/` and the name of the source."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> CommitStatusRoute:
        if self.api is None and self.forge in {Forge.GITEA, Forge.FORGEJO}:
            raise ValueError(f"say `api`: there are many servers of {self.forge}, such as https://git.example/api/v1")
        parts = self.project.split("/")
        if "." in parts or ".." in parts or (self.forge is not Forge.GITLAB and len(parts) != 2):
            raise ValueError(f"{self.project!r} is no repository there: write it as owner/name")
        return self


Route = Annotated[WebhookRoute | SlackRoute | TeamsRoute | CommitStatusRoute, Field(discriminator="type")]
"""One way for notices."""


def _names_once(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    names = [route.name for route in routes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two routes are called {twice!r}: give each its own name")
    return routes


Routes = Annotated[tuple[Route, ...], Field(max_length=64), AfterValidator(_names_once)]
"""Every way, each under its own name."""
