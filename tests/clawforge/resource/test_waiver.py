"""A waiver must say what, why and until when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clawforge.load.resource import parse_resource
from clawforge.resource.registry import canonical_resource
from clawforge.resource.waiver import Waiver

SPEC = {"rule": "no-base", "resource": "User/ada", "reason": "on leave", "expires": "2027-01-31"}


def waiver(**changes: Any) -> Any:
    spec = {name: value for name, value in {**SPEC, **changes}.items() if value is not ...}
    return parse_resource(
        {"apiVersion": "clawforge/v1", "kind": "Waiver", "metadata": {"name": "w"}, "spec": spec},
    )


@pytest.mark.parametrize(
    ("expires", "ends", "written"),
    [
        ("2027-01-31", dt.datetime(2027, 2, 1, tzinfo=dt.UTC), "2027-01-31"),
        ("2027-01-31T00:00:00Z", dt.datetime(2027, 1, 31, tzinfo=dt.UTC), "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00+02:00", dt.datetime(2027, 1, 31, 10, tzinfo=dt.UTC), "2027-01-31T10:00:00Z"),
        ("9999-12-31", dt.datetime(9999, 12, 31, tzinfo=dt.UTC), "9999-12-31"),
    ],
)
def test_a_day_counts_to_its_end_and_a_moment_is_one(expires: str, ends: dt.datetime, written: str) -> None:
    parsed = waiver(expires=expires)
    assert isinstance(parsed, Waiver)
    assert parsed.spec.ends == ends
    body = canonical_resource(parsed)
    assert body["spec"]["expires"] == written
    assert parse_resource(body) == parsed


@pytest.mark.parametrize(
    "changes",
    [
        {"rule": ...},
        {"resource": ...},
        {"reason": ...},
        {"expires": ...},
        {"reason": ""},
        {"reason": " \n"},
        {"expires": "2027-01-31T00:00:00"},
        {"expires": "2027-02-30"},
        {"expires": 5},
        {"expires": None},
        {"resource": "ada"},
        {"resource": "User/"},
        {"pointer": "spec"},
        {"rule": "No Base"},
        {"until": "2027-01-31"},
    ],
)
def test_what_is_refused(changes: dict[str, Any]) -> None:
    problems = waiver(**changes)
    assert isinstance(problems, list)
    assert problems[0].hint
