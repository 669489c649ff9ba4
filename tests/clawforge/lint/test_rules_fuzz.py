"""All rules over generated organizations: none raises, and every finding stands at a field that exists."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import (
    AGENTS,
    COMMANDS,
    CONTEXTS,
    DOMAINS,
    ELEVATION_SPECS,
    GLOBS,
    GROUPS,
    INSTANCES,
    SCHEDULES,
    SELECTORS,
    TOOLS,
    USERS,
    orgs,
    resource,
    some,
)

from clawforge.lint.codes import codes
from clawforge.lint.context import LintContext
from clawforge.lint.engine import lint
from clawforge.load.lint_settings import Conventions
from clawforge.resource.meta import Resource
from clawforge.resource.registry import BY_KIND

EXAMPLES = int(os.environ.get("CLAWFORGE_LINT_EXAMPLES", "40"))
NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
MOMENTS = st.sampled_from(("1999-12-31T23:59:59Z", "2026-04-01T12:00:00Z", "2026-04-01T14:00:00+05:30"))
PERMISSIONS = st.sampled_from(
    ("*:*", "plans:*", "plans:create", "*:apply", "state:read", "rbac:escalate", "users:list")
)
VERSIONS = st.sampled_from(("1", "1.0.0-2", "2026.9.1-beta.1", "0-A", "no version", "v2"))
RANGES = st.sampled_from((">=1 <2", "<0-A", "==1.0", ">=1 !=1 <=1", "2026.9.1", ">1-a <1-a.0", ">=1,!=1.5"))
PATTERNS = st.sampled_from(("[a-z]+", "project-[0-9]{4}", "(?i)the", r"\bAC-[0-9]+\b", "^.$", "日本"))


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


FEDERATION = st.builds(
    lambda rest: {"issuer": "https://ci.example", "audience": "a", **rest},
    optional(subject=st.just("s"), claims=st.dictionaries(st.sampled_from(("ref", "a/b")), TEXTS, max_size=2)),
)
ACCOUNTS = optional(
    description=TEXTS,
    permissions=st.lists(PERMISSIONS, max_size=3),
    expires=MOMENTS,
    networks=st.lists(st.sampled_from(("0.0.0.0/0", "10.0.0.0/8", "::/0")), max_size=2),
    federated=FEDERATION,
)
ROLES = st.fixed_dictionaries({"permissions": st.lists(PERMISSIONS, min_size=1, max_size=4)})
SCOPES = optional(groups=some(GROUPS), kinds=some(("Policy", "Role", "RoleBinding", "Group")))
HOLDERS = optional(users=some(USERS), groups=some(GROUPS), serviceAccounts=some(("account-0", "account-1"))).filter(
    bool
)
BINDINGS = st.fixed_dictionaries(
    {"role": st.sampled_from(("owner", "admin", "auditor", "role-0", "role-1")), "subjects": HOLDERS},
    optional={"scope": SCOPES},
)
COMPONENT = optional(range=RANGES, denied=st.lists(VERSIONS, max_size=3)).filter(
    lambda value: "range" in value or bool(value.get("denied"))
)
TARGETS = st.fixed_dictionaries(
    {"appliesTo": SELECTORS, "components": optional(host=COMPONENT, plugin=COMPONENT, runtime=COMPONENT).filter(bool)},
    optional={
        "grace": st.sampled_from(("0s", "7d")),
        "deadline": MOMENTS,
        "enforcement": st.sampled_from(("off", "warn", "block")),
        "message": TEXTS,
    },
)
DIRECTIONS = st.lists(st.sampled_from(("input", "output", "outbound")), min_size=1, max_size=4)
DLP_RULES = st.builds(
    lambda what, rest: {**what, **rest},
    st.one_of(
        st.builds(lambda name: {"detector": name}, st.sampled_from(("private-key", "credit-card", "nothing"))),
        st.builds(lambda text: {"pattern": text}, PATTERNS),
    ),
    st.fixed_dictionaries(
        {"action": st.sampled_from(("block", "ask", "redact", "warn", "log"))},
        optional={
            "keywords": st.lists(TEXTS.filter(bool), max_size=2),
            "tools": some(("exec", "group:fs", "write")),
            "directions": DIRECTIONS,
            "severity": st.sampled_from(("low", "critical")),
        },
    ),
)
RULE_SETS = st.builds(
    lambda selector, rules, enforcement: {
        "appliesTo": selector,
        "enforcement": enforcement,
        "rules": [{"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)],
    },
    SELECTORS,
    st.lists(DLP_RULES, min_size=1, max_size=4),
    st.sampled_from(("enforce", "warn", "observe")),
)
CASE_SUBJECTS = st.fixed_dictionaries(
    {"user": st.sampled_from((*USERS, "alice@acme.example", "stranger"))},
    optional={
        "instance": st.sampled_from(INSTANCES),
        "agent": st.sampled_from(AGENTS),
        "context": st.sampled_from(CONTEXTS),
        "groups": some(GROUPS),
        "at": st.sampled_from(("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-24T03:00:00Z")),
    },
)
PARAMS = st.recursive(
    TEXTS | st.integers(-5, 5) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
CASES = st.builds(
    lambda subject, params: {
        "name": "case",
        "subject": subject,
        "call": {"tool": "read", "params": params},
        "expect": {"effect": "allow"},
    },
    CASE_SUBJECTS,
    st.dictionaries(TEXTS, PARAMS, max_size=3),
)
TESTS = st.fixed_dictionaries({"cases": st.lists(CASES, min_size=1, max_size=3)})
ENROLLMENTS = optional(
    users=some(USERS),
    members=some(GROUPS),
    groups=some(GROUPS),
    tags=st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=2),
    ttl=st.sampled_from(("1s", "30d", "3000d")),
    maxUses=st.sampled_from((1, 11, 100)),
    requireApproval=st.booleans(),
)
INVARIANTS = st.builds(
    lambda demand, rest: {**demand, **rest},
    st.one_of(
        optional(
            commands=some(COMMANDS),
            paths=some(GLOBS),
            hosts=some(DOMAINS),
            effect=st.sampled_from(("allow", "ask")),
        ).flatmap(lambda rest: st.builds(lambda tools: {"forbid": {"tools": tools, **rest}}, some(TOOLS))),
        st.builds(lambda tools: {"require": {"tools": tools}}, some(("exec", "read", "group:fs", "message"))),
    ),
    st.fixed_dictionaries(
        {"appliesTo": SELECTORS},
        optional={"schedule": SCHEDULES, "enforcement": st.sampled_from(("enforce", "warn"))},
    ),
)
CHANGE_RULES = optional(
    match=optional(
        kinds=some(("Policy", "Role", "Invariant")),
        addresses=some(("Policy/p-*", "*/role-0", "Invariant/demand-1")),
        paths=some(("policies/**", "*.yaml")),
        labels=st.just({"team": ["eng"]}),
        effect=st.sampled_from(("loosen", "tighten", "any")),
    ),
    count=st.integers(1, 16),
)
CHANGE_POLICIES = optional(
    approvals=st.lists(
        st.builds(
            lambda rule, who: {**rule, "from": who},
            CHANGE_RULES,
            optional(roles=some(("owner", "approver", "role-0")), groups=some(GROUPS), permission=PERMISSIONS),
        ),
        max_size=3,
    ),
    signedCommits=st.booleans(),
    freeze=st.lists(
        st.builds(
            lambda schedule, overridable: {"schedule": schedule, "reason": "x", "overridable": overridable},
            SCHEDULES,
            st.booleans(),
        ),
        max_size=2,
    ),
    limits=st.just({"deletions": {"count": 1, "share": "10%"}}),
)
KINDS = (
    ("ChangePolicy", "changes", CHANGE_POLICIES),
    ("ElevationPolicy", "glass", ELEVATION_SPECS),
    ("Invariant", "demand", INVARIANTS),
    ("Enrollment", "template", ENROLLMENTS),
    ("ServiceAccount", "account", ACCOUNTS),
    ("Role", "role", ROLES),
    ("RoleBinding", "binding", BINDINGS),
    ("VersionTarget", "target", TARGETS),
    ("DlpRuleSet", "rules", RULE_SETS),
    ("PolicyTest", "test", TESTS),
)
METADATA = optional(
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
    annotations=st.dictionaries(st.sampled_from(("until", "reason", "a/b~c")), TEXTS, max_size=2),
)

KEYS = optional(
    required=st.booleans(),
    values=st.lists(TEXTS.filter(bool), min_size=1, max_size=3),
    kinds=st.lists(st.sampled_from(tuple(BY_KIND)), min_size=1, max_size=3),
) | optional(required=st.booleans(), pattern=PATTERNS)
CONVENTIONS = optional(
    labels=st.dictionaries(TEXTS.filter(bool), KEYS, max_size=3),
    annotations=st.dictionaries(st.sampled_from(("until", "reason", "a/b~c", "owner")), KEYS, max_size=3),
    closed=st.booleans(),
).map(lambda said: Conventions.model_validate_json(orjson.dumps(said), strict=True))


@st.composite
def everything(draw: st.DrawFn) -> list[Resource]:
    """An organization with resources of every kind."""
    found = {item.address: item for item in draw(orgs())}
    for kind, stem, specs in KINDS:
        for number, spec in enumerate(draw(st.lists(specs, max_size=2))):
            made = resource(kind, f"{stem}-{number}", spec, **draw(METADATA))
            found[made.address] = made
    return list(found.values())


def exists(value: Any, pointer: str) -> bool:
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            return False
    return True


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(everything(), st.sampled_from((None, NOW)), st.none() | CONVENTIONS, st.booleans())
def test_no_rule_raises_and_every_finding_has_its_place(
    resources: list[Resource], now: dt.datetime | None, said: Conventions | None, prove: bool
) -> None:
    context = LintContext.of(resources, org="acme", instances=INSTANCES[:1], now=now, conventions=said, prove=prove)
    bodies = {item.address: orjson.loads(item.model_dump_json(by_alias=True)) for item in resources}
    items = lint(context)
    for item in items:
        assert item.address in bodies
        assert exists(bodies[item.address], item.pointer), (item.code, item.pointer)
        assert item.code in codes()
        assert item.message.endswith("."), item
        assert not set(item.related) - bodies.keys()
    backwards = LintContext.of(
        tuple(reversed(resources)), org="acme", instances=INSTANCES[:1], now=now, conventions=said, prove=prove
    )
    assert lint(backwards) == items
