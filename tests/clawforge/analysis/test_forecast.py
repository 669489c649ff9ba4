"""The forward view: nothing is missed, and each thing is said once, in words and with its place."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SUBJECTS, WEEK, orgs, resource

from clawforge.analysis.forecast import forecast
from clawforge.analysis.upcoming import Upcoming, UpcomingKind, placed
from clawforge.analysis.version_forecast import KnownInstance
from clawforge.decide.request import InstanceFacts
from clawforge.errors import InputError
from clawforge.position import ResourcePosition
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource, format_instant

TICK = dt.timedelta.resolution
END = WEEK + dt.timedelta(days=13)
DAY = dt.timedelta(days=1)
EVENINGS = {"timezone": "Europe/Berlin", "windows": [{"cron": "0 18 * * *", "duration": "14h"}]}


def policy(name: str = "p", **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", "mode": "overlay", **spec})


def approval(**spec: Any) -> Resource:
    return resource("SkillApproval", "pdf", {"appliesTo": "everyone", "key": "pdf-tools", "status": "approved", **spec})


def target(**spec: Any) -> Resource:
    body = {"appliesTo": "everyone", "components": {"host": {"range": ">=2026.9.1"}}, "enforcement": "block"}
    return resource("VersionTarget", "host", {**body, **spec})


def organization(zone: str) -> Resource:
    return resource("Organization", "acme", {"timezone": zone})


def told(items: tuple[Upcoming, ...]) -> list[tuple[str, str, str]]:
    return [(format_instant(item.at), item.kind.value, item.what) for item in items]


@given(orgs(), SUBJECTS, st.data())
@settings(max_examples=60, deadline=None)
def test_between_two_moments_of_the_list_nothing_changes(
    resources: list[Resource], subject: Subject, data: st.DataObject
) -> None:
    org = OrgModel(resources)
    moments = [WEEK, *(item.at for item in forecast(resources, WEEK, END, grouped=False)), END + TICK]
    for begins, ends in pairwise(sorted(set(moments))):
        width = (ends - begins) // TICK
        between = [begins, begins + data.draw(st.integers(0, width - 1)) * TICK, ends - TICK]
        assert len({org.resolve(subject, at).digest for at in between}) == 1


@given(orgs())
@settings(max_examples=60, deadline=None)
def test_grouping_loses_nothing_but_moments(resources: list[Resource]) -> None:
    single, grouped = forecast(resources, WEEK, END, grouped=False), forecast(resources, WEEK, END)
    assert {item.address for item in single} == {item.address for item in grouped}
    for address in {item.address for item in single}:
        openings = sum(item.kind is UpcomingKind.SCHEDULE_OPENS for item in single if item.address == address)
        mine = [item for item in grouped if item.address == address]
        counted = sum(
            item.times or 0 for item in mine if item.kind in {UpcomingKind.SCHEDULE_OPENS, UpcomingKind.SCHEDULE_RECURS}
        )
        assert counted == openings
        assert min(item.at for item in mine) == min(item.at for item in single if item.address == address)
    assert list(grouped) == sorted(grouped, key=lambda item: item.at)


@given(orgs(), st.integers(0, 13 * 86_400))
@settings(max_examples=60, deadline=None)
def test_two_stretches_of_time_are_one(resources: list[Resource], second: int) -> None:
    middle = WEEK + dt.timedelta(seconds=second)
    whole = forecast(resources, WEEK, END, grouped=False)
    parts = (
        *forecast(resources, WEEK, middle, grouped=False),
        *forecast(resources, middle, END, grouped=False),
    )
    assert parts == whole


def test_an_approval_ends_with_the_day_in_the_zone_of_the_org() -> None:
    found = forecast([organization("America/New_York"), approval(reviewBy="2026-03-25", version="2.0")], WEEK, END)
    assert told(found) == [
        (
            "2026-03-26T04:00:00Z",
            "approval-ends",
            "The approval of the skill `pdf-tools` 2.0 ends: where skills need an approval it is refused.",
        )
    ]
    assert found[0].pointer == "/spec/reviewBy"
    assert not forecast([approval(reviewBy="2026-03-25", status="revoked")], WEEK, END)


def test_an_account_and_a_waiver_expire() -> None:
    account = resource("ServiceAccount", "ci", {"expires": "2026-03-24T12:00:00Z"})
    waiver = resource(
        "Waiver", "w", {"rule": "exec-deny-best-effort", "resource": "Policy/p", "reason": "r", "expires": "2026-03-24"}
    )
    assert told(forecast([account, waiver], WEEK, END)) == [
        ("2026-03-24T12:00:00Z", "account-expires", "The service account expires: it may do nothing any more."),
        (
            "2026-03-25T00:00:00Z",
            "waiver-expires",
            "The waiver of `exec-deny-best-effort` for Policy/p ends: what it accepted is found again.",
        ),
    ]


def test_a_schedule_that_recurs_is_one_line() -> None:
    (found,) = forecast([policy(schedule=EVENINGS)], WEEK, END)
    assert (found.at, found.kind, found.times) == (
        WEEK + dt.timedelta(hours=7),
        UpcomingKind.SCHEDULE_RECURS,
        13,
    )
    assert found.what == "Shuts, and opens daily at 18:00 for 14h (Europe/Berlin): 13 times."
    assert len(forecast([policy(schedule=EVENINGS)], WEEK, END, grouped=False)) == 26
    noon = WEEK + dt.timedelta(hours=12)
    (found,) = forecast([policy(schedule=EVENINGS)], noon, END)
    assert found.what == "Opens daily at 18:00 for 14h (Europe/Berlin): 13 times."


def test_a_schedule_that_switches_once_or_twice_is_told_switch_by_switch() -> None:
    found = forecast([policy(schedule=EVENINGS, enforcement="observe")], WEEK, WEEK + DAY)
    assert told(found) == [
        ("2026-03-23T07:00:00Z", "schedule-shuts", "Shuts: it is not on trial until it opens again."),
        ("2026-03-23T17:00:00Z", "schedule-opens", "Opens: it is on trial from then on."),
    ]


def test_windows_with_their_moments_are_told_beside_what_recurs() -> None:
    span = {"from": "2026-03-24T08:00:00Z", "until": "2026-03-24T12:00:00Z"}
    found = forecast([policy(schedule={"windows": [*EVENINGS["windows"], span]})], WEEK, END)
    assert [(item.kind.value, item.times) for item in found] == [
        ("schedule-recurs", 13),
        ("schedule-shuts", 1),
    ]
    (opens, ends) = forecast([policy(schedule={"windows": [span]})], WEEK, END)
    assert (opens.what, ends.what) == (
        "Opens: it is in force from then on.",
        "Ends: it is no longer in force, for good.",
    )


def test_what_a_schedule_does_to_an_approval_that_is_over_is_left_out() -> None:
    found = forecast([approval(reviewBy="2026-03-24", schedule=EVENINGS)], WEEK, END, grouped=False)
    assert [item.kind.value for item in found] == [
        "schedule-shuts",
        "schedule-opens",
        "schedule-shuts",
        "schedule-opens",
        "approval-ends",
    ]


def test_a_schedule_that_fires_too_often_says_that_it_was_not_counted() -> None:
    often = {"windows": [{"cron": "* * * * *", "duration": "30s"}]}
    (found,) = forecast([policy(schedule=often)], WEEK, WEEK + 400 * DAY)
    assert found.times is None
    assert found.what.startswith("Shuts, and opens by `* * * * *` for 30s (UTC): more than ")
    always = {"windows": [{"cron": "* * * * *", "duration": "100d"}]}
    (found,) = forecast([policy(schedule=always)], WEEK, END)
    assert (found.kind, found.times) == (UpcomingKind.SCHEDULE_UNKNOWN, None)
    assert forecast([policy(schedule=often)], WEEK, WEEK + 400 * DAY, grouped=False)[-1].kind == found.kind


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-03-25", "2026-03-25T23:00:00Z"),
        (" 2026-03-25T12:00:00+02:00 ", "2026-03-25T10:00:00Z"),
        ("2026-03-25T12:00:00", None),
        ("when the move is done", None),
        ("9999-12-31", None),
    ],
)
@pytest.mark.parametrize("kind", ["Policy", "DlpRuleSet"])
def test_a_trial_ends_by_its_annotation(written: str, at: str | None, kind: str) -> None:
    rules = {"rules": [{"id": "r", "pattern": "x", "action": "block"}]} if kind == "DlpRuleSet" else {}
    spec = {"appliesTo": "everyone", "enforcement": "observe", **rules}
    trial = resource(kind, "t", spec, annotations={"acme.io/decide-by": written})
    found = forecast([organization("Europe/Berlin"), trial], WEEK, END)
    assert [format_instant(item.at) for item in found] == ([] if at is None else [at])
    for item in found:
        assert item.pointer == "/metadata/annotations/acme.io~1decide-by"
        assert item.what.startswith("The trial (`observe`) is over by its annotation `decide-by`")
    enforced = resource(kind, "t", {**spec, "enforcement": "enforce"}, annotations={"decide-by": "2026-03-25"})
    assert not forecast([enforced], WEEK, END)


def test_deadlines_of_targets_that_block() -> None:
    assert told(forecast([target(deadline="2026-03-25T00:00:00Z", grace="7d")], WEEK, END)) == [
        (
            "2026-03-25T00:00:00Z",
            "version-deadline",
            "Its deadline passes: whoever has another version is blocked, whatever grace it has left.",
        )
    ]
    assert not forecast([target(deadline="2026-03-25T00:00:00Z", enforcement="warn")], WEEK, END)


def machine(name: str, version: str, since: dt.datetime | None) -> KnownInstance:
    facts = InstanceFacts(versions={"host": version}, out_of_range_since=since)
    return KnownInstance(Subject(user="ann", instance=name), facts)


def test_the_grace_of_known_machines() -> None:
    machines = [
        machine("late", "2026.8.1", WEEK - 7 * DAY),
        machine("a", "2026.8.1", WEEK - 2 * DAY),
        machine("b", "2026.8.1", WEEK - DAY),
        machine("c", "2026.8.1", WEEK - DAY),
        machine("d", "2026.8.1", WEEK),
        machine("fresh", "2026.9.2", WEEK - DAY),
        machine("unnoticed", "2026.8.1", None),
    ]
    (found,) = forecast([target(grace="5d")], WEEK, END, instances=machines)
    assert (found.at, found.kind, found.times) == (WEEK + 3 * DAY, UpcomingKind.VERSION_GRACE_ENDS, 4)
    assert found.what == "The grace of a, b, c and 1 more ends: what still have another version then is blocked."
    single = forecast([target(grace="5d")], WEEK, END, instances=machines, grouped=False)
    assert [(item.at - WEEK, item.times) for item in single] == [(3 * DAY, 1), (4 * DAY, 2), (5 * DAY, 1)]
    (only,) = forecast([target(grace="5d")], WEEK, WEEK + 3 * DAY, instances=machines)
    assert only.times == 1
    bounded = target(grace="5d", deadline="2026-03-26T00:00:00Z")
    assert [item.kind.value for item in forecast([bounded], WEEK, END, instances=machines)] == ["version-deadline"]
    assert not forecast([target(grace="5d", enforcement="warn")], WEEK, END, instances=machines)


def test_the_place_comes_from_the_positions() -> None:
    found = forecast([policy("a", schedule=EVENINGS), policy("b", schedule=EVENINGS)], WEEK, END)
    position = ResourcePosition(file="x.yaml", line=3, fields={"/spec/schedule": 7})
    assert [(item.file, item.line) for item in placed(found, {"Policy/a": position})] == [("x.yaml", 7), (None, None)]


def test_a_stretch_of_time_needs_zones_and_an_order() -> None:
    with pytest.raises(InputError, match="no time zone"):
        forecast([], WEEK.replace(tzinfo=None), END)
    with pytest.raises(InputError, match="empty"):
        forecast([], END, WEEK)
    assert forecast([policy(schedule=EVENINGS)], WEEK, WEEK) == ()
