"""What must hold for every org, subject and moment (DESIGN.md 5)."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import COMMANDS, MOMENTS, SECTIONS, SUBJECTS, orgs, policy_specs, resource, targeting

from clawforge.decide import domains, names
from clawforge.decide.catalogue import catalogue
from clawforge.effective import EffectiveExec, Rules, effective_json
from clawforge.resolve.field import policy_fields
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy import AuditContent, AuditLevel, ExecMode, Policy, PolicyMode
from clawforge.resource.registry import canonical_resource
from clawforge.resource.targeting import Enforcement

CORE = catalogue().tools
EXAMPLES = settings(max_examples=100, deadline=None)


def with_spec(policy: Resource, **changes: Any) -> Resource:
    body = canonical_resource(policy)
    return resource(policy.kind, policy.metadata.name, {**body["spec"], **changes})


@given(orgs(), SUBJECTS, MOMENTS, st.randoms(use_true_random=False))
@EXAMPLES
def test_load_order_never_changes_a_byte(
    resources: list[Resource], subject: Subject, at: dt.datetime, shuffle: random.Random
) -> None:
    before = OrgModel(resources).resolve(subject, at)
    shuffled = list(resources)
    shuffle.shuffle(shuffled)
    after = OrgModel(shuffled).resolve(subject, at)
    assert before.digest == after.digest
    assert effective_json(before.effective) == effective_json(after.effective)
    assert dict(before.provenance) == dict(after.provenance)
    assert (before.matched, before.base, before.alerts) == (after.matched, after.base, after.alerts)


@given(orgs(), policy_specs(modes=("overlay", "guardrail")), SUBJECTS, MOMENTS)
@EXAMPLES
def test_removing_an_overlay_restores_the_digest(
    resources: list[Resource], spec: dict[str, Any], subject: Subject, at: dt.datetime
) -> None:
    before = OrgModel(resources).resolve(subject, at)
    overlay = resource("Policy", "added", spec)
    during = OrgModel([*resources, overlay]).resolve(subject, at)
    after = OrgModel([r for r in [overlay, *resources] if r is not overlay]).resolve(subject, at)
    assert after.digest == before.digest
    if overlay.address not in during.matched:
        assert during.digest == before.digest


@given(
    orgs(), policy_specs(modes=("overlay", "guardrail"), enforcements=("enforce",), scheduled=False), SUBJECTS, MOMENTS
)
@EXAMPLES
def test_an_overlay_or_guardrail_never_enlarges(
    resources: list[Resource], spec: dict[str, Any], subject: Subject, at: dt.datetime
) -> None:
    before = OrgModel(resources).resolve(subject, at).effective
    added = resource("Policy", "added", {**spec, "appliesTo": "everyone"})
    after = OrgModel([*resources, added]).resolve(subject, at).effective
    assert_narrower(after.enforced, before.enforced)
    assert_narrower(after.shadow or after.enforced, before.shadow or before.enforced)
    assert_narrower(after.floor, before.floor)


@given(orgs(count=3, enforcements=("enforce",)), SECTIONS, SECTIONS, SUBJECTS, MOMENTS)
@EXAMPLES
def test_a_tie_allows_only_what_each_of_its_bases_allows(
    resources: list[Resource], one: dict[str, Any], other: dict[str, Any], subject: Subject, at: dt.datetime
) -> None:
    """Whatever their order: a tie is symmetric, except for which message is shown."""
    resources = [r for r in resources if not (isinstance(r, Policy) and r.spec.mode is PolicyMode.BASE)]
    resources = [with_spec(r, extends=[]) if isinstance(r, Policy) else r for r in resources]
    target = {"appliesTo": {"users": [subject.user]}, "mode": "base"}
    first, second = {**target, **one, "message": "m"}, {**target, **other, "message": "m"}

    def enforced(*specs: dict[str, Any]) -> Rules:
        bases = [resource("Policy", f"base-{number}", spec) for number, spec in enumerate(specs)]
        return OrgModel([*resources, *bases]).resolve(subject, at).effective.enforced

    both = enforced(first, second)
    assert both == enforced(second, first)
    assert_narrower(both, enforced(first))
    assert_narrower(both, enforced(second))


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_the_shadow_is_what_would_be_enforced(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    effective = OrgModel(resources).resolve(subject, at).effective
    hardened = [with_spec(r, enforcement="enforce") if isinstance(r, Policy) else r for r in resources]
    intended = OrgModel(hardened).resolve(subject, at).effective
    assert (effective.shadow or effective.enforced) == intended.enforced
    assert effective.shadow != effective.enforced
    calm = [r for r in resources if not isinstance(r, Policy) or r.spec.enforcement is Enforcement.ENFORCE]
    named = {parent for r in calm if isinstance(r, Policy) for parent in r.spec.extends}
    if all(r.address not in named for r in resources if r not in calm):
        assert OrgModel(calm).resolve(subject, at).effective.enforced == effective.enforced


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_the_floor_knows_guardrails_alone(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    floor = OrgModel(resources).resolve(subject, at).effective.floor
    open_base = resource("Policy", "open", {"appliesTo": {"users": [subject.user]}, "priority": 1000000})
    rest = [r for r in resources if not isinstance(r, Policy) or r.spec.mode is PolicyMode.GUARDRAIL]
    named = {parent for r in rest if isinstance(r, Policy) for parent in r.spec.extends}
    if not named <= {r.address for r in rest}:
        return
    enforced = OrgModel([*rest, open_base]).resolve(subject, at)
    if "user-suspended" not in {alert.code for alert in enforced.alerts}:
        assert floor == enforced.effective.enforced


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_every_value_has_its_place(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    """What differs from the defaults names a source, and every pointer leads to something in its resource."""
    resolution = OrgModel(resources).resolve(subject, at)
    for places in resolution.provenance.values():
        for place in places:
            document: Any = next(canonical_resource(r) for r in resources if r.address == place.resource)
            for step in place.pointer.split("/")[1:]:
                document = document[int(step)] if isinstance(document, list) else document[step]
    effective = resolution.effective
    parts = {"shadow": effective.shadow, "floor": effective.floor}
    if resolution.base is not None:
        parts["enforced"] = effective.enforced
    for part, rules in parts.items():
        if rules is not None and (part != "shadow" or resolution.base is not None):
            assert_placed(part, rules, set(resolution.provenance))


def assert_placed(part: str, rules: Rules, keys: set[str]) -> None:
    unset = Rules()
    for field in policy_fields():
        if field.path == "tools.profile" or field.value_in(rules) == field.value_in(unset):
            continue
        assert f"{part}:{field.path}" in keys
        value = field.value_in(rules)
        for item in value if isinstance(value, tuple) else ():
            for member in (item,) if isinstance(item, str) else item:
                assert f"{part}:{field.path}#{member}" in keys


@given(SECTIONS, SECTIONS, SECTIONS, targeting(scheduled=False), SUBJECTS, MOMENTS)
@EXAMPLES
def test_extends_says_what_the_parents_would_say_in_one_policy(
    first: dict[str, Any],
    second: dict[str, Any],
    own: dict[str, Any],
    target: dict[str, Any],
    subject: Subject,
    at: dt.datetime,
) -> None:
    united = {"ask", "deny", "readOnly"}
    inline: dict[str, Any] = {}
    for layer in (first, second, own):
        for section, fields in layer.items():
            if isinstance(fields, str):
                inline[section] = fields
                continue
            merged = inline.setdefault(section, {})
            for key, value in fields.items():
                merged[key] = [*merged.get(key, []), *value] if key in united else value
    never = {"appliesTo": {"users": ["nobody"]}}
    parents = [resource("Policy", "one", {**never, **first}), resource("Policy", "two", {**never, **second})]
    child = resource("Policy", "child", {**target, **own, "extends": ["Policy/one", "Policy/two"]})
    flat = resource("Policy", "child", {**target, **inline})
    assert OrgModel([*parents, child]).resolve(subject, at).digest == OrgModel([flat]).resolve(subject, at).digest


# --- the order of rules -------------------------------------------------------------------------------------------


def assert_narrower(after: Rules, before: Rules) -> None:
    assert_names_within(after.tools.allow, before.tools.allow, CORE)
    assert_names_cover(after.tools.deny, before.tools.deny, CORE)
    assert_names_cover(after.tools.ask, before.tools.ask, CORE)
    assert_exec_narrower(after.exec, before.exec)
    assert set(after.paths.deny) >= set(before.paths.deny)
    assert set(after.paths.read_only) >= set(before.paths.read_only)
    assert after.paths.workspace_only >= before.paths.workspace_only
    if before.network.allow is not None:
        assert after.network.allow is not None
        assert domains.intersect(after.network.allow, before.network.allow) == after.network.allow
    assert domains.union(after.network.deny, before.network.deny) == after.network.deny
    assert after.network.private_addresses == "deny" or before.network.private_addresses == "allow"
    assert_names_within(after.mcp.allow, before.mcp.allow, frozenset())
    assert_names_cover(after.mcp.deny, before.mcp.deny, frozenset())
    assert after.skills.require_approval >= before.skills.require_approval
    assert_names_within(after.skills.sources, before.skills.sources, frozenset())
    levels, contents = list(AuditLevel), list(AuditContent)
    assert levels.index(after.audit.level) >= levels.index(before.audit.level)
    assert contents.index(after.audit.content) >= contents.index(before.audit.content)
    assert after.offline.mode == "block" or before.offline.mode == "cached"
    assert after.offline.lease <= before.offline.lease
    assert after.offline.max_stale <= before.offline.max_stale


def assert_names_within(after: tuple[str, ...] | None, before: tuple[str, ...] | None, core: frozenset[str]) -> None:
    if before is not None:
        assert after is not None
        assert names.intersect(after, before, core) == names.normalise(after, core)


def assert_names_cover(after: tuple[str, ...], before: tuple[str, ...], core: frozenset[str]) -> None:
    assert names.union(after, before, core) == names.normalise(after, core)


def assert_exec_narrower(after: EffectiveExec, before: EffectiveExec) -> None:
    assert set(after.deny) >= set(before.deny)
    for command in COMMANDS:
        assert strictness(after, command) >= strictness(before, command)


def strictness(rules: EffectiveExec, command: str) -> int:
    """0 allowed, 1 asked, 2 denied; a command stands for the pattern of the same text."""
    if rules.mode is ExecMode.FULL:
        return 0
    if rules.mode is ExecMode.DENY:
        return 2
    if rules.allow and all(command in patterns for patterns in rules.allow):
        return 0
    return 1 if rules.mode is ExecMode.ASK else 2
