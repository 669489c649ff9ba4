from __future__ import annotations

from typing import Any

import orjson
import pytest

from clawforge.analysis.schedule_words import recurrence
from clawforge.resource.targeting import Schedule

SPAN = {"until": "2026-03-23T00:00:00Z"}


def words(*windows: dict[str, Any]) -> str:
    body = {"timezone": "Europe/Berlin", "windows": windows}
    return recurrence(Schedule.model_validate_json(orjson.dumps(body), strict=True))


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 18 * * *", "daily at 18:00 for 14h"),
        ("5 7 * * 1-5", "on Mon-Fri at 07:05 for 14h"),
        ("0 0 * * 6,0", "on Sat, Sun at 00:00 for 14h"),
        ("0 0 * * 7", "on Sun at 00:00 for 14h"),
        ("0 0 * * mon-fri", "on Mon-Fri at 00:00 for 14h"),
        ("0 0 * * 5L", "on `5L` at 00:00 for 14h"),
        ("*/15 * * * *", "by `*/15 * * * *` for 14h"),
        ("0 18  1 * *", "by `0 18 1 * *` for 14h"),
        ("0 8,18 * * *", "by `0 8,18 * * *` for 14h"),
    ],
)
def test_a_window_in_words(cron: str, expected: str) -> None:
    assert words({"cron": cron, "duration": "14h"}) == f"{expected} (Europe/Berlin)"


def test_several_windows() -> None:
    window = {"cron": "0 18 * * *", "duration": "1h"}
    assert words(window, SPAN, window) == "daily at 18:00 for 1h and daily at 18:00 for 1h (Europe/Berlin)"
    assert words(*[window] * 4) == "by 4 cron expressions (Europe/Berlin)"
    assert words(SPAN) == ""
