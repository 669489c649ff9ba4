from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from clawforge.resource.meta import DAY_PATTERN, INSTANT_PATTERN, Day, Instant, Ref, format_instant, parse_duration

INSTANTS: TypeAdapter[dt.datetime] = TypeAdapter(Instant)
DAYS: TypeAdapter[dt.date] = TypeAdapter(Day)


def read(adapter: TypeAdapter[Any], text: str) -> Any:
    """As the loader reads it; the type of the error if that fails."""
    try:
        return adapter.validate_json(json.dumps(text), strict=True)
    except ValidationError as error:
        return error.errors()[0]["type"]


@pytest.mark.parametrize("text", ["Policy/x\n", "Policy/", "/x", "Policy/X", "Policy", "Po licy/x"])
def test_an_address_is_nothing_but_a_kind_and_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Ref.parse(text)


@pytest.mark.parametrize("text", ["5m\n", "", "m", "5", "5m 1s", "1s5m"])
def test_a_duration_is_nothing_but_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("2026-11-20t10:00:00z", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00.5+05:30", "2026-11-20T04:30:00.500000Z"),
        ("2026-11-20T10:00:00", "timezone_aware"),
        # Seconds since 1970, as a text or cut short, are not what a person sees in a file.
        ("1700000000", "datetime_parsing"),
        ("2026-11-20T10:00Z", "datetime_parsing"),
        ("2026-11-20_10:00:00Z", "datetime_parsing"),
        # RFC 3339 has a note that allows the space, but not its grammar: readers of `format: date-time` refuse it.
        ("2026-11-20 10:00:00Z", "datetime_parsing"),
        ("2026-11-20", "datetime_parsing"),
        ("2026-02-30T10:00:00Z", "datetime_parsing"),
        ("2026-11-20T10:00:00Z\n", "datetime_parsing"),
        ("0001-01-01T00:00:00+01:00", "datetime_parsing"),
        ("9999-12-31T23:59:59-01:00", "datetime_parsing"),
        ("\uff12026-11-20T10:00:00Z", "datetime_parsing"),
    ],
)
def test_a_moment_is_written_as_rfc_3339_says(text: str, expected: str) -> None:
    found = read(INSTANTS, text)
    assert (format_instant(found) if isinstance(found, dt.datetime) else found) == expected


@pytest.mark.parametrize("text", ["1700006400", "2026-11-20T00:00:00", "2026-02-30", "20261120", "2026-11-20\n"])
def test_a_day_is_nothing_but_a_day(text: str) -> None:
    assert read(DAYS, text) == "date_parsing"
    assert read(DAYS, "2026-11-20") == dt.date(2026, 11, 20)


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_every_moment_is_read_back(moment: dt.datetime) -> None:
    text = format_instant(moment)
    assert re.search(INSTANT_PATTERN, text)
    assert read(INSTANTS, text) == moment
    assert re.search(DAY_PATTERN, moment.date().isoformat())
    assert read(DAYS, moment.date().isoformat()) == moment.date()
