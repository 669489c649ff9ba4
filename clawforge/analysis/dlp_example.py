"""A text that a DLP rule finds: the example that makes clear what a rule stops."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from clawforge.effective import EffectiveDlpRule

_MOST_TEXTS = 256
_MOST_CHARACTERS = 32_768
"""Texts and characters that are scanned for one rule."""
_MOST_KEYWORDS = 3


def example_text(rule: EffectiveDlpRule) -> str | None:
    """A text in which the scanner finds what the rule looks for, made up and short; None if none was found.

    None says nothing about the rule: what its pattern finds may be too long or too intricate to be made up here. What a
    detector's text holds is obviously fake, but as valid as the real thing.
    """
    return _example(rule.detector, rule.pattern, rule.keywords)


@lru_cache(maxsize=1024)
def _example(detector: str | None, pattern: str | None, keywords: tuple[str, ...]) -> str | None:
    from clawforge.decide.dlp.engine import Scanner, ScanRule

    try:
        scanner = Scanner([ScanRule("example", detector=detector, pattern=pattern, keywords=keywords)])
        texts = _of_detector(detector) if detector is not None else _of_pattern(pattern or "", keywords)
        left = _MOST_CHARACTERS
        for _, text in zip(range(_MOST_TEXTS), _with_keyword(texts, keywords), strict=False):
            left -= len(text)
            if left < 0:
                return None
            if scanner.scan(text):
                return text
    except ValueError:
        pass  # an unknown detector, or a pattern that RE2 or our reader does not take
    return None


def _of_detector(name: str) -> Iterator[str]:
    from clawforge.decide.dlp.registry import detector_named

    yield from detector_named(name).good


def _of_pattern(pattern: str, keywords: tuple[str, ...]) -> Iterator[str]:
    from clawforge.analysis.re2_syntax import read_pattern
    from clawforge.analysis.re2_text import texts_for

    yield from texts_for(read_pattern(pattern), keywords[:_MOST_KEYWORDS])


def _with_keyword(texts: Iterator[str], keywords: tuple[str, ...]) -> Iterator[str]:
    """Each text as it is, and with a keyword before and after it, on the same line and on one of its own."""
    for text in texts:
        yield text
        for keyword in keywords[:_MOST_KEYWORDS]:
            yield f"{keyword} {text}"
            yield f"{text} {keyword}"
            yield f"{keyword}\n{text}"
            yield f"{text}\n{keyword}"
