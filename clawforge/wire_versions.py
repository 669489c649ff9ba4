"""The HTTP document of `GET .../versions`: which machines run what they should."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Strict

Component = Literal["host", "plugin", "runtime"]
VersionWord = Literal["ok", "unknown", "warned", "in-grace", "blocked"]


class VersionCounts(Strict):
    """Machines whose credential is good, by how their versions stand."""

    total: int = 0
    ok: int = 0
    unknown: int = 0
    warned: int = 0
    in_grace: int = 0
    blocked: int = 0


class VersionMiss(Strict):
    """A target that a machine misses. `since` is when the component was first seen out of range, and `until` when
    blocking begins, if that lies ahead. `message` is what the target says to people, `remedy` what to do."""

    component: Component
    state: VersionWord
    resource: str
    version: str | None = None
    wanted: str | None = None
    denied: bool = False
    since: Instant | None = None
    until: Instant | None = None
    message: str = ""
    remedy: str


class MachineVersions(Strict):
    """A machine that is out of range, and every target that it misses, the worst first. `before` is how it stands
    without the plan, where the report is about one."""

    instance: str
    user: str
    host: str = "openclaw"
    state: VersionWord
    before: VersionWord | None = None
    versions: dict[str, str] = {}
    last_seen: Instant | None = None
    misses: tuple[VersionMiss, ...]


class VersionShare(Strict):
    """How many machines run a version of a component, and how many of those miss a target with it."""

    component: Component
    version: str | None = None
    machines: int
    missing: int = 0


class VersionReport(Strict):
    """Machines that the caller's right reaches, held against the version targets at a revision.

    `machines` are the first offenders, the worst first; `offenders` counts all of them. With `plan` the report is about
    the state after that plan, and `machines` are those that stand worse then than they do now, of which `falling` is
    the number: a grace that begins with the plan begins at `at`.
    """

    org: str
    revision: int
    at: Instant
    plan: str | None = None
    counts: VersionCounts
    offenders: int = 0
    falling: int = 0
    newly_blocked: int = 0
    machines: tuple[MachineVersions, ...] = ()
    versions: tuple[VersionShare, ...] = ()
