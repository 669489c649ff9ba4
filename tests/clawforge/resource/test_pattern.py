"""What may stand in a policy as a pattern, to the last character."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clawforge.resource.meta import Ref, parse_duration
from clawforge.resource.pattern import check_domain, check_name_pattern


@pytest.mark.parametrize(
    ("check", "text"),
    [(check_name_pattern, "exec"), (check_domain, "example.com"), (parse_duration, "5m"), (Ref.parse, "Policy/a")],
)
def test_a_line_break_at_the_end_is_refused(check: Callable[[str], object], text: str) -> None:
    """It would be invisible in a review, and the pattern would match nothing."""
    check(text)
    with pytest.raises(ValueError, match=r"is not|not a duration"):
        check(f"{text}\n")


def test_digits_of_other_scripts_are_no_duration() -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration("\N{ARABIC-INDIC DIGIT FIVE}m")
