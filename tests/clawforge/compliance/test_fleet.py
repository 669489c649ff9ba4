"""What is worked out once for a class holds for every machine of it."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import GROUPS, INSTANCES, TAGS, USERS, resource, some

from clawforge.bundle import Counters, build_bundle
from clawforge.compliance.fleet import FleetCompliance, FleetLapses, FleetTargets
from clawforge.compliance.lapse import missed_components
from clawforge.compliance.verdict import comply
from clawforge.fleet_drift import Standing
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = NOW.replace(hour=0)


def version_target(name: str, who: object, wanted: str, **more: object) -> Resource:
    spec = {"appliesTo": who, "components": {"host": {"range": wanted}}, "enforcement": "block", **more}
    return resource("VersionTarget", name, spec)


RESOURCES = [
    resource("Policy", "base", {"appliesTo": "everyone"}),
    version_target("all", "everyone", ">=2026.1"),
    version_target("lab", {"tags": {"env": ["lab"]}}, ">=2026.9", grace="1h"),
    version_target("eng", {"groups": [GROUPS[0]]}, ">=2026.8"),
    version_target("one", {"instances": [INSTANCES[0]]}, ">=2026.7"),
    version_target("work", {"contexts": ["work"]}, ">=2026.6"),
    version_target("later", "everyone", ">=2027", schedule={"windows": [{"from": "2026-11-22T00:00:00Z"}]}, grace="1d"),
]
MACHINES = st.builds(
    Standing,
    name=st.sampled_from((*INSTANCES, "i-3")),
    user=st.sampled_from((*USERS, "stranger")),
    groups=some(GROUPS, least=0).map(lambda names: tuple(sorted(names))),
    tags=st.fixed_dictionaries(
        {}, optional={tag: st.sampled_from((*values, "lab")) for tag, values in TAGS.items()}
    ).map(lambda tags: tuple(sorted(tags.items()))),
    acknowledged=st.none(),
    last_seen=st.none(),
    versions=st.sampled_from(((), (("host", "2026.6.1"),), (("host", "2026.8"),), (("host", "2026.10"),))),
)


@settings(deadline=None, max_examples=40)
@given(machines=st.lists(MACHINES, max_size=6))
def test_classes_change_no_verdict(machines: list[Standing]) -> None:
    targets = FleetTargets(OrgModel(RESOURCES), DAY, NOW)
    compliance, lapses = FleetCompliance(targets, NOW), FleetLapses(targets)
    for machine in machines:
        bundle = build_bundle(
            OrgModel(RESOURCES), _subject(machine), org="acme", counters=Counters(1, 1, 1), now=NOW, positions={}
        )
        bundled = [one for policy in bundle.policies.values() for one in policy.versions.targets]
        assert lapses.missed(machine) == missed_components(bundled, dict(machine.versions))
        found = compliance.of(machine, {"host": NOW})
        present = {
            (one.resource, one.component): one
            for variant in bundle.variants
            if variant.from_ <= NOW < variant.until
            for one in bundle.policies[variant.digest].versions.targets
        }
        expected = comply(present.values(), dict(machine.versions), {"host": NOW}, NOW)
        assert found.state == expected.state
        assert {item.target.resource for item in found.verdicts} == {item.target.resource for item in expected.verdicts}


def test_without_targets_nobody_is_looked_at() -> None:
    targets = FleetTargets(OrgModel(RESOURCES[:1]), DAY, NOW)
    assert not targets.exist
    assert FleetCompliance(targets, NOW).of(Standing("i", "u", (), (), None, None)).state == "ok"


def _subject(machine: Standing) -> Subject:
    return Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
