"""What rules may ask about the present moment, and for how long the answers hold: held against asking again."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ZONES

from clawforge.lint.moment import ALWAYS, Moment, Span

START = dt.datetime(2026, 3, 27, tzinfo=dt.UTC)
"""Two days later clocks change in Europe."""
TICK = dt.datetime.resolution

times = st.integers(0, 8 * 24 * 4).map(lambda quarters: START + quarters * dt.timedelta(minutes=15))
nearby = st.builds(lambda at, ticks: at + ticks * TICK, times, st.integers(-1, 1))
questions = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), nearby, st.booleans()),
    st.tuples(st.just("day"), st.sampled_from(ZONES), st.booleans()),
)


def answer(moment: Moment | dt.datetime, question: tuple[str, dt.datetime | str, bool]) -> object:
    kind, about, left = question
    if isinstance(about, str):
        zone = ZoneInfo(about)
        return moment.day(zone) if isinstance(moment, Moment) else moment.astimezone(zone).date()
    if kind == "<":
        return moment < about if left else about < moment
    if kind == "<=":
        return moment <= about if left else about <= moment
    if kind == ">":
        return moment > about if left else about > moment
    return moment >= about if left else about >= moment


@given(nearby, st.lists(questions, max_size=6), st.lists(nearby, max_size=20))
def test_all_answers_are_those_of_the_clock_and_hold_in_the_span(
    at: dt.datetime, asked: list[tuple[str, dt.datetime | str, bool]], others: list[dt.datetime]
) -> None:
    moment = Moment(at)
    told = [answer(moment, question) for question in asked]
    assert told == [answer(at, question) for question in asked]
    span = moment.span
    assert at in span
    edges = [edge for edge in (span.since, span.until - TICK) if edge.year == START.year]
    for other in [*others, *edges]:
        if other in span:
            assert told == [answer(other, question) for question in asked]


@given(nearby, nearby)
def test_the_span_of_a_comparison_ends_only_where_the_answer_changes(at: dt.datetime, other: dt.datetime) -> None:
    for kind in ("<", "<=", ">", ">="):
        for left in (True, False):
            moment = Moment(at)
            told = answer(moment, (kind, other, left))
            for edge in (moment.span.since - TICK if moment.span.since > ALWAYS.since else at, moment.span.until):
                if edge not in moment.span and edge != ALWAYS.until:
                    assert answer(edge, (kind, other, left)) != told


def test_nothing_asked_holds_for_ever() -> None:
    assert Moment(START).span == ALWAYS
    assert START in ALWAYS


def test_a_day_lasts_from_midnight_to_midnight_of_its_zone() -> None:
    moment = Moment(START)
    assert moment.day(ZoneInfo("Asia/Kolkata")) == dt.date(2026, 3, 27)
    assert moment.span == Span(START - dt.timedelta(hours=5.5), START + dt.timedelta(hours=18.5))


@pytest.mark.parametrize(
    "day", [dt.datetime(2026, 3, 29, 9, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 9, tzinfo=dt.UTC)]
)
def test_on_a_day_on_which_clocks_change_the_answer_holds_for_the_moment_only(day: dt.datetime) -> None:
    moment = Moment(day)
    assert moment.day(ZoneInfo("Europe/Berlin")) == day.date()
    assert moment.span == Span(day, day + TICK)


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("hours", [-14, 14])
def test_the_ends_of_time_are_moments_too(year: int, hours: int) -> None:
    edge = dt.datetime(year, 1, 1) if year == 1 else dt.datetime.max
    other = edge.replace(tzinfo=dt.timezone(dt.timedelta(hours=hours)))
    start = START
    moment = Moment(start)
    assert (moment >= other, moment > other) == (start >= other, start > other)
    assert (moment <= other, moment < other) == (start <= other, start < other)
    assert start in moment.span


def test_days_at_the_ends_of_time() -> None:
    for edge in (dt.datetime.min, dt.datetime.max):
        moment = Moment(edge.replace(tzinfo=dt.UTC) + (TICK if edge == dt.datetime.min else -TICK))
        assert moment.day(dt.UTC) == edge.date()


def test_it_gives_nothing_else_away() -> None:
    moment = Moment(START)
    assert "2026" not in f"{moment!r}{moment}"
    assert not hasattr(moment, "year")
    assert not hasattr(moment, "astimezone")
