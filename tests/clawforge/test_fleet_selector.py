"""Selectors choose the machines that they say, and refuse what they do not understand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.errors import InputError
from clawforge.fleet_selector import Candidate, fits, parse_selector

ANN = Candidate(
    {
        "instance": frozenset({"lap-7"}),
        "user": frozenset({"ann", "ann@acme.example"}),
        "group": frozenset({"eng", "berlin"}),
        "host": frozenset({"openclaw"}),
        "state": frozenset({"active"}),
        "status": frozenset({"stale"}),
        "enforces": frozenset({"behind"}),
        "versions": frozenset({"in-grace"}),
    },
    {"env": "prod"},
    {"host": "2026.9.1", "plugin": "odd"},
)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("user=ann", True),
        ("user=ann@acme.example", True),
        ("user!=ann", False),
        ("user=bob|ann", True),
        ("user!=bob|ann", False),
        ("instance=lap-*", True),
        ("instance=*", True),
        ("group=eng,tag:env=prod", True),
        ("group=eng,tag:env=test", False),
        ("group!=eng", False),
        ("group!=ops", True),
        ("tag:env!=test", True),
        ("tag:site=x", False),
        ("tag:site!=x", True),
        ("state=active", True),
        ("status=stale|offline", True),
        ("enforces=behind", True),
        ("versions!=ok", True),
        ("version:host<2026.9", False),
        ("version:host<2026.9.2", True),
        ("version:host <= 2026.9.1", True),
        ("version:host>2026.9.1-beta.1", True),
        ("version:host=2026.9.1", True),
        ("version:host!=2026.9.1", False),
        ("version:host=2026.9.*", True),
        ("version:runtime<99", False),
        ("version:runtime>=0", False),
        ("version:runtime=unknown", True),
        ("version:host=unknown", False),
        ("version:plugin<1", False),
        ("version:plugin=odd", True),
    ],
)
def test_what_fits(text: str, chosen: bool) -> None:
    assert fits(parse_selector([text]), ANN) is chosen


def test_several_texts_must_all_hold_and_none_chooses_everybody() -> None:
    assert fits(parse_selector([]), ANN)
    assert not fits(parse_selector(["user=ann", "status=online"]), ANN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user",
        "user=",
        "=ann",
        "user=ann,",
        "usr=ann",
        "user<ann",
        "tag=env",
        "user:x=ann",
        "state=asleep",
        "status=stale|",
        "version:hosts<1",
        "version:host<new",
        "version<1",
        ",".join(["user=a"] * 65),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_selector([text])
    assert caught.value.code == "bad-selector"
    assert caught.value.hint or "conditions" in caught.value.message or "version" in caught.value.message


@given(st.text(max_size=80))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    try:
        selector = parse_selector([text])
    except InputError:
        return
    fits(selector, ANN)
