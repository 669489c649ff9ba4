"""Texts that DLP rules find: never one that is not found, and found quickly or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.analysis.dlp_example import example_text
from clawforge.decide.dlp.engine import Scanner, ScanRule
from clawforge.decide.dlp.pattern import compile_pattern
from clawforge.decide.dlp.registry import DETECTORS
from clawforge.effective import EffectiveDlpRule
from clawforge.resource.dlp_rule_set import DlpAction, DlpSeverity

LITERALS = ("a", "Z", "7", "_", " ", "-", "\\.", "\\n", "é", "\\x{5361}", "\\x41", "\\Qa.b\\E", "{", "x{,2}")
CLASSES = (
    *("[a-c]", "[^a-c]", "[]x-]", "[^\\d\\n]", "[[:alpha:]]", "[[:^word:]]", "[\\w-]", "[\\x{3b1}-\\x{3c9}]"),
    *("\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\pL", "\\PN", "\\p{Greek}", "\\p{^Lu}", ".", "(?s:.)"),
)
EDGES = ("^", "$", "\\b", "\\B", "\\A", "\\z", "(?m:^)", "(?m:$)")
REPEATS = ("*", "+", "?", "{2}", "{0,3}", "{1,}", "*?", "{2,5}?")
GROUPS = ("({})", "(?:{})", "(?i:{})", "(?P<n>{})", "(?s-i:{})")


def patterns(leaves: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Patterns in RE2 syntax; some match the empty text, which no rule may."""
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map("".join),
            st.lists(inner, min_size=2, max_size=3).map("|".join).map("(?:{})".format),
            st.builds(lambda item, repeat: f"(?:{item}){repeat}", inner, st.sampled_from(REPEATS)),
            st.builds(lambda item, group: group.format(item.replace("?P<n>", "")), inner, st.sampled_from(GROUPS)),
            st.builds("(?i){}".format, inner),
        ),
        max_leaves=8,
    )


KEYWORDS = st.lists(st.sampled_from(("pin", "Konto", "ü", "7")), max_size=2, unique=True).map(tuple)


def rule(pattern: str | None = None, detector: str | None = None, keywords: tuple[str, ...] = ()) -> EffectiveDlpRule:
    return EffectiveDlpRule(
        resource="DlpRuleSet/x",
        id="x",
        pattern=pattern,
        detector=detector,
        keywords=keywords,
        action=DlpAction.BLOCK,
        severity=DlpSeverity.HIGH,
    )


def accepted(pattern: str) -> bool:
    try:
        compile_pattern(pattern)
    except ValueError:
        return False
    return True


@given(patterns((*LITERALS, *CLASSES, *EDGES)), KEYWORDS)
@settings(max_examples=400, deadline=None)
def test_what_is_answered_is_found(pattern: str, keywords: tuple[str, ...]) -> None:
    text = example_text(rule(pattern, keywords=keywords))
    if text is not None:
        assert compile_pattern(pattern).search(text.encode()) is not None
        assert not keywords or any(word.encode().lower() in text.encode().lower() for word in keywords)


@given(patterns((*LITERALS, *CLASSES)).filter(accepted), KEYWORDS)
@settings(max_examples=400, deadline=None)
def test_a_pattern_without_edges_always_has_an_example(pattern: str, keywords: tuple[str, ...]) -> None:
    assert example_text(rule(pattern, keywords=keywords)) is not None


@given(st.text(min_size=1, max_size=40))
@settings(deadline=None)
def test_no_text_breaks_it(pattern: str) -> None:
    text = example_text(rule(pattern))
    assert text is None or compile_pattern(pattern).search(text.encode()) is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bAC-[0-9]{6}-[0-9]\b", "AC-123456-1"),
        (r"\d{3}-\d{2}-\d{4}", "123-12-1234"),
        (r"(?i)password\s*[:=]\s*\S+", "password:a"),
        (r"^x$", "x"),
        (r"\Bx", "ax"),
        (r"[^a]\b[^a]", "b "),
        (r"a\bb|c", "c"),
        (r"\p{Han}", "\u3400"),
        (r"[\x{1F600}-\x{1F64F}]", "\U0001f600"),
        (r"(?m)x$\ny", "x\ny"),
        (r"\B-\B", "-"),
        (r"\x{e9}\Q*\E+", "é*"),
    ],
)
def test_examples_are_short_and_readable(pattern: str, text: str) -> None:
    assert example_text(rule(pattern)) == text


@pytest.mark.parametrize(
    ("pattern", "keyword", "text"),
    [
        (r"\d{8}", "pin", "pin 12345678"),
        (r"abc\z", "pin", "pin abc"),
        (r"^abc\b", "pin", "abc pin"),
        (r"^pass.*$", "secret", "pass secret"),
        (r"^\w{8}$", "Pin", "Pinabcde"),
        (r"(?:pin|pass)=\d", "PASS", "PASS pin=1"),
        (r"^(?:pin|pass)=\d$", "PASS", "pass=1"),
        (r"(?m)^abc$", "pin", "pin\nabc"),
    ],
)
def test_a_keyword_is_put_where_it_fits(pattern: str, keyword: str, text: str) -> None:
    assert example_text(rule(pattern, keywords=(keyword,))) == text


@pytest.mark.parametrize("detector", [detector.id for detector in DETECTORS])
@pytest.mark.parametrize("keywords", [(), ("prod", "test")])
def test_every_detector_has_an_example(detector: str, keywords: tuple[str, ...]) -> None:
    text = example_text(rule(detector=detector, keywords=keywords))
    assert text is not None
    assert Scanner([ScanRule("x", detector=detector, keywords=keywords)]).scan(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a{1,1000}){1,1000}",
        "(?:(?:a{10}){10}){10}",
        "(?:(?:(?:a?){10}){10}){10}b",
        "(?:" * 200 + "a" + ")" * 200,
        "(?:" * 900 + "a" + ")?" * 900 + "b",
        "(?:a|" * 40 + "b" + ")" * 40,
        "(?:a*b?){1000}c" * 20,
        "(?:\\b|a){1000}" + "b\\Bc" * 50 + "\\b-",
        "[^" + "a" * 2000 + "\\x00-\\x{10FFFF}]|b",
        "|".join(f"[^\\x00-\\x{{10FFFF}}{index}]" for index in range(150)) + "|b",
        "x{1000}" * 500,
        "\\b\\B" * 500 + "a",
        "((((" * 10 + ".*" + ")*)*)*)*" * 10 + "z",
    ],
)
def test_the_work_is_bounded(pattern: str) -> None:
    """They end, which is all that is asked of them; the limit is that of the test run."""
    text = example_text(rule(pattern))
    assert text is None or compile_pattern(pattern).search(text.encode()) is not None


@pytest.mark.parametrize(
    "given_rule",
    [
        rule(pattern="(?=a)"),
        rule(pattern="a*"),
        rule(pattern="(a"),
        rule(detector="nobody-knows-it"),
        rule(),
        rule(pattern=r"^\d+$", keywords=("abc",)),
        rule(pattern=r"a\bb"),
    ],
)
def test_what_cannot_be_made_up_has_none(given_rule: EffectiveDlpRule) -> None:
    assert example_text(given_rule) is None
