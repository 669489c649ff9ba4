"""Walking parameters and redacting them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.dlp.engine import Scanner, ScanRule
from clawforge.decide.dlp.redact import redact, redact_text
from clawforge.decide.dlp.registry import DETECTORS
from clawforge.decide.dlp.scan_params import DEFAULT_LIMITS, ParamMatch, ScanLimits, scan_params

SCANNER = Scanner(
    [
        *(ScanRule(detector.id, detector=detector.id) for detector in DETECTORS),
        ScanRule("employee", pattern="EMP[0-9]{4}"),
        ScanRule("staff", pattern="P[0-9]{6}"),
        ScanRule("project", pattern=r"(?i)blue\s*bird"),
    ]
)
TOKENS = [
    *(text for detector in DETECTORS for text in detector.good),
    "EMP123456",
    "Blue  bird",
    "P123456",
    "a/b~c",
]
STRINGS = st.lists(st.sampled_from(TOKENS) | st.text("aE4 -\n\u00e9\U0001f600", max_size=5), max_size=4).map(" ".join)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS | st.just(4111111111111111)
PARAMS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=8,
)


def at(params: Any, pointer: str, in_name: bool) -> str:
    """The text that a finding is in, found by RFC 6901."""
    token = ""
    for token in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]):
        params = params[int(token)] if isinstance(params, list) else params[token]
    if in_name:
        return token
    return params if isinstance(params, str) else str(int(params))


@given(PARAMS)
@settings(max_examples=150, deadline=None)
def test_redaction_leaves_nothing_to_find(params: Any) -> None:
    scan = scan_params(SCANNER, params, "exec")
    assert not scan.truncated
    before = copy.deepcopy(params)
    redacted = redact(params, scan.matches)
    assert params == before
    assert scan_params(SCANNER, redacted, "exec").matches == ()
    if not scan.matches:
        assert redacted == params


@given(PARAMS)
@settings(max_examples=100, deadline=None)
def test_findings_point_to_what_was_found(params: Any) -> None:
    for match in scan_params(SCANNER, params, "exec").matches:
        text = at(params, match.pointer, match.in_name)
        assert (match.start, match.end, match.rule_id) in {
            (found.start, found.end, found.rule_id) for found in SCANNER.scan(text)
        }


@given(PARAMS)
@settings(max_examples=100, deadline=None)
def test_redaction_keeps_the_shape(params: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [shape(member) for member in value.values()]
        return [shape(item) for item in value] if isinstance(value, list) else None

    assert shape(redact(params, scan_params(SCANNER, params, "exec").matches)) == shape(params)


def test_redacted_parameters_share_nothing_with_the_input() -> None:
    params: Any = {"a": ["x"], "b": {}}
    redacted: Any = redact(params, ())
    redacted["a"].append("y")
    redacted["b"]["z"] = 1
    assert params == {"a": ["x"], "b": {}}


def test_the_order_of_findings_does_not_matter() -> None:
    params: Any = {"t": "EMP123456 Blue bird EMP999999"}
    matches = scan_params(SCANNER, params, "exec").matches
    assert len(matches) == 5
    assert redact(params, matches) == redact(params, matches[::-1])
    assert redact(params, matches) == {"t": "[REDACTED:employee,staff] [REDACTED:project] [REDACTED:employee,staff]"}


def test_a_finding_inside_of_another_adds_only_its_name() -> None:
    outer, inner = ParamMatch("", False, 0, 6, "r", "outer"), ParamMatch("", False, 2, 4, "r", "inner")
    assert redact_text("abcdefgh", [inner, outer]) == "[REDACTED:inner,outer]gh"


def test_a_name_comes_before_its_value() -> None:
    scan = scan_params(SCANNER, {"EMP1111": "EMP2222"}, "exec")
    assert [(match.pointer, match.in_name) for match in scan.matches] == [
        ("/EMP1111", True),
        ("/EMP1111", False),
    ]


@pytest.mark.parametrize(
    ("pointer", "start", "end"),
    [("/b", 0, 1), ("/a/0", 0, 1), ("", 0, 1), ("/a", 0, 4), ("/a", -1, 1), ("/a", 2, 2)],
)
def test_a_finding_that_does_not_fit_is_refused(pointer: str, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="a finding"):
        redact({"a": "xyz"}, [ParamMatch(pointer, False, start, end, "r", "d")])


def test_text_is_redacted_by_code_points() -> None:
    match = ParamMatch("", False, 1, 3, "r", "d")
    assert redact_text("\U0001f600ab\u00e9", [match]) == "\U0001f600[REDACTED:d]\u00e9"


@pytest.mark.parametrize(
    "params",
    [
        {"t": "x" * (DEFAULT_LIMITS.characters + 1)},
        ["x"] * (DEFAULT_LIMITS.values + 1),
        {"x" * (DEFAULT_LIMITS.pointer + 1): ["y"]},
        {"n": 1 << 5000},
    ],
    ids=["characters", "values", "pointer", "integer"],
)
def test_what_is_over_a_limit_is_never_called_clean(params: Any) -> None:
    assert scan_params(SCANNER, params, "exec").truncated


def test_depth_beyond_any_recursion_limit_is_truncated_not_raised() -> None:
    params: Any = "EMP1234"
    for _ in range(5_000):
        params = [params]
    assert scan_params(SCANNER, params, "exec").truncated
    with pytest.raises(ValueError, match="nested too deeply"):
        redact(params, ())


def test_up_to_the_limits_everything_is_scanned() -> None:
    params: Any = "EMP1234"
    for _ in range(DEFAULT_LIMITS.depth):
        params = [params]
    scan = scan_params(SCANNER, params, "exec")
    assert not scan.truncated
    assert len(scan.matches) == 1
    exact = scan_params(SCANNER, {"ab": "EMP1234"}, "exec", ScanLimits(characters=9, values=2))
    assert not exact.truncated
    assert len(exact.matches) == 1
    assert scan_params(SCANNER, {"ab": "EMP1234"}, "exec", ScanLimits(characters=8, values=2)).truncated
