"""Answers by enumeration what the analysis answers by proof: every subject of a small universe, every call of a list,
each decided by the decider itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, product
from typing import Any

from strategies import WEEK

from clawforge.analysis.level import Level, level_of
from clawforge.analysis.sections.settings import setting_changes
from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, Request
from clawforge.effective import Effective
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

HOME, WORKSPACE = "/home/user", "/home/user/workspace"
MOMENTS = tuple(WEEK + dt.timedelta(minutes=minutes) for minutes in (0, 7 * 60, 18 * 60 + 31, 4 * 1440 + 200))
_KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 3

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        ("exec", {"command": command})
        for command in (
            "git status",
            "git push origin",
            "git",
            "ls",
            "ls -l",
            "ls a b",
            "make test",
            "make all",
            "other",
            "./git status",
            "git status; ls",
            "$X",
            "sudo git push",
            "bash -c ls",
        )
    ),
    ("exec", {"command": "ls", "cwd": "/etc"}),
    ("process", {"action": "list"}),
    ("process", {"action": "write", "data": "x"}),
    ("code_execution", {"code": "x"}),
    *((tool, {"path": path}) for tool in ("read", "write") for path in (
        "/home/user/workspace/a", "/home/user/workspace/secret", "/home/user/.ssh/id", "/etc/passwd", "/srv/x/.env",
        "/srv/x", "~nobody/x",
    )),
    ("read", {}),
    ("ls", {}),
    ("edit", {"path": "/home/user/workspace/a"}),
    *((tool, {"url": url}) for tool in ("web_fetch", "browser") for url in (
        "https://example.com/", "https://api.example.com/", "https://www.example.com/", "https://other.test/",
        "https://10.0.0.1/", "https://elsewhere.org/", "https://",
    )),
    ("web_fetch", {}),
    ("web_search", {}),
    ("web_other", {}),
    ("EXEC", {"command": "ls"}),
    ("Web_Fetch", {}),
    ("mcp__github__x", {}),
    ("mcp__jira-cloud__x", {}),
    ("mcp__jira-__x", {}),
    ("mcp__elsewhere__x", {"path": "/etc/passwd"}),
    ("mcp__github__x__y", {"url": "https://example.com/"}),
    ("plugin-tool", {"path": "/srv/x/.env"}),
    ("plugin-tool", {}),
    ("message", {"text": "hello"}),
    *((tool, {"text": _KEY}) for tool in ("message", "read", "write", "mcp__github__x", "plugin-tool")),
    ("exec", {"command": "ls", "text": _KEY}),
    ("web_fetch", {"url": "https://example.com/", "text": _KEY}),
    *(("skill", params) for params in (
        {}, {"name": "pdf-tools"}, {"name": "pdf-tools", "version": "1.0"}, {"name": "deploy", "version": "2.0"},
        {"name": "deploy"}, {"name": "else"}, {"name": "deploy", "source": "registry/acme"},
        {"name": "pdf-tools", "version": "1.0", "source": "registry/acme"},
        {"name": "else", "source": "git:acme"}, {"name": "else", "source": "nowhere"},
    )),
    ("session_status", {}),
)  # fmt: skip

VERSIONS: tuple[dict[str, str] | None, ...] = (
    None,
    {"host": "2026.9.6", "runtime": "24.2.0"},
    {"host": "2026.8.1", "runtime": "24.2.0"},
    {"host": "2026.9.6", "runtime": "24.1.0"},
)


@dataclass(frozen=True)
class Universe:
    """Everybody whom some resources could tell apart: people by what they are, and by what they work through."""

    people: tuple[Subject, ...]
    agents: tuple[str | None, ...]
    contexts: tuple[str | None, ...]


def universe(resources: Sequence[Resource]) -> Universe:
    """Every combination of the names that the resources use, and of names that they do not use."""
    named: dict[str, set[str]] = {
        key: set() for key in ("users", "groups", "instances", "contexts", "agents", "claims")
    }
    tags: dict[str, set[str]] = {}
    for item in resources:
        _collect(item.spec.model_dump(mode="json", by_alias=True), named, tags)
        if item.kind in ("User", "Group"):
            named["users" if item.kind == "User" else "groups"].add(item.metadata.name)
    tag_choices = list(product(*([None, *sorted(values)] for _, values in sorted(tags.items()))))
    given = [(groups, ()) for groups in _subsets(named["groups"])]
    given += [((), (claim,)) for claim in sorted(named["claims"])]
    people = (
        Subject.model_construct(
            user=user,
            groups=groups,
            instance=instance,
            claims=claims,
            agent=None,
            context=None,
            tags={tag: value for tag, value in zip(sorted(tags), values, strict=True) if value is not None},
        )
        for user in [*sorted(named["users"]), "stranger"]
        for groups, claims in given
        for instance in [None, *sorted(named["instances"])]
        for values in tag_choices
    )
    return Universe(tuple(people), (None, *sorted(named["agents"])), (None, *sorted(named["contexts"])))


def _subsets(names: set[str]) -> list[tuple[str, ...]]:
    ordered = sorted(names)
    return list(chain.from_iterable(combinations(ordered, count) for count in range(len(ordered) + 1)))


def _collect(value: Any, named: dict[str, set[str]], tags: dict[str, set[str]]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, named, tags)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key in named and isinstance(item, list):
            named[key].update(item)
        elif key == "tags" and isinstance(item, dict):
            for tag, values in item.items():
                tags.setdefault(tag, set()).update(values)
        else:
            _collect(item, named, tags)


@lru_cache(maxsize=200_000)
def _levels(digest: str, effective: Effective_, versions: int, elevated: bool, at: dt.datetime) -> tuple[Level, ...]:
    decider = Decider(effective.value)
    facts = InstanceFacts(versions=VERSIONS[versions], home=HOME, workspace=WORKSPACE)
    return tuple(
        level_of(
            decider.decide(
                Request(tool=tool, params=params, user="stranger", instance="i-9", at=at),
                facts=facts,
                elevated=elevated,
            )
        )
        for tool, params in CALLS
    )


class Effective_:
    """An effective policy that is told apart by its digest alone."""

    def __init__(self, value: Effective, digest: str) -> None:
        self.value, self._digest = value, digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Effective_) and other._digest == self._digest


def levels(resolution: Resolution, at: dt.datetime, *, elevated: bool = False) -> Iterator[tuple[Level, ...]]:
    """The levels of all calls, for each report of versions that matters."""
    effective = resolution.effective
    count = len(VERSIONS) if effective.versions.targets else 1
    for index in range(count):
        moment = at if effective.versions.targets else WEEK
        yield _levels(resolution.digest, Effective_(effective, resolution.digest), index, elevated, moment)


@dataclass(frozen=True)
class Differences:
    """Whether some call of somebody passes more freely, and whether some passes less."""

    looser: object | None
    tighter: object | None


def differences(
    before: Sequence[Resource], after: Sequence[Resource], moments: Sequence[dt.datetime] = MOMENTS
) -> Differences:
    """By enumeration."""
    looser: object | None = None
    tighter: object | None = None
    ways = (False, True) if all(any(item.kind == "Policy" for item in side) for side in (before, after)) else (False,)
    for subject, at, ours, theirs in meetings((OrgModel(before), OrgModel(after)), [*before, *after], moments):
        up, down = _compared(ours, theirs, at, ways)
        looser = looser or (up and (subject, at, up))
        tighter = tighter or (down and (subject, at, down))
        if looser and tighter:
            break
    return Differences(looser, tighter)


def meetings(
    sides: tuple[OrgModel, OrgModel],
    resources: Sequence[Resource],
    moments: Sequence[dt.datetime] = MOMENTS,
    *,
    every: bool = False,
) -> Iterator[tuple[Subject, dt.datetime, Resolution, Resolution]]:
    """What somebody gets on both sides at a moment, once for every two policies that meet so; with `every` for each
    class, agent, context and moment."""
    everybody = universe(resources)
    classes: dict[object, Subject] = {}
    for person in everybody.people:
        facts = [side.facts(person) for side in sides]
        key = tuple((side.index.candidates(known), known.suspended) for side, known in zip(sides, facts, strict=True))
        classes.setdefault(key, person)
    seen: set[tuple[str, str, dt.datetime | None]] = set()
    for key, person in classes.items():
        for agent, context, at in product(everybody.agents, everybody.contexts, moments):
            ours, theirs = (
                side.resolution(side.present(static, agent, context, at, suspended=suspended), suspended=suspended)
                for side, (static, suspended) in zip(sides, key, strict=True)
            )
            dated = at if ours.effective.versions.targets or theirs.effective.versions.targets else None
            if every or (ours.digest, theirs.digest, dated) not in seen:
                seen.add((ours.digest, theirs.digest, dated))
                yield person.model_copy(update={"agent": agent, "context": context}), at, ours, theirs


def _compared(
    ours: Resolution, theirs: Resolution, at: dt.datetime, ways: tuple[bool, ...]
) -> tuple[object | None, object | None]:
    up: object | None = None
    down: object | None = None
    if ours.digest == theirs.digest:
        return None, None
    count = len(VERSIONS) if ours.effective.versions.targets or theirs.effective.versions.targets else 1
    moment = at if count > 1 else WEEK
    for elevated in ways:
        for index in range(count):
            left, right = (
                _levels(side.digest, Effective_(side.effective, side.digest), index, elevated, moment)
                for side in (ours, theirs)
            )
            for call, before, after in zip(CALLS, left, right, strict=True):
                if after < before:
                    up = up or (call, before, after, elevated, index)
                elif after > before:
                    down = down or (call, before, after, elevated, index)
    for change in setting_changes(ours.effective.enforced, theirs.effective.enforced):
        if change.looser:
            up = up or change
        else:
            down = down or change
    return up, down
