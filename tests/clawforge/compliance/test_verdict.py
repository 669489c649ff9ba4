"""The control plane's word about a machine's versions is the one that the machine's agent acts on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.bundle import Bundle
from clawforge.compliance.lapse import missed_components, next_lapses, out_since
from clawforge.compliance.verdict import VERSION_STATES, comply, is_worse
from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.judges.versions import VersionsJudge
from clawforge.decide.request import InstanceFacts, Request, Runtime
from clawforge.effective import Effective, EffectiveVersions, EffectiveVersionTarget
from clawforge.resource.version_target import ComponentTarget, VersionEnforcement
from clawforge_cli.agent.version_watch import out_of_range_since

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
VERSIONS = ("2026.9.1", "2026.9.6-beta.1", "2026.9.6", "2026.9.6-2", "2026.10.0", "odd")
MOMENTS = st.integers(-50, 50).map(lambda hours: NOW + hours * HOUR)


def target(component: str = "host", **more: Any) -> EffectiveVersionTarget:
    wanted = {"target": ComponentTarget(range=">=2026.9.6"), "enforcement": VersionEnforcement.BLOCK, **more}
    return EffectiveVersionTarget.model_construct(
        resource="VersionTarget/one", component=component, **{"grace": 0, "deadline": None, "message": "", **wanted}
    )


TARGETS = st.builds(
    target,
    component=st.sampled_from(("host", "plugin", "runtime")),
    target=st.builds(
        ComponentTarget,
        range=st.sampled_from((">=2026.9.6", ">=2026.9.1 <2026.10", "<2026.9.6")),
        denied=st.lists(st.sampled_from(VERSIONS), max_size=1).map(tuple),
    ),
    grace=st.sampled_from((0, 3_600, 86_400)),
    deadline=st.none() | MOMENTS,
    enforcement=st.sampled_from(VersionEnforcement),
)
REPORTS = st.dictionaries(st.sampled_from(("host", "plugin", "runtime")), st.sampled_from(VERSIONS))


@given(targets=st.lists(TARGETS, max_size=4), versions=REPORTS, since=st.none() | MOMENTS, at=MOMENTS)
def test_blocked_is_who_is_blocked_by_its_agent(
    targets: list[EffectiveVersionTarget],
    versions: dict[str, str],
    since: dt.datetime | None,
    at: dt.datetime,
) -> None:
    lapses = {} if since is None else dict.fromkeys(missed_components(targets, versions), since)
    found = comply(targets, versions, lapses, at)
    facts = InstanceFacts(versions=versions, out_of_range_since=since)
    judge = VersionsJudge(EffectiveVersions(targets=tuple(targets)), Blame({}, "versions"))
    call = Call(Request(tool="read", user="ann", instance="i", at=at), facts, Runtime())
    assert (found.state == "blocked") == bool(list(judge.reasons(call)))
    noted = [verdict for verdict in found.verdicts if verdict.state != "blocked"]
    assert len(noted) == len(list(judge.records(call)))
    assert all(verdict.until is not None and verdict.until > at for verdict in noted if verdict.state == "in-grace")


@given(
    bundles=st.lists(st.lists(TARGETS, max_size=3), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.integers(0, 2), REPORTS), max_size=8),
)
def test_control_plane_and_agent_count_from_one_moment(
    bundles: list[list[EffectiveVersionTarget]], steps: list[tuple[int, dict[str, str]]]
) -> None:
    lapses: dict[str, dt.datetime] = {}
    noted: dt.datetime | None = None
    for number, (which, versions) in enumerate(steps):
        now, targets = NOW + number * HOUR, bundles[which % len(bundles)]
        lapses = next_lapses(lapses, missed_components(targets, versions), now)
        noted = out_of_range_since(_bundle(targets), InstanceFacts(versions=versions), noted, now)
        assert out_since(lapses) == noted


def _bundle(targets: list[EffectiveVersionTarget]) -> Bundle:
    policy = Effective.model_construct(versions=EffectiveVersions.model_construct(targets=tuple(targets)))
    return Bundle.model_construct(policies={"sha256:one": policy})


def test_a_clock_that_goes_back_gives_no_time() -> None:
    lapses = next_lapses({}, {"host"}, NOW)
    assert next_lapses(lapses, {"host", "plugin"}, NOW - HOUR) == {"host": NOW, "plugin": NOW - HOUR}
    assert next_lapses(lapses, {"host"}, NOW + HOUR) == {"host": NOW}
    assert next_lapses(lapses, set(), NOW + HOUR) == {}


@pytest.mark.parametrize(
    ("more", "version", "since", "expected"),
    [
        ({}, "2026.9.6", None, "ok"),
        ({}, "2026.9.1", None, "blocked"),
        ({"grace": 3_600}, "2026.9.1", NOW, "in-grace"),
        ({"grace": 3_600}, "2026.9.1", NOW - HOUR, "blocked"),
        ({"grace": 3_600}, "2026.9.1", None, "blocked"),
        ({"deadline": NOW + HOUR}, "2026.9.1", NOW, "in-grace"),
        ({"deadline": NOW}, "2026.9.1", NOW, "blocked"),
        ({"enforcement": VersionEnforcement.WARN}, "2026.9.1", NOW, "warned"),
        ({"enforcement": VersionEnforcement.WARN}, None, NOW, "unknown"),
        ({"enforcement": VersionEnforcement.OFF}, "2026.9.1", NOW, "ok"),
        ({}, None, NOW, "blocked"),
    ],
)
def test_states(more: dict[str, Any], version: str | None, since: dt.datetime | None, expected: str) -> None:
    versions = {} if version is None else {"host": version}
    found = comply([target(**more)], versions, {} if since is None else {"host": since}, NOW)
    assert found.state == expected


def test_the_worst_comes_first_and_decides() -> None:
    warned = target("plugin", enforcement=VersionEnforcement.WARN)
    found = comply([warned, target(grace=7_200)], {"host": "1", "plugin": "1"}, {"host": NOW}, NOW + HOUR)
    assert [verdict.state for verdict in found.verdicts] == ["in-grace", "warned"]
    assert (found.state, found.until) == ("in-grace", NOW + 2 * HOUR)
    assert is_worse("blocked", "in-grace")
    assert not is_worse("ok", "ok")
    assert VERSION_STATES[0] == "ok"
