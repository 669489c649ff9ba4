from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import AGENTS, CONTEXTS, SUBJECTS, WEEK, orgs, resource

from clawforge.errors import InputError
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resolve.variants import Variant, check_variants, horizon, select_variant, variants
from clawforge.resource.meta import Resource

START, END = horizon(WEEK)
ANN = Subject(user="ann")


def policy(name: str, **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


@given(
    orgs(),
    SUBJECTS,
    st.sampled_from((None, "other", *AGENTS)),
    st.sampled_from((None, "other", *CONTEXTS)),
    st.integers(min_value=0, max_value=7 * 86_400 - 1),
)
@settings(max_examples=100, deadline=None)
def test_the_variant_selected_is_what_would_be_resolved_then(
    resources: list[Resource], subject: Subject, agent: str | None, context: str | None, second: int
) -> None:
    org = OrgModel(resources)
    at = START + dt.timedelta(seconds=second)
    found, policies = variants(org, subject, START, END)
    chosen = select_variant(found, agent, context, at)
    assert chosen is not None
    then = org.resolve(subject.model_copy(update={"agent": agent, "context": context}), at)
    assert chosen.digest == then.digest
    assert policies[chosen.digest].effective == then.effective


@given(orgs(), SUBJECTS)
@settings(max_examples=60, deadline=None)
def test_variants_cover_the_time_without_gap_overlap_or_equal_neighbours(
    resources: list[Resource], subject: Subject
) -> None:
    found, policies = variants(OrgModel(resources), subject, START, END)
    assert {variant.digest for variant in found} == set(policies)
    assert len({(variant.agent, variant.context, variant.from_) for variant in found}) == len(found)
    for through in {(variant.agent, variant.context) for variant in found}:
        timeline = [variant for variant in found if (variant.agent, variant.context) == through]
        assert timeline[0].from_ == START
        assert timeline[-1].until == END
        for one, following in pairwise(timeline):
            assert one.until == following.from_
            assert one.digest != following.digest


def test_an_agent_that_makes_no_difference_has_no_variants_of_its_own() -> None:
    org = OrgModel(
        [
            policy("default"),
            policy("helper", mode="overlay", appliesTo={"agents": ["helper"]}, tools={"deny": ["exec"]}),
            policy("idle", mode="overlay", appliesTo={"agents": ["idle"]}),
            policy("other-user", appliesTo={"users": ["bob"], "agents": ["bobs"]}),
        ]
    )
    found, policies = variants(org, ANN, START, END)
    assert [(variant.agent, variant.context) for variant in found] == [(None, None), ("helper", None)]
    assert len(policies) == 2


def test_an_agent_named_only_in_an_exception_has_a_variant() -> None:
    target = {"groups": ["eng"], "except": {"agents": ["trusted"]}}
    org = OrgModel([policy("default"), policy("strict", mode="overlay", appliesTo=target, tools={"deny": ["*"]})])
    found, _ = variants(org, Subject(user="ann", groups=("eng",)), START, END)
    assert [variant.agent for variant in found] == [None, "trusted"]
    assert found[0].digest != found[1].digest


def test_the_end_of_an_approval_is_a_boundary() -> None:
    approval = {"appliesTo": "everyone", "key": "pdf", "status": "approved", "reviewBy": f"{WEEK.date()}"}
    org = OrgModel([policy("default"), resource("SkillApproval", "pdf", approval)])
    found, _ = variants(org, ANN, START, END)
    assert [variant.until for variant in found] == [START + dt.timedelta(days=1), END]


def test_exact_agent_beats_exact_context() -> None:
    moment = {"from_": START, "until": END}
    digests = [f"sha256:{digit * 64}" for digit in "1234"]
    found = [
        Variant(digest=digests[0], **moment),
        Variant(context="work", digest=digests[1], **moment),
        Variant(agent="main", digest=digests[2], **moment),
        Variant(agent="main", context="work", digest=digests[3], **moment),
    ]
    for some in (found, found[::-1]):
        for agent, context, expected in (
            ("main", "work", 3),
            ("main", "home", 2),
            ("helper", "work", 1),
            (None, None, 0),
        ):
            chosen = select_variant(some, agent, context, START)
            assert chosen is not None
            assert chosen.digest == digests[expected]
        without_both = [variant for variant in some if variant.digest != digests[3]]
        chosen = select_variant(without_both, "main", "work", START)
        assert chosen is not None
        assert chosen.digest == digests[2]


def test_outside_of_what_is_covered_there_is_none() -> None:
    found, _ = variants(OrgModel([policy("default")]), ANN, START, END)
    assert select_variant(found, None, None, START) is not None
    assert select_variant(found, None, None, END) is None
    assert select_variant(found, None, None, START - dt.timedelta(seconds=1)) is None


def test_the_horizon_is_seven_days_from_the_start_of_the_day() -> None:
    late = dt.datetime(2026, 11, 20, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=3)))
    assert horizon(late) == (
        dt.datetime(2026, 11, 19, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
    )


def test_a_variant_is_written_with_from_and_until() -> None:
    found, _ = variants(OrgModel([policy("default")]), ANN, START, END)
    assert found[0].model_dump(mode="json", by_alias=True, exclude_defaults=True) == {
        "from": "2026-03-23T00:00:00Z",
        "until": "2026-03-30T00:00:00Z",
        "digest": found[0].digest,
    }
    assert Variant.model_validate_json(found[0].model_dump_json(by_alias=True)) == found[0]


def test_an_empty_stretch_of_time_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        variants(OrgModel([]), ANN, START, START)


def test_schedules_that_open_too_often_are_refused_before_anything_is_worked_out() -> None:
    def restless(name: str, cron: str, **spec: Any) -> Resource:
        return policy(name, mode="overlay", schedule={"windows": [{"cron": cron, "duration": "30s"}]}, **spec)

    org = OrgModel(
        [
            policy("base"),
            restless("often", "* * * * *", appliesTo={"users": ["ann"]}),
            restless("seldom", "0 * * * *", appliesTo={"users": ["bob"]}),
        ]
    )
    with pytest.raises(InputError, match="change too often") as refused:
        variants(org, ANN, START, END)
    assert refused.value.code == "too-many-variants"
    variants(org, Subject(user="bob"), START, END)

    check_variants(org, [Subject(user="bob"), Subject(user="eve")], START, END)
    with pytest.raises(InputError, match="The policies of ann change too often"):
        check_variants(org, [Subject(user="bob"), ANN], START, END)
