"""The HTTP documents of `/v1/orgs/{org}/reconcilers`: who keeps the org equal to git, and how that goes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from clawforge.reconcile.condition import MOST_MESSAGE, Condition
from clawforge.reconcile.fence import FenceNumber
from clawforge.resource.change_policy import OutOfBand
from clawforge.resource.meta import Instant, Name, Reason, Strict, Text

MOST_REASON = 500

_USER_INFO = re.compile(r"(?<=://)[^/]*@")

Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
HolderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
"""A random name that a process gives itself when it starts."""
ShownLine = Annotated[str, StringConstraints(max_length=1_024, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A line that people are shown, and that decides nothing."""


def _without_credentials(repository: str) -> str:
    return _USER_INFO.sub("", repository)


Repository = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_024, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_without_credentials),
]
"""The URL or path of a repository; what stands before the `@` of a URL is left out, for it may be a secret."""


class LeaseRequest(Strict):
    """`POST .../reconcilers/{name}/lease`: be the one that works, or stay it.

    `source` is the only source that may be written under this lease. `repository` (without credentials), `branch` and
    `path` are shown to people. `fence` is the number of the lease that the holder has and wants to keep; without it, or
    when it is over, the lease is taken anew if nobody else holds it, and the number grows.
    """

    holder: HolderId
    source: Name
    repository: Repository
    branch: ShownLine = ""
    path: ShownLine = ""
    fence: FenceNumber | None = None


class LastApplied(Strict):
    """The commit that was applied last under a lease of this reconciler, and the revision that the org had then."""

    commit: Commit
    revision: int


class ReconcilerLease(Strict):
    """A lease that is held for `seconds` from when it was asked for, and what its holder has to know.

    `wanted` grows with every "reconcile now". `acknowledged` is the head at which a person accepted what the reconciler
    stopped at, such as a rewritten history; the next apply uses it up. `revision` is the present one of the org, also
    where somebody else made it.
    """

    name: str
    fence: int
    seconds: int
    suspended: bool = False
    suspended_reason: str | None = None
    wanted: int = 0
    acknowledged: str | None = None
    out_of_band: OutOfBand = OutOfBand.CORRECT
    last: LastApplied | None = None
    revision: int


class ReconcilerReport(Strict):
    """`PUT .../reconcilers/{name}/status`: how the cycle went; sent when that is another than before.

    `commit` is the head that was seen, `applied` the commit that is in force now as far as the reconciler knows, and
    `revision` that of the org.
    """

    fence: FenceNumber
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16)]
    commit: Commit | None = None
    applied: Commit | None = None
    revision: Annotated[int, Field(ge=0)] | None = None
    message: Annotated[Text, StringConstraints(max_length=MOST_MESSAGE)] = ""


class ReconcilerSuspensionRequest(Strict):
    """`POST .../reconcilers/{name}/suspension`: stop applying, or go on."""

    suspended: bool
    reason: Annotated[Reason, StringConstraints(max_length=MOST_REASON)]


class AcknowledgementRequest(Strict):
    """`POST .../reconcilers/{name}/acknowledgement`: accept what a reconciler stopped at, such as a rewritten
    history, for exactly this head."""

    commit: Commit
    reason: Annotated[Reason, StringConstraints(max_length=MOST_REASON)]


class ReconcilerSuspension(Strict):
    """Who stopped a reconciler, when and why."""

    reason: str
    by: str
    at: Instant


class ReconcilerView(Strict):
    """A reconciler as people see it. `held` says whether some process works now: `holder`, which is null once the lease
    was given back. `principal` is whose credential it uses.

    `seen` and `conditions` are from its last report, of which `reported_at` is the moment.
    """

    name: str
    source: str
    repository: str
    branch: str = ""
    path: str = ""
    held: bool
    holder: str | None = None
    principal: str
    fence: int
    suspension: ReconcilerSuspension | None = None
    wanted: int = 0
    acknowledged: str | None = None
    out_of_band: OutOfBand = OutOfBand.CORRECT
    last: LastApplied | None = None
    seen: str | None = None
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    reported_at: Instant | None = None


class ReconcilerList(Strict):
    """Every reconciler that ever held a lease and was not forgotten since, by name."""

    reconcilers: tuple[ReconcilerView, ...]
