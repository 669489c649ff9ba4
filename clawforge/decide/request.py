"""What an agent asks and what it is answered (SPEC.md 4)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from clawforge.diagnostic import Location
from clawforge.resource.meta import Instant, Strict
from clawforge.resource.policy_test import Effect

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Origin(Strict):
    """Where a conversation came from: the channel, who wrote there, and the model provider that answers."""

    channel: str | None = None
    sender: str | None = None
    provider: str | None = None


class Request(Strict):
    """One tool call by one subject at one moment."""

    tool: Identifier
    params: dict[str, Any] = {}
    user: Identifier
    instance: Identifier | None = None
    agent: Identifier | None = None
    context: Identifier | None = None
    channel: str | None = None
    sender: str | None = None
    provider: str | None = None
    at: Instant


class ReasonPosition(Strict):
    """A line of a file of the project."""

    file: str
    line: int = 0


class Reason(Strict):
    """Why: a stable code, a sentence, the resource and path that said so, and where that stands in the files."""

    code: str
    effect: Effect
    message: str
    resource: str | None = None
    path: str | None = None
    position: ReasonPosition | None = None

    @property
    def location(self) -> Location | None:
        """The place in the files, where it is known."""
        return Location(self.position.file, self.position.line) if self.position else None


class Redaction(Strict):
    """A span of a string in the parameters (JSON pointer; code points) that must be replaced before the call."""

    pointer: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]
    detector: str


class Record(Strict):
    """Something to write to the audit log though it changes nothing: a shadow difference, a DLP warning."""

    code: str
    message: str
    resource: str | None = None
    warn: bool = False


class Obligations(Strict):
    """What the agent must do besides: use these `params` instead of the given ones, and record these facts."""

    redactions: tuple[Redaction, ...] = ()
    params: dict[str, Any] | None = None
    record: tuple[Record, ...] = ()


class Decision(Strict):
    """The severest effect, all reasons with the decisive one first, and the policy that decided."""

    effect: Effect
    reasons: tuple[Reason, ...]
    obligations: Obligations = Obligations()
    digest: str | None = None
    revision: int | None = None
    message: str = ""


class InstanceFacts(Strict):
    """What the agent knows about its own machine.

    `versions` by component, None where nobody can know them; `workspace` and `home` are absolute paths.
    A workspace that is only guessed says nothing about relative paths that leave it.
    """

    versions: dict[str, str] | None = {}
    out_of_range_since: Instant | None = None
    workspace: str | None = None
    workspace_guessed: bool = False
    home: str | None = None
    host: str = "openclaw"
    host_version: str | None = None


class KillOrder(Strict):
    """A kill switch that is on: `org`, `group:x`, `instance:y` or `tool:exec`."""

    scope: Annotated[str, StringConstraints(pattern=r"^(org|(group|instance|tool):[^\s]{1,256})$")]
    reason: str = ""
    message: str = ""


class Runtime(Strict):
    """Emergency state that beats every policy."""

    kill: tuple[KillOrder, ...] = ()
    quarantine: bool = False
    groups: tuple[str, ...] = ()
