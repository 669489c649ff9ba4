"""Machines on a terminal: names that they chose themselves act on nothing, and changes are told once."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest

from clawforge.attention import concerns
from clawforge.errors import ForbiddenError, UnavailableError
from clawforge.fleet_changes import FleetChange, fleet_changes
from clawforge.wire_enrollment import InstanceDetail, InstanceList, InstanceView
from clawforge.wire_status import OrgStatus
from clawforge.wire_versions import MachineVersions, VersionCounts, VersionMiss, VersionReport, VersionShare
from clawforge_cli.fleet_watching import looks
from clawforge_cli.views.fleet_watch import show_looks
from clawforge_cli.views.human_fleet import show_instances
from clawforge_cli.views.human_instance import show_instance
from clawforge_cli.views.human_status import show_status
from clawforge_cli.views.human_versions import show_versions
from clawforge_cli.views.terminal import Printer

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
EVIL = "\x1b[2J\u202eevil"


def machine(name: str = "lap-7", **more: Any) -> InstanceView:
    given = {
        "user": "ann",
        "enrolled_at": NOW,
        "last_seen": NOW,
        "acknowledged": "sha256:" + "a" * 64,
        "status": "online",
        "enforces": "in-force",
        "revision": 3,
        "compliance": "ok",
        "credential_since": NOW - dt.timedelta(days=40),
    }
    return InstanceView.model_validate({"instance": name, **given, **more}, by_name=True, by_alias=True)


def miss(**more: Any) -> VersionMiss:
    given = {"component": "host", "state": "blocked", "resource": "VersionTarget/v", "remedy": "update openclaw to 2"}
    return VersionMiss.model_validate({**given, **more})


def printed(show: Any, *arguments: Any, **options: Any) -> str:
    stream = io.StringIO()
    show(*arguments, Printer(stream, colour=False), **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("more", "end"),
    [
        ({}, "online, enforces revision 3"),
        ({"status": "offline", "enforces": "offline", "revision": 2}, "offline, behind, at revision 2"),
        ({"enforces": "behind", "revision": None}, "online, behind"),
        ({"protocol": "plugin", "acknowledged": None, "enforces": "unacknowledged"}, "online, old plugin"),
        ({"acknowledged": None, "enforces": "unacknowledged"}, "online, enforces nothing yet"),
        ({"crashes": 4}, "online, enforces revision 3, crash loop, 4 within an hour"),
        ({"compliance": "in-grace"}, "online, enforces revision 3, versions in-grace"),
    ],
)
def test_a_line_says_how_a_machine_stands(more: dict[str, Any], end: str) -> None:
    shown = printed(show_instances, InstanceList(instances=(machine(**more),)))
    assert shown == f"lap-7  active    ann  seen 2026-11-20T12:00:00Z, {end}\n"


def test_what_machines_say_is_harmless_everywhere() -> None:
    item = machine(hostname=EVIL, host=EVIL, versions={"host": EVIL}, tags={"t": EVIL}, reason=EVIL)
    found = miss(version=EVIL, remedy=EVIL, message=EVIL)
    report = VersionReport(
        org="acme",
        revision=1,
        at=NOW,
        counts=VersionCounts(total=1, blocked=1),
        offenders=1,
        machines=(MachineVersions(instance=EVIL, user=EVIL, state="blocked", misses=(found,)),),
        versions=(VersionShare(component="host", version=EVIL, machines=1, missing=1),),
    )
    texts = [
        printed(show_instances, InstanceList(instances=(item,)), wide=True),
        printed(lambda printer: show_instance(InstanceDetail(instance=item, misses=(found,)), NOW, printer)),
        printed(show_versions, report, wide=True),
    ]
    assert all("\x1b" not in text and "\u202e" not in text and "evil" in text for text in texts)


def test_one_machine_in_full() -> None:
    item = machine(
        enforces="behind",
        revision=2,
        versions={"host": "1"},
        started_at=NOW - dt.timedelta(hours=5),
        last_exit="signal 9",
        crashes=2,
        channels={"telegram": "down"},
    )
    found = InstanceDetail(
        instance=item,
        wanted="sha256:" + "b" * 64,
        wanted_revision=3,
        acknowledged_since=NOW,
        misses=(miss(state="in-grace", until=NOW),),
        events=1_234,
    )
    shown = printed(lambda printer: show_instance(found, NOW, printer))
    assert "enforces    behind, at revision 2 sha256:aaaaaaaaaaaa since 2026-11-20T12:00:00Z\n" in shown
    assert "should      revision 3, sha256:bbbbbbbbbbbb\n" in shown
    assert "host in-grace, blocked from 2026-11-20T12:00:00Z by VersionTarget/v: update openclaw to 2\n" in shown
    assert "credential  40 days old\n" in shown
    assert "runs        since 2026-11-20T07:00:00Z, 5 h\nlast exit   signal 9\n" in shown
    assert "crashes     2 within an hour\nchannels    telegram=down\n" in shown
    assert "events      1,234 uploaded\n" in shown


def test_the_sum_of_a_report() -> None:
    def end(**more: Any) -> str:
        report = VersionReport.model_validate({"org": "acme", "revision": 1, "at": NOW, **more}, by_name=True)
        return printed(show_versions, report).splitlines()[-1]

    counts = {"total": 1_200, "ok": 1_195, "blocked": 2, "in_grace": 3}
    assert end(counts={}) == "No machines."
    assert end(counts={"total": 1_200, "ok": 1_200}) == "1,200 machines, in range."
    assert end(counts=counts, offenders=5) == "5 of 1,200 machines out of range: 2 blocked, 3 in grace."
    assert end(counts=counts, offenders=5, plan="plan-x", falling=4, newly_blocked=1) == (
        "4 of 1,200 machines would fall out of range, 1 of them blocked at once. Afterwards: 2 blocked, 3 in grace."
    )
    assert end(counts=counts, offenders=5, plan="plan-x") == (
        "Nobody would fall out of range by this plan: 2 blocked, 3 in grace of 1,200 machines."
    )


def test_changes_are_told_once_and_by_machine() -> None:
    before = InstanceList(instances=(machine("a"), machine("b"), machine("c", status="stale")))
    after = InstanceList(instances=(machine("a"), machine("c", versions={"host": "2"}, revision=4), machine("d")))
    assert fleet_changes(before, before) == ()
    assert fleet_changes(before, after) == (
        FleetChange("c", "status", "stale", "online"),
        FleetChange("c", "revision", "3", "4"),
        FleetChange("c", "host version", None, "2"),
        FleetChange("d", "state", None, "active"),
        FleetChange("b", "state", "active", None),
    )


class Plane:
    """Answers one after the other; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def instances(self, select: Any = ()) -> InstanceList:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: InstanceList = answer
        return found


def test_a_control_plane_that_is_away_for_a_while_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    waits: list[float] = []
    away = UnavailableError("It is away.", retry_after=9.0)
    answers = Plane(
        InstanceList(instances=(machine("a"),)), away, away, InstanceList(instances=()), ForbiddenError("No.")
    )
    client: Any = answers
    with pytest.raises(ForbiddenError):
        show_looks(looks(client, [], 2.0, waits.append))
    out, err = capsys.readouterr()
    first, gone = out.splitlines()
    assert first.startswith("a  active")
    assert gone.endswith("Z  a  is not in the selection any more")
    assert err.count("Asking again.") == 2
    assert waits == [2.0, 9.0, 18.0, 2.0]


def test_the_first_look_must_succeed() -> None:
    client: Any = Plane(UnavailableError("It is away."))
    with pytest.raises(UnavailableError):
        next(looks(client, [], 2.0))


def test_the_screen_fits_and_says_what_needs_somebody() -> None:
    status = OrgStatus.model_validate(
        {
            "org": "acme",
            "version": "1.0",
            "at": NOW,
            "revision": {"number": 42, "created_at": NOW, "actor": EVIL, "source": "s", "commit": "a" * 40},
            "plans": (),
            "fleet": {"total": 1_200, "online": 1_190, "stale": 8, "offline": 2, "enforcing": 1_198, "quarantined": 1},
            "versions": {"total": 1_200, "ok": 1_195, "blocked": 2, "in_grace": 3},
            "log": {"records": 45_210},
        },
        by_name=True,
    )
    shown = printed(lambda printer: show_status(status, concerns(status), "https://clawforge.acme.example", printer))
    assert "\x1b" not in shown
    assert all(len(line) <= 80 for line in shown.replace("\\u{001b}", "").splitlines())
    assert "machines   1,200: 1,190 online, 8 stale, 2 offline\n" in shown
    assert "enforcing  1,198 of 1,199\n" in shown
    assert "versions   1,195 in range, 2 blocked, 3 in grace\n" in shown
    assert "stopped    1 in quarantine\nwaiting    nothing\nlog        45,210 records, no checkpoint yet\n" in shown
    assert "Needs somebody:\n  1 machine is in quarantine: `clawforge fleet list --state quarantined`\n" in shown


def test_what_an_old_plugin_does_not_do_is_said_wherever_one_looks_at_it() -> None:
    plugin = machine(protocol="plugin", acknowledged=None, enforces="unacknowledged")
    lists = printed(show_instances, InstanceList(instances=(plugin,)), wide=True)
    detail = InstanceDetail(instance=plugin, wanted="sha256:" + "b" * 64, wanted_revision=3)
    for text in (lists, printed(lambda printer: show_instance(detail, NOW, printer))):
        assert "DLP is not enforced there, ask becomes deny" in text
        assert "enforces nothing" not in text
