"""Hypothesis strategies for resources: small vocabularies, so that what is drawn meets and matches often."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
from hypothesis import strategies as st

from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.registry import BY_KIND

USERS = ("alice", "bob", "carol")
GROUPS = ("eng", "fin", "ops")
ROLES = ("admin", "reviewer")
INSTANCES = ("i-1", "i-2")
TAGS = {"env": ("dev", "prod"), "site": ("berlin", "lisbon")}
CONTEXTS = ("home", "work")
AGENTS = ("helper", "main")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
TOOLS = ("exec", "process", "read", "write", "web_*", "web_fetch", "mcp__*", "group:fs", "group:plugins", "bash", "*")
DOMAINS = ("example.com", "*.example.com", "api.example.com", "other.test")
COMMANDS = ("git **", "git status", "ls", "ls *", "make test")
GLOBS = ("~/.ssh/**", "/etc/**", "$WORKSPACE/secret", "**/.env")
SERVERS = ("github", "jira-*", "*")
SOURCES = ("registry/*", "registry/acme", "git:acme")
WEEK = dt.datetime(2026, 3, 23, tzinfo=dt.UTC)
"""A Monday; clocks in Europe change on the Sunday after it."""


def resource(kind: str, name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> Resource:
    """A resource from its JSON form, as the loader makes it."""
    body = {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec or {}}
    return BY_KIND[kind].model_validate_json(orjson.dumps(body), strict=True)


def some(values: tuple[str, ...], *, least: int = 1) -> st.SearchStrategy[list[str]]:
    """A list without repetition."""
    return st.lists(st.sampled_from(values), min_size=least, max_size=3, unique=True)


def _without_none(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if value is not None}


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


_TAG_MATCH = st.dictionaries(st.just("env"), some(TAGS["env"]), min_size=1) | st.dictionaries(
    st.sampled_from(tuple(TAGS)), st.just(["prod", "berlin"]), min_size=1
)

MATCHES = _optional(
    users=some(USERS),
    groups=some(GROUPS),
    roles=some(ROLES),
    instances=some(INSTANCES),
    tags=_TAG_MATCH,
    contexts=some(CONTEXTS),
    agents=some(AGENTS),
).filter(bool)
"""Conditions without an exception."""

SELECTORS = st.just("everyone") | st.builds(
    lambda match, exception: match if exception is None else {**match, "except": exception},
    MATCHES,
    st.none() | MATCHES,
)
"""`appliesTo`."""

_MINUTES = st.integers(min_value=0, max_value=12 * 24 * 60)

_CRON_WINDOWS = st.builds(
    lambda minute, hour, day, length: {"cron": f"{minute} {hour} * * {day}", "duration": f"{length}m"},
    st.sampled_from(("0", "30", "*/20", "15,45")),
    st.sampled_from(("2", "3", "18", "*/6", "*", "1-3")),
    st.sampled_from(("*", "0", "1-5")),
    st.sampled_from((1, 10, 45, 90, 600, 3000)),
)

_SPAN_WINDOWS = st.builds(
    lambda start, length: {
        "from": (WEEK + dt.timedelta(minutes=start)).isoformat(),
        "until": (WEEK + dt.timedelta(minutes=start + length)).isoformat(),
    },
    _MINUTES,
    st.integers(min_value=1, max_value=4000),
)

SCHEDULES = st.fixed_dictionaries(
    {
        "timezone": st.sampled_from(ZONES),
        "windows": st.lists(_CRON_WINDOWS | _SPAN_WINDOWS, min_size=1, max_size=3),
    }
)

MOMENTS = st.builds(lambda minutes: WEEK + dt.timedelta(minutes=minutes), _MINUTES)

SECTIONS = _optional(
    tools=_optional(
        profile=st.sampled_from(("minimal", "messaging", "coding", "full")),
        allow=some(TOOLS, least=0),
        ask=some(TOOLS, least=0),
        deny=some(TOOLS, least=0),
    ),
    exec=_optional(
        mode=st.sampled_from(("full", "ask", "allowlist", "deny")),
        allow=some(COMMANDS, least=0),
        deny=some(COMMANDS, least=0),
    ),
    paths=_optional(deny=some(GLOBS, least=0), readOnly=some(GLOBS, least=0), workspaceOnly=st.booleans()),
    network=_optional(
        allow=some(DOMAINS, least=0),
        deny=some(DOMAINS, least=0),
        privateAddresses=st.sampled_from(("allow", "deny")),
    ),
    mcp=_optional(allow=some(SERVERS, least=0), deny=some(SERVERS, least=0)),
    skills=_optional(requireApproval=st.booleans(), sources=some(SOURCES, least=0)),
    audit=_optional(
        level=st.sampled_from(("off", "metadata", "full")),
        content=st.sampled_from(("none", "redacted", "full")),
    ),
    offline=_optional(
        mode=st.sampled_from(("cached", "block")),
        lease=st.sampled_from(("1m", "5m", "1h")),
        maxStale=st.sampled_from(("1h", "24h", "7d")),
    ),
    message=st.sampled_from(("ask security", "see the handbook")),
)
"""The sections of a policy."""


def targeting(scheduled: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """`appliesTo`, `priority` and perhaps a schedule."""
    return st.builds(
        lambda selector, priority, schedule: _without_none(
            {"appliesTo": selector, "priority": priority, "schedule": schedule}
        ),
        SELECTORS,
        st.sampled_from((50, 100)),
        st.none() | SCHEDULES if scheduled else st.none(),
    )


def policy_specs(
    modes: tuple[str, ...] = ("base", "overlay", "guardrail"),
    enforcements: tuple[str, ...] = ("enforce", "enforce", "warn", "observe"),
    scheduled: bool = True,
) -> st.SearchStrategy[dict[str, Any]]:
    """A Policy's spec without `extends`."""
    return st.builds(
        lambda target, sections, mode, enforcement: {**target, **sections, "mode": mode, "enforcement": enforcement},
        targeting(scheduled),
        SECTIONS,
        st.sampled_from(modes),
        st.sampled_from(enforcements),
    )


@st.composite
def policies(draw: st.DrawFn, count: int = 5, **kinds: Any) -> list[Resource]:
    """Policies `p-0`, `p-1` and so on; a later one may extend earlier ones."""
    drawn = draw(st.lists(policy_specs(**kinds), max_size=count))
    found = []
    for number, spec in enumerate(drawn):
        parents = draw(st.lists(st.sampled_from(range(number)), max_size=2, unique=True)) if number else []
        found.append(resource("Policy", f"p-{number}", {**spec, "extends": [f"Policy/p-{n}" for n in parents]}))
    return found


_DLP_SPECS = st.builds(
    lambda target, tools, action, enforcement: {
        **target,
        "enforcement": enforcement,
        "rules": [{"id": "keys", "detector": "private-key", "tools": tools, "action": action}],
    },
    targeting(),
    some(("group:fs", "exec", "web_fetch"), least=0),
    st.sampled_from(("block", "ask", "redact")),
    st.sampled_from(("enforce", "observe")),
)

_APPROVAL_SPECS = st.builds(
    lambda target, key, version, status, review: _without_none(
        {**target, "key": key, "version": version, "status": status, "reviewBy": review}
    ),
    targeting(),
    st.sampled_from(("pdf-tools", "deploy")),
    st.none() | st.sampled_from(("1.0", "2.0")),
    st.sampled_from(("approved", "approved", "rejected", "revoked")),
    st.none() | st.sampled_from(("2026-03-25", "2026-04-01")),
)

_VERSION_SPECS = st.builds(
    lambda target, enforcement: {
        **target,
        "components": {"host": {"range": ">=2026.9.1"}, "runtime": {"denied": ["24.1.0"]}},
        "enforcement": enforcement,
    },
    targeting(),
    st.sampled_from(("off", "warn", "block")),
)


@st.composite
def verdicts(draw: st.DrawFn) -> list[Resource]:
    """DLP rule sets, skill approvals and version targets."""
    kinds = (("DlpRuleSet", _DLP_SPECS), ("SkillApproval", _APPROVAL_SPECS), ("VersionTarget", _VERSION_SPECS))
    return [
        resource(kind, f"r-{number}", spec)
        for kind, specs in kinds
        for number, spec in enumerate(draw(st.lists(specs, max_size=3)))
    ]


@st.composite
def people(draw: st.DrawFn) -> list[Resource]:
    """An organisation, users, groups and role bindings."""
    found = [resource("User", name, {"email": f"{name}@acme.example"}) for name in draw(some(USERS, least=0))]
    members = _optional(
        users=some(USERS), instances=some(INSTANCES), tags=_TAG_MATCH, claims=some(("claim-a", "claim-b"))
    )
    for name in draw(some(GROUPS, least=0)):
        found.append(resource("Group", name, {"members": draw(members)}))
    for role in draw(some(ROLES, least=0)):
        holders = draw(_optional(users=some(USERS), groups=some(GROUPS)).filter(bool))
        found.append(resource("RoleBinding", f"{role}-holders", {"role": role, "subjects": holders}))
    if draw(st.booleans()):
        found.append(resource("Enrollment", "machines", draw(_optional(users=some(USERS), groups=some(GROUPS)))))
    if draw(st.booleans()):
        spec = draw(_optional(timezone=st.sampled_from(ZONES), offline=st.just({"lease": "2m"})))
        found.append(resource("Organization", "acme", spec))
    return found


@st.composite
def orgs(draw: st.DrawFn, count: int = 5, **kinds: Any) -> list[Resource]:
    """The resources of an org, in any order."""
    found = [*draw(people()), *draw(policies(count=count, **kinds)), *draw(verdicts())]
    return list(draw(st.permutations(found)))


_FORBIDDEN = st.fixed_dictionaries(
    {"tools": some(TOOLS)},
    optional={
        "commands": some(COMMANDS),
        "paths": some(GLOBS),
        "hosts": some(DOMAINS),
        "effect": st.sampled_from(("allow", "ask")),
    },
)

_REQUIRED = st.fixed_dictionaries(
    {"tools": some(("exec", "read", "web_fetch", "group:fs", "mcp__github__x"))},
    optional={"params": st.just({"path": "/srv/x"}), "effect": st.sampled_from(("allow", "ask"))},
)

INVARIANT_SPECS = st.builds(
    lambda selector, schedule, demand, enforcement, reaction: _without_none(
        {
            "appliesTo": selector,
            "schedule": schedule,
            **demand,
            "enforcement": enforcement,
            "onViolation": reaction,
        }
    ),
    SELECTORS,
    st.none() | SCHEDULES,
    st.builds(lambda spec: {"forbid": spec}, _FORBIDDEN) | st.builds(lambda spec: {"require": spec}, _REQUIRED),
    st.sampled_from(("enforce", "warn")),
    st.sampled_from(("alert", "quarantine")),
)
"""An Invariant's spec."""


def invariants(count: int = 4) -> st.SearchStrategy[list[Resource]]:
    """Invariants `demand-0`, `demand-1` and so on, some of which hold."""
    return st.lists(INVARIANT_SPECS, max_size=count).map(
        lambda specs: [resource("Invariant", f"demand-{number}", spec) for number, spec in enumerate(specs)]
    )


_ELEVATION_GRANTS = st.fixed_dictionaries(
    {"name": st.sampled_from(("repair", "release")), "tools": some(TOOLS)},
    optional={
        "agents": some(AGENTS),
        "maxTtl": st.sampled_from(("1m", "30m", "8h")),
        "approvals": st.builds(
            lambda count, who: {"count": count, "from": who},
            st.sampled_from((0, 1, 2)),
            _optional(roles=some(ROLES), groups=some(GROUPS)),
        ),
        "requireReason": st.booleans(),
        "requireTicket": st.booleans(),
        "confirmPhrase": st.sampled_from(("I watch", "I know")),
        "cooldown": st.sampled_from(("0s", "10m")),
        "maxActive": st.sampled_from((1, 2)),
    },
)

ELEVATION_SPECS = st.builds(
    lambda target, grants, never: {**target, "grants": grants, "neverElevate": never},
    targeting(),
    st.lists(_ELEVATION_GRANTS, max_size=2, unique_by=lambda grant: grant["name"]),
    some(TOOLS),
)
"""An ElevationPolicy's spec."""


def elevation_policies(count: int = 4) -> st.SearchStrategy[list[Resource]]:
    """Elevation policies `glass-0`, `glass-1` and so on."""
    return st.lists(ELEVATION_SPECS, max_size=count).map(
        lambda specs: [resource("ElevationPolicy", f"glass-{number}", spec) for number, spec in enumerate(specs)]
    )


SUBJECTS = st.builds(
    Subject,
    user=st.sampled_from((*USERS, "alice@acme.example", "stranger")),
    instance=st.none() | st.sampled_from(INSTANCES),
    agent=st.none() | st.sampled_from((*AGENTS, "other")),
    context=st.none() | st.sampled_from((*CONTEXTS, "other")),
    groups=some(GROUPS, least=0).map(tuple),
    tags=_optional(**{tag: st.sampled_from(values) for tag, values in TAGS.items()}),
    claims=some(("claim-a", "claim-b"), least=0).map(tuple),
)
