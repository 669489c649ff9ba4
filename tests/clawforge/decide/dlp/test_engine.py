"""The scanner: offsets, order, gates, and patterns that people write."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.dlp.engine import RuleMatch, Scanner, ScanRule
from clawforge.decide.dlp.pattern import compile_pattern
from clawforge.decide.dlp.registry import DETECTORS

KEY = "AKIA" + "Q3EGRWL" + "6T7YVZ2XK"
RULES = [
    *(ScanRule(detector.id, detector=detector.id) for detector in DETECTORS),
    ScanRule("again", detector="credit-card"),
    ScanRule("word", pattern=r"caf\x{e9}|na\x{ef}ve"),
    ScanRule("emoji", pattern=r"[\x{1F600}-\x{1F64F}]+"),
    ScanRule("ticket", pattern="T-[0-9]+", keywords=("t-", "ticket")),
]
ALPHABET = "aAT-019 \n\u00e9\u5361\U0001f600\U0001f64f\ud800"
PIECES = st.sampled_from(
    [text for detector in DETECTORS for text in (*detector.good, *detector.bad)] + ["T-42", "caf\u00e9"]
)
TEXTS = st.lists(PIECES | st.text(ALPHABET, max_size=6), max_size=6).map("".join)


@given(TEXTS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_rules_changes_nothing(text: str, random: Random) -> None:
    shuffled = random.sample(RULES, len(RULES))
    assert Scanner(shuffled).scan(text) == Scanner(RULES).scan(text)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_rules_do_not_see_one_another(text: str) -> None:
    together = Scanner(RULES).scan(text)
    alone = [match for rule in RULES for match in Scanner([rule]).scan(text)]
    assert together == sorted(alone, key=lambda match: (match.start, match.end, match.rule_id))


@given(st.text(ALPHABET, max_size=30), st.lists(st.sampled_from(["caf\u00e9", "\U0001f600", "T-1"]), max_size=4))
@settings(deadline=None)
def test_offsets_slice_to_the_matched_text(filler: str, words: list[str]) -> None:
    text = filler.join(["", *words, ""])
    clean = re.sub("[\ud800-\udfff]", "\ufffd", text)
    for rule_id, pattern in {
        "word": "caf\u00e9",
        "emoji": "[\U0001f600-\U0001f64f]+",
        "ticket": "T-[0-9]+",
    }.items():
        spans = [(match.start, match.end) for match in Scanner(RULES).scan(text) if match.rule_id == rule_id]
        assert spans == [match.span() for match in re.finditer(pattern, clean)]


def test_two_rules_of_one_detector_both_find() -> None:
    visa = "4111" + "1111" * 3
    found = Scanner([ScanRule("a", detector="credit-card"), ScanRule("b", detector="credit-card")]).scan(visa)
    assert found == [RuleMatch(0, 16, "a", "credit-card"), RuleMatch(0, 16, "b", "credit-card")]


def test_a_pattern_is_called_by_its_label() -> None:
    rules = [
        ScanRule("DlpRuleSet/a/p", pattern="x", label="p"),
        ScanRule("DlpRuleSet/b/p", pattern="x", label="p"),
    ]
    assert [(match.rule_id, match.detector) for match in Scanner(rules).scan("x")] == [
        ("DlpRuleSet/a/p", "p"),
        ("DlpRuleSet/b/p", "p"),
    ]


def test_rules_apply_to_their_tools() -> None:
    rule = ScanRule("p", pattern="x", tools=("exec", "web_*"))
    scanner = Scanner([rule])
    assert [tool for tool in ("exec", "exec2", "web_fetch", "web_", "web", "read") if scanner.scan("x", tool)] == [
        "exec",
        "web_fetch",
        "web_",
    ]
    assert scanner.scan("x"), "without a tool every rule applies"
    assert Scanner([ScanRule("p", pattern="x")]).scan("x", "anything")


@pytest.mark.parametrize(
    ("keyword", "text", "opens"),
    [
        ("pin", "1 PIN", True),
        ("PIN", "1 pin", True),
        ("pin", "1 p\u0130n", False),
        ("kelvin", "1 \u212aelvin", False),
        ("schl\u00fcssel", "1 Schl\u00fcssel", True),
        ("schl\u00fcssel", "1 SCHL\u00dcSSEL", False),
        ("pin", "1 spinning", True),
        ("pin", "1", False),
    ],
)
def test_the_gate_folds_ascii_case_only(keyword: str, text: str, opens: bool) -> None:
    assert bool(Scanner([ScanRule("p", pattern="1", keywords=(keyword,))]).scan(text)) is opens


def test_a_rule_narrows_its_detector_by_keywords() -> None:
    scanner = Scanner([ScanRule("p", detector="aws-access-key", keywords=("prod",))])
    assert not scanner.scan(KEY)
    assert scanner.scan(f"PROD {KEY}")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([{"id": "p"}], "either a detector or a pattern"),
        ([{"id": "p", "pattern": "x", "detector": "credit-card"}], "either a detector or a pattern"),
        ([{"id": "p", "pattern": "x", "tools": ("group:fs",)}], "tool group"),
        ([{"id": "p", "pattern": "x", "keywords": ("",)}], "empty keyword"),
        ([{"id": "p", "detector": "nope"}], "no detector is called 'nope'"),
        ([{"id": "p", "pattern": "(?=x)"}], "RE2"),
        ([{"id": "p", "pattern": "x"}, {"id": "p", "pattern": "y"}], "same id"),
    ],
)
def test_rules_that_would_find_something_else_are_refused(rules: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scanner([ScanRule(**rule) for rule in rules])


def test_a_scanner_serves_many_threads() -> None:
    scanner = Scanner(RULES)
    text = f"\u00e9 {KEY} " * 50
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(scanner.scan, [text] * 64))
    assert all(result == results[0] for result in results)
    assert len(results[0]) == 50


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(?=a)b", r"`\(\?=`: no lookahead"),
        ("(?<!a)b", "no lookahead, no lookbehind"),
        ("(?>a)b", "no atomic group"),
        (r"(a)\1", "no backreferences"),
        ("a{1001}", "not a valid RE2 pattern: invalid repetition size"),
        ("(a", "not a valid RE2 pattern: missing"),
        ("[z-a]", "not a valid RE2 pattern"),
        (r"((a{100}){100}){100}", "not a valid RE2 pattern|too large"),
        (r"(?:\pL{500}){2}", "too large"),
        (r"a\Cb", "half a character"),
        ("\ud800", "not valid Unicode"),
    ],
)
def test_patterns_that_re2_cannot_run_are_refused_in_words(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "a*",
        "a?b*",
        "^",
        "$",
        r"\b",
        r"\B",
        r"\A\z",
        "(?m)^$",
        "a|",
        "(a|b*)",
        r"x*\b",
        r"\w*\B",
        "(?m)$",
        r"\w|\b",
        "()",
    ],
)
def test_patterns_that_match_nothing_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="empty string"):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["a", "^a", r"\bx\b", "a+", "(?i)secret", r"\\C", r"\x{1F600}", ".", r"^\b\B|a"])
def test_other_patterns_are_accepted(pattern: str) -> None:
    compile_pattern(pattern)


@given(
    st.lists(
        st.sampled_from(["a", "b", "^", "$", r"\b", r"\B", "*", "?", "+", "|", "(", ")", r"\A", r"\z"]),
        max_size=6,
    )
)
@settings(deadline=None)
def test_an_accepted_pattern_never_matches_nothing(parts: list[str]) -> None:
    """Against brute force: every short text over the characters that assertions tell apart."""
    try:
        compiled = compile_pattern("".join(parts))
    except ValueError:
        return
    for text in (x + y + z for x in ("", "a", " ", "\n") for y in ("", "b", " ", "\n") for z in ("", "a", " ", "\n")):
        assert all(match.end() > match.start() for match in compiled.finditer(text.encode()))


def test_patterns_that_hang_other_engines_do_not_hang_this_one() -> None:
    assert Scanner([ScanRule("p", pattern="(?:a+)+$")]).scan("a" * 50_000 + "!") == []
