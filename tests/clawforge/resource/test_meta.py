from __future__ import annotations

import pytest

from clawforge.resource.meta import Ref, parse_duration


@pytest.mark.parametrize("text", ["Policy/x\n", "Policy/", "/x", "Policy/X", "Policy", "Po licy/x"])
def test_an_address_is_nothing_but_a_kind_and_a_name(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Ref.parse(text)


@pytest.mark.parametrize("text", ["5m\n", "", "m", "5", "5m 1s", "1s5m"])
def test_a_duration_is_nothing_but_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
