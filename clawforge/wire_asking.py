"""The HTTP documents of questions about what somebody may do, and since when (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from clawforge.decide.request import Identifier
from clawforge.resource.meta import Instant, Name, Strict, SubjectName


class ExplainRequest(Strict):
    """`POST .../explanation`: derive what a subject may do, by the server's present state.

    `tool` and what follows it describe a call to decide besides. `misses` asks for what does not match as well, which
    needs the right to read the whole state.
    """

    user: SubjectName
    instance: SubjectName | None = None
    agent: SubjectName | None = None
    context: Name | None = None
    groups: tuple[Name, ...] = ()
    tags: dict[str, str] = {}
    at: Instant | None = None
    misses: bool = False
    tool: Identifier | None = None
    params: dict[str, Any] = {}
    channel: str | None = None
    sender: str | None = None
    provider: str | None = None


class AccessHistoryRequest(Strict):
    """`POST .../access-history`: find the revision since when a call is decided as it is; with `all`, every revision
    that changed the answer. `before` goes on where an answer stopped. Every revision is judged as if it were `at`.
    """

    user: SubjectName
    tool: Identifier
    params: dict[str, Any] = {}
    instance: SubjectName | None = None
    agent: SubjectName | None = None
    context: Name | None = None
    groups: tuple[Name, ...] = ()
    tags: dict[str, str] = {}
    channel: str | None = None
    sender: str | None = None
    provider: str | None = None
    at: Instant | None = None
    before: Annotated[int, Field(ge=1, le=10**15)] | None = None
    all: bool = False


class Acknowledgement(Strict):
    """An instance said that it enforces the bundle of this digest from then on.

    `at` is the server's clock. `revision` and `serial` are what the bundle was made for, null where the server did not
    remember. `number` counts the acknowledgements of the instance.
    """

    number: int
    at: Instant
    digest: str
    revision: int | None = None
    serial: int | None = None


class AcknowledgementPage(Strict):
    """Newest first; `next` is the number to continue before."""

    instance: str
    acknowledgements: tuple[Acknowledgement, ...]
    next: int | None = None
