"""`--at` and `--until`: what may be written, and which moment a day means."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.errors import InputError
from clawforge.load.project import Project, load_project
from clawforge.resource.meta import format_instant
from clawforge_cli.look_ahead import Horizon, first_moment, in_words, last_moment, outlook, parse_horizon

NOW = dt.datetime(2026, 11, 20, 10, 0, 0, 250_000, tzinfo=dt.UTC)
FILES = """\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {timezone: America/New_York}
---
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: pdf}
spec:
  appliesTo: everyone
  key: pdf-tools
  status: approved
  reviewBy: 2026-11-30
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    (tmp_path / "x.yaml").write_text(FILES)
    return load_project(tmp_path)


@pytest.mark.parametrize(
    ("text", "horizon", "words"),
    [
        ("30d", NOW + dt.timedelta(days=30), "2026-12-20T10:00:00Z"),
        ("1h30m", NOW + dt.timedelta(minutes=90), "2026-11-20T11:30:00Z"),
        ("2026-12-01", dt.date(2026, 12, 1), "2026-12-01"),
        ("2026-12-01T18:00:00+01:00", dt.datetime(2026, 12, 1, 17, tzinfo=dt.UTC), "2026-12-01T17:00:00Z"),
        ("2026-12-01T18:00:00Z", dt.datetime(2026, 12, 1, 18, tzinfo=dt.UTC), "2026-12-01T18:00:00Z"),
        ("2026-12-01T18:00", dt.datetime(2026, 12, 1, 18, tzinfo=dt.UTC), "2026-12-01T18:00:00Z"),
    ],
)
def test_what_may_be_written(text: str, horizon: Horizon, words: str) -> None:
    read = parse_horizon(text, NOW)
    assert (read, type(read)) == (horizon, type(horizon))
    assert in_words(read) == words


@pytest.mark.parametrize(
    "text", ["", "d", "soon", "30", "30x", "3000000d", "2026-13-01", "2026-12-1", "0001-01-01T00Z+1"]
)
def test_what_may_not(text: str) -> None:
    with pytest.raises(InputError, match="is no time to look ahead to"):
        parse_horizon(text, NOW)


def test_the_extremes_of_the_calendar_are_refused_in_words(project: Project) -> None:
    with pytest.raises(InputError, match="is no time to look ahead to"):
        parse_horizon("0001-01-01T00:00:00+05:00", NOW)
    for text in ("9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z"):
        with pytest.raises(InputError, match="more than a hundred years away"):
            last_moment(parse_horizon(text, NOW), project, NOW)


def test_a_day_is_one_in_the_zone_of_the_org(project: Project) -> None:
    day = dt.date(2026, 12, 1)
    assert format_instant(first_moment(day, project, NOW)) == "2026-12-01T05:00:00Z"
    assert format_instant(last_moment(day, project, NOW)) == "2026-12-02T04:59:59.999999Z"


def test_only_what_lies_ahead(project: Project) -> None:
    today = NOW.date()
    assert last_moment(today, project, NOW) > NOW
    for horizon in (today, NOW, NOW - dt.timedelta(seconds=1)):
        with pytest.raises(InputError, match="does not lie ahead"):
            first_moment(horizon, project, NOW)
    assert first_moment(NOW + dt.timedelta.resolution, project, NOW) > NOW


def test_the_day_after_the_last_day_of_an_approval_begins_without_it(project: Project) -> None:
    day = dt.date(2026, 12, 1)
    found = outlook(project, day, NOW, first_moment(day, project, NOW))
    assert found.until == "2026-12-01"
    assert [(item.address, item.file, item.line) for item in found.items] == [("SkillApproval/pdf", "x.yaml", 13)]
    before = first_moment(day, project, NOW) - dt.timedelta.resolution
    assert outlook(project, day, NOW, before).items == ()
