"""Demands add up, freezes end when they say, and the meaning digest is about meaning only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import resource

from clawforge.access.model import AccessModel
from clawforge.access.rights import ORG_WIDE
from clawforge.change_control.approvers import Reach, lacking
from clawforge.change_control.demands import approval_needs, exceeded_limits, open_freezes, out_of_band
from clawforge.change_control.facts import ChangeFacts, Effect, PlanFacts, Standing
from clawforge.meaning import AccessLine, ChangeVerdict, Meaning, Via, WitnessCall, meaning_digest
from clawforge.plan import ApprovalNeed
from clawforge.resource.address_pattern import address_matches
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PEOPLE = ("ann", "bob", "cat", "dan")
ACCESS = AccessModel.of(
    [
        *(resource("User", name, {"email": f"{name}@acme.example"}) for name in PEOPLE),
        resource("Group", "security", {"members": {"users": ["bob", "cat"]}}),
        resource("RoleBinding", "a", {"role": "approver", "subjects": {"users": ["ann", "bob", "cat"]}}),
        resource("RoleBinding", "b", {"role": "auditor", "subjects": {"users": ["cat", "dan"]}}),
    ]
)
RULES = st.fixed_dictionaries(
    {"count": st.integers(1, 4)},
    optional={
        "match": st.fixed_dictionaries(
            {},
            optional={
                "kinds": st.sampled_from((["Policy"], ["Group"], ["Policy", "Group"])),
                "addresses": st.sampled_from((["Policy/a"], ["*/a*"])),
                "paths": st.sampled_from((["prod/**"], ["dev/*.yaml"])),
                "labels": st.just({"t": ["x"]}),
                "effect": st.sampled_from(("loosen", "tighten", "any")),
            },
        ),
        "from": st.sampled_from(({}, {"groups": ["security"]}, {"roles": ["auditor", "owner"]})),
    },
)
STANDINGS = st.builds(
    Standing, st.sampled_from(({}, {"t": "x"}, {"t": "y"})), st.sampled_from((None, "prod/x.yaml", "dev/x.yaml"))
)
EFFECTS = st.builds(Effect, loosens=st.booleans(), tightens=st.booleans())
FACTS = st.builds(
    lambda changes, effect: PlanFacts(tuple(changes), effect),
    st.lists(
        st.builds(
            ChangeFacts,
            st.sampled_from(("Policy/a", "Policy/b", "Group/a", "ChangePolicy/p-0")),
            st.none() | STANDINGS,
            st.none() | STANDINGS,
            EFFECTS,
        ),
        max_size=4,
    ),
    EFFECTS,
)


def policies(rules: list[list[Any]]) -> list[ChangePolicy]:
    made = [resource("ChangePolicy", f"p-{number}", {"approvals": item}) for number, item in enumerate(rules)]
    return [item for item in made if isinstance(item, ChangePolicy)]


def counts(needs: tuple[ApprovalNeed, ...]) -> dict[tuple[Any, ...], int]:
    found = {(need.permission, need.roles, need.groups): need.count for need in needs}
    assert len(found) == len(needs), "each sort of approvers is asked once"
    return found


@given(st.lists(st.lists(RULES, max_size=3), min_size=1, max_size=3), FACTS)
def test_policies_add_up_and_the_highest_count_holds(rules: list[list[Any]], facts: PlanFacts) -> None:
    together = counts(approval_needs(policies(rules), facts, ACCESS, ACCESS))
    apart = [counts(approval_needs([item], facts, ACCESS, ACCESS)) for item in policies(rules)]
    for key in {key for item in apart for key in item} | together.keys():
        assert together[key] == max(item.get(key, 0) for item in apart)
    fewer = counts(approval_needs(policies(rules)[:-1], facts, ACCESS, ACCESS))
    assert all(together[key] >= count for key, count in fewer.items())


@given(st.lists(RULES, min_size=1, max_size=3), FACTS)
def test_more_effect_never_needs_less(rules: list[Any], facts: PlanFacts) -> None:
    worst = Effect(loosens=True, tightens=True)
    more = PlanFacts(tuple(ChangeFacts(item.address, item.before, item.after, worst) for item in facts.changes), worst)
    less = counts(approval_needs(policies([rules]), facts, ACCESS, ACCESS))
    all_ = counts(approval_needs(policies([rules]), more, ACCESS, ACCESS))
    assert all(all_[key] >= count for key, count in less.items())


@given(
    st.lists(
        st.sampled_from(("user:ann", "user:bob", "user:cat", "user:dan", "user:eve", "owner", "service-account:x"))
    ),
    st.lists(st.sampled_from(("user:ann", "user:bob", "owner")), max_size=2),
    st.integers(1, 4),
    st.sampled_from(((), ("security",))),
    st.sampled_from(((), ("auditor",), ("user",))),
)
def test_what_lacks_is_counted_person_by_person(
    said: list[str], authors: list[str], count: int, groups: tuple[str, ...], roles: tuple[str, ...]
) -> None:
    need = ApprovalNeed(code="x", count=count, groups=groups, roles=roles)
    lacks = lacking([need], said, authors, Reach(ACCESS, (("s", (ORG_WIDE,)),)))
    may = {"user:ann", "user:bob", "user:cat"} | ({"owner"} if not groups and not roles else set())
    may &= {"user:bob", "user:cat"} if groups else may
    may &= {"user:cat"} if roles == ("auditor",) else may
    counted = len((set(said) & may) - set(authors))
    assert sum(item.count for item in lacks) == max(count - counted, 0)
    for item in lacks:
        assert {f"user:{name}" for name in item.who} == (may - {"owner"}) - set(authors) - set(said)


def test_addresses_match_by_kind_and_name() -> None:
    assert address_matches("Policy/guardrail-*", "Policy/guardrail-a")
    assert address_matches("*/a", "Group/a")
    assert address_matches("Policy/*", "Policy/a")
    assert not address_matches("Policy/guardrail-*", "Policy/guard")
    assert not address_matches("Policy/a", "PolicyTest/a")
    assert not address_matches("Policy/a", "Policy/ab")


def test_a_freeze_is_open_on_the_left_and_says_when_it_ends() -> None:
    window = {"cron": "0 18 * * *", "duration": "2h"}
    (policy,) = [
        item
        for item in [
            resource(
                "ChangePolicy",
                "p",
                {
                    "freeze": [
                        {"schedule": {"windows": [window]}, "reason": "nights"},
                        {
                            "schedule": {"windows": [{"until": "2026-11-20T18:30:00Z"}]},
                            "reason": "so far",
                            "overridable": False,
                        },
                        {"schedule": {"windows": [{"from": "2026-11-20T00:00:00Z"}]}, "reason": "for good"},
                    ]
                },
            )
        ]
        if isinstance(item, ChangePolicy)
    ]
    six = NOW.replace(hour=18)
    assert [item.freeze.reason for item in open_freezes([policy], six)] == ["so far", "nights", "for good"]
    assert [item.until for item in open_freezes([policy], six)] == [six.replace(minute=30), six.replace(hour=20), None]
    assert [item.freeze.reason for item in open_freezes([policy], six - dt.timedelta(seconds=1))] == [
        "so far",
        "for good",
    ]
    assert [item.freeze.reason for item in open_freezes([policy], six.replace(hour=20))] == ["for good"]


def test_limits_of_several_policies_hold_each() -> None:
    made = [
        resource("ChangePolicy", "a", {"limits": {"deletions": {"count": 2}}}),
        resource("ChangePolicy", "b", {"limits": {"deletions": {"share": "10%"}}}),
        resource("ChangePolicy", "c", {}),
    ]
    found = [item for item in made if isinstance(item, ChangePolicy)]
    assert exceeded_limits(found, 2, 20) == ()
    assert exceeded_limits(found, 3, 30) == ("ChangePolicy/a",)
    assert exceeded_limits(found, 3, 20) == ("ChangePolicy/a", "ChangePolicy/b")
    assert exceeded_limits(found, 0, 0) == ()


LINES = st.builds(
    AccessLine,
    kind=st.sampled_from(("tool", "path")),
    what=st.sampled_from((("exec",), ("read", "write"))),
    before=st.just("deny"),
    after=st.sampled_from(("allow", "ask")),
    users=st.integers(0, 3),
    names=st.permutations(("ann", "bob", "cat")).map(tuple),
    agent=st.none() | st.just("helper"),
)
MEANINGS = st.builds(
    Meaning,
    verdict=st.sampled_from(("looser", "mixed")),
    loosens=st.just("yes"),
    tightens=st.sampled_from(("yes", "no")),
    gains=st.lists(LINES, max_size=4).map(tuple),
    losses=st.lists(LINES, max_size=2).map(tuple),
)
WITNESS = WitnessCall(user="x", at=NOW, before="deny", after="allow")


@settings(deadline=None)
@given(MEANINGS, st.randoms(use_true_random=False))
def test_the_meaning_digest_is_about_who_gains_what_and_nothing_else(meaning: Meaning, random: Any) -> None:
    def elsewhere(line: AccessLine) -> AccessLine:
        names = list(line.names)
        random.shuffle(names)
        via = (Via(address="Policy/a", file="x.yaml", line=random.randint(1, 9)),)
        return line.model_copy(update={"names": tuple(names), "via": via, "at": NOW, "params": {"a": 1}})

    gains = [elsewhere(line) for line in meaning.gains]
    random.shuffle(gains)
    same = meaning.model_copy(update={"gains": tuple(gains), "looser": WITNESS, "at": NOW})
    assert meaning_digest(same) == meaning_digest(meaning)
    more = AccessLine(kind="tool", what=("other",), before="deny", after="allow", users=1, names=("dan",))
    for changed in (
        {"gains": (*meaning.gains, more)},
        {"losses": (*meaning.losses, more)},
        {"tightens": "unknown"},
        {"omitted": 1},
        {"unknown": ("x",)},
        {"changes": (ChangeVerdict(address="Policy/a", verdict="looser", loosens="yes", tightens="no"),)},
        {"gains": tuple(line.model_copy(update={"users": line.users + 1}) for line in meaning.gains)},
        {"gains": tuple(line.model_copy(update={"names": ("dan", *line.names[1:])}) for line in meaning.gains)},
        {"gains": tuple(line.model_copy(update={"everybody": "sha256:x"}) for line in meaning.gains)},
    ):
        other = meaning.model_copy(update=changed)
        assert (meaning_digest(other) == meaning_digest(meaning)) is (other == meaning)


def test_a_standing_resource_is_needed_for_nothing() -> None:
    found: list[Resource] = [resource("ChangePolicy", "p", {"approvals": [{}]})]
    facts = PlanFacts((), Effect(loosens=False, tightens=False))
    assert approval_needs([item for item in found if isinstance(item, ChangePolicy)], facts, ACCESS, ACCESS) == ()


def test_who_wants_a_report_gets_one_whatever_the_others_say() -> None:
    silent, corrects, reports = (
        ChangePolicy.model_validate(resource("ChangePolicy", name, spec).model_dump(by_alias=True))
        for name, spec in (("a", {}), ("b", {"outOfBand": "correct"}), ("c", {"outOfBand": "report"}))
    )
    assert out_of_band(()) == "correct"
    assert out_of_band((silent, corrects)) == "correct"
    assert out_of_band((silent, reports, corrects)) == "report"
