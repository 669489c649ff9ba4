"""Payment card numbers."""

from __future__ import annotations

import unicodedata

from clawforge.decide.dlp.checksum import luhn_valid
from clawforge.decide.dlp.detector import Detector, Span
from clawforge.decide.dlp.neighbour import has_neighbour

_SHORTEST, _LONGEST = 13, 19
_FIRST_GROUP, _MIDDLE_GROUP = 4, 3
_DIGIT = r"\p{Nd}"
# Space, no-break space, figure, thin and narrow no-break space; hyphen-minus, the Unicode dashes, minus sign.
_SEPARATOR = r"[ \x{a0}\x{2007}\x{2009}\x{202f}\-\x{2010}-\x{2015}\x{2212}]"

_FIFTEEN, _SIXTEEN = (15,), (16,)
_LONG = tuple(range(16, 20))
_DINERS = tuple(range(14, 20))
_MAESTRO = tuple(range(13, 20))

# First and last issuer prefix of a range, and the lengths that the network issues (ISO/IEC 7812
# registrations as the networks publish them). The leading digit of a prefix selects the rows to try.
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", _SIXTEEN),  # Mastercard
    ("2221", "2720", _SIXTEEN),
    ("34", "34", _FIFTEEN),  # American Express
    ("37", "37", _FIFTEEN),
    ("6011", "6011", _LONG),  # Discover
    ("644", "649", _LONG),
    ("65", "65", _LONG),
    ("3528", "3589", _LONG),  # JCB
    ("300", "305", _DINERS),  # Diners Club
    ("3095", "3095", _DINERS),
    ("36", "36", _DINERS),
    ("38", "39", _DINERS),
    ("62", "62", _LONG),  # UnionPay
    ("8100", "8171", _LONG),
    ("5018", "5018", _MAESTRO),  # Maestro
    ("5020", "5020", _MAESTRO),
    ("5038", "5038", _MAESTRO),
    ("5893", "5893", _MAESTRO),
    ("6304", "6304", _MAESTRO),
    ("6759", "6759", _MAESTRO),
    ("6761", "6763", _MAESTRO),
)
_BY_FIRST_DIGIT = {digit: tuple(row for row in _ISSUERS if row[0][0] <= digit <= row[1][0]) for digit in "0123456789"}


def issued_lengths(digits: str) -> tuple[int, ...]:
    """How long the numbers of this issuer are; empty if no network starts numbers like this."""
    for first, last, lengths in _BY_FIRST_DIGIT[digits[0]]:
        if first <= digits[: len(first)] <= last:
            return lengths
    return ()


def is_card_number(digits: str) -> bool:
    """Whether ASCII digits are a card number: a known issuer, a length that it issues, a valid Luhn digit.

    One digit repeated never is: no issuer's prefix and lengths let it pass.
    """
    return len(digits) in issued_lengths(digits) and luhn_valid(digits)


def _digit_groups(text: str, start: int, end: int) -> list[tuple[int, str]]:
    """The runs of digits of a candidate: where each starts, and its digits in ASCII."""
    groups: list[tuple[int, str]] = []
    first, digits = start, ""
    for position in range(start, end):
        value = unicodedata.digit(text[position], -1)
        if value >= 0:
            digits += str(value)
            continue
        groups.append((first, digits))
        first, digits = position + 1, ""
    groups.append((first, digits))
    return groups


def _longest_card(text: str, groups: list[tuple[int, str]], index: int) -> int | None:
    """How many groups from `index` on are one card number, the most that fit; None if none are.

    Written as cards are: one separator throughout, at least four digits first and at least three in between.
    """
    first, digits = groups[index]
    if len(digits) < _FIRST_GROUP or not issued_lengths(digits):
        return None
    separator = text[first + len(digits) : first + len(digits) + 1]
    found = None
    for count in range(1, len(groups) - index + 1):
        if len(digits) > _LONGEST:
            break
        if len(digits) >= _SHORTEST and is_card_number(digits):
            found = count
        if index + count == len(groups):
            break
        start, more = groups[index + count]
        if text[start - 1] != separator or (count > 1 and len(groups[index + count - 1][1]) < _MIDDLE_GROUP):
            break
        digits += more
    return found


def card_spans(text: str, start: int, end: int) -> list[Span]:
    """The card numbers in a run of digit groups: whole groups only, leftmost first, longest first.

    A number that touches a letter, or a decimal point with a digit on its other side, is none.
    """
    groups = _digit_groups(text, start, end)
    spans: list[Span] = []
    index = 0
    while index < len(groups):
        count = _longest_card(text, groups, index)
        if count is not None:
            last, digits = groups[index + count - 1]
            span = (groups[index][0], last + len(digits))
            if not (has_neighbour(text, *span) or _is_fraction(text, *span)):
                spans.append(span)
                index += count
                continue
        index += 1
    return spans


def _is_fraction(text: str, start: int, end: int) -> bool:
    before, after = text[max(start - 2, 0) : start], text[end : end + 2]
    return (before[-1:] == "." and before[:-1].isdigit()) or (after[:1] == "." and after[1:].isdigit())


_VISA = "4111" + "1111" * 3

DETECTOR = Detector(
    id="credit-card",
    what="A payment card number of 13 to 19 digits, plain or in groups with one kind of space or dash "
    "between them, of a known issuer (Visa, Mastercard, American Express, Discover, JCB, Diners Club, "
    "UnionPay, Maestro) and with a valid Luhn digit. Parts of longer digit runs, of words and of decimal "
    "fractions are not found.",
    pattern=rf"{_DIGIT}(?:{_SEPARATOR}?{_DIGIT}){{12,}}",
    refine=card_spans,
    good=(
        _VISA,
        "card " + "-".join(("5555",) * 3 + ("4444",)) + ", thanks",
        "3782 " + "822463 " + "10005",
        "6011\u00a0" + "1111\u00a0" * 2 + "1117",
        "exp 12/27 no " + "4111 " + "1111 " * 3 + "12/27",
    ),
    bad=(
        "4111" + "1111" * 2 + "1112",
        _VISA + "1" * 8,
        "0." + _VISA,
        "order" + _VISA,
        "2026-11-20 10:58:54.123456",
        "9999" + "9999" * 2 + "9995",
        "0000" * 4,
    ),
)
