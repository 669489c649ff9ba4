"""Each detector finds its good examples, leaves its bad ones, and is not fooled by everyday texts."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.dlp import detectors as package
from clawforge.decide.dlp.checksum import crc32_base62, luhn_valid
from clawforge.decide.dlp.detector import Detector
from clawforge.decide.dlp.detectors.credit_card import is_card_number
from clawforge.decide.dlp.engine import Scanner, ScanRule
from clawforge.decide.dlp.entropy import bits_per_character
from clawforge.decide.dlp.registry import DETECTORS, detector_named

ALL = Scanner([ScanRule(detector.id, detector=detector.id) for detector in DETECTORS])
GOOD = [(detector.id, text) for detector in DETECTORS for text in detector.good]
BAD = [(detector.id, text) for detector in DETECTORS for text in detector.bad]


def found(text: str) -> list[str]:
    """`detector:text` of every finding."""
    return [f"{match.detector}:{text[match.start : match.end]}" for match in ALL.scan(text)]


def luhn_by_hand(digits: str) -> bool:
    """Straight from the standard's wording, digit by digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


def with_luhn_digit(digits: str) -> str:
    return next(digits + last for last in "0123456789" if luhn_by_hand(digits + last))


def test_each_detector_has_its_file_and_its_registry_line() -> None:
    files = {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__"}
    assert {detector.id.replace("-", "_") for detector in DETECTORS} == files
    assert [detector.id for detector in DETECTORS] == sorted(detector.id for detector in DETECTORS)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_detector_is_complete(detector: Detector) -> None:
    assert detector.what.endswith(".")
    assert detector.good
    assert detector.bad
    assert all(keyword.isascii() and keyword == keyword.lower() for keyword in detector.keywords)


def test_an_unknown_detector_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"'creditcard'; there are: aws-access-key, credit-card"):
        detector_named("creditcard")


@pytest.mark.parametrize(("detector", "text"), GOOD)
def test_good_examples_are_found(detector: str, text: str) -> None:
    assert [match.detector for match in ALL.scan(text)] == [detector]


@pytest.mark.parametrize(("detector", "text"), BAD)
def test_bad_examples_are_not_found(detector: str, text: str) -> None:
    assert ALL.scan(text) == []


@given(st.text("0123456789", min_size=1, max_size=25))
@settings(deadline=None)
def test_luhn_agrees_with_the_standard(digits: str) -> None:
    assert luhn_valid(digits) == luhn_by_hand(digits)


@given(
    st.text("0123456789", min_size=13, max_size=19).map(lambda digits: with_luhn_digit(digits[:-1])),
    st.data(),
)
@settings(deadline=None)
def test_luhn_refuses_every_single_wrong_digit(digits: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[place]]))
    assert luhn_valid(digits)
    assert not luhn_valid(digits[:place] + other + digits[place + 1 :])


CARDS = {
    "visa": [("4", 13), ("4", 16), ("4", 19)],
    "mastercard": [("51", 16), ("55", 16), ("2221", 16), ("2720", 16)],
    "amex": [("34", 15), ("37", 15)],
    "discover": [("6011", 16), ("644", 16), ("65", 16)],
    "jcb": [("3528", 16), ("3589", 16)],
    "diners": [("300", 14), ("36", 14), ("38", 16)],
    "unionpay": [("62", 16), ("62", 19), ("8100", 16)],
    "maestro": [("5018", 13), ("6759", 18), ("6763", 19)],
}
NO_CARDS = {
    "visa": [("4", 15)],
    "mastercard": [("50", 16), ("56", 16), ("2220", 16), ("2721", 16)],
    "amex": [("35", 15), ("37", 16)],
    "discover": [("643", 16)],
    "jcb": [("3527", 16), ("3590", 16)],
    "maestro": [("6764", 16)],
    "nobody": [("0", 16), ("1", 16), ("7", 16), ("9", 16)],
}


def rows(table: dict[str, list[tuple[str, int]]]) -> list[tuple[str, int]]:
    return [row for issuer in table.values() for row in issuer]


def number(prefix: str, size: int) -> str:
    return with_luhn_digit((prefix + "1234567890123456789")[: size - 1])


@pytest.mark.parametrize(("prefix", "size"), rows(CARDS))
def test_every_issuer_is_known(prefix: str, size: int) -> None:
    digits = number(prefix, size)
    assert is_card_number(digits)
    assert found(f"pay {digits}.") == [f"credit-card:{digits}"]


@pytest.mark.parametrize(("prefix", "size"), rows(NO_CARDS))
def test_other_prefixes_and_lengths_are_no_cards(prefix: str, size: int) -> None:
    assert found(number(prefix, size)) == []


def test_no_repeated_digit_is_a_card() -> None:
    assert not any(is_card_number(digit * size) for digit in "0123456789" for size in range(13, 20))


VISA = number("4", 16)
AMEX = number("37", 15)


@pytest.mark.parametrize("separator", [*" -\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212"])
@pytest.mark.parametrize(
    ("digits", "sizes"),
    [(VISA, (4, 4, 4, 4)), (VISA, (8, 8)), (VISA, (4, 6, 6)), (AMEX, (4, 6, 5)), (AMEX, (5, 5, 5))],
)
def test_layouts_of_cards(separator: str, digits: str, sizes: tuple[int, ...]) -> None:
    groups, rest = [], digits
    for size in sizes:
        groups.append(rest[:size])
        rest = rest[size:]
    written = separator.join(groups)
    assert found(f"({written})") == [f"credit-card:{written}"]
    assert found(f"12 {written} 12/27") == [f"credit-card:{written}"]


def test_cards_in_other_digits_and_scripts() -> None:
    fullwidth = "".join(chr(0xFF10 + int(digit)) for digit in VISA)
    arabic = "".join(chr(0x660 + int(digit)) for digit in VISA)
    assert found(f"x {fullwidth} y") == [f"credit-card:{fullwidth}"]
    assert found(arabic) == [f"credit-card:{arabic}"]
    assert found(f"\u5361\u53f7{VISA}\u3002") == [f"credit-card:{VISA}"]


def test_the_longest_number_is_taken_so_that_no_digit_of_it_is_left() -> None:
    tails = (f"{tail:03}" for tail in range(1000))
    longer = next(VISA + tail for tail in tails if luhn_by_hand(VISA + tail))
    written = " ".join((longer[:4], longer[4:8], longer[8:12], longer[12:16], longer[16:]))
    assert found(written) == [f"credit-card:{written}"]


def test_cards_next_to_one_another() -> None:
    assert found(f"{VISA},{AMEX};{VISA}") == [
        f"credit-card:{VISA}",
        f"credit-card:{AMEX}",
        f"credit-card:{VISA}",
    ]
    assert found(f"{VISA} {AMEX}") == [f"credit-card:{VISA}", f"credit-card:{AMEX}"]


@pytest.mark.parametrize(
    "text",
    [
        "0.4111111111111111 and 4111111111111111.25".replace("4111111111111111", VISA),
        f"sha {VISA}f and a{VISA}",
        f"{VISA}0{VISA}",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "4111-1111 1111-1111",
        "2026-11-20 10:58:54.123456 +0000 1780000000000 1780000000",
        "192.168.100.200 10.0.0.1:8080 00:1a:2b:3c:4d:5e",
        "123e4567-e89b-12d3-a456-426614174000",
        "ISBN 978-3-16-148410-0, +49 30 901820, EAN 4006381333931",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "[ 1024, 2048, 4096, 8192, 16384, 32768, 65536 ]",
        "git log --format=%H | head -20; ls -la /srv/ASIA/akia; echo ghp_ $GITHUB_TOKEN",
        "-----BEGIN CERTIFICATE REQUEST----- private key not included",
        "generate a private key with `openssl genpkey`, see PRIVATE KEY below",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ private key",
    ],
)
def test_everyday_texts_hold_nothing(text: str) -> None:
    assert found(text) == []


@given(
    st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=30, max_size=30),
    st.data(),
)
@settings(deadline=None)
def test_a_github_token_lives_by_its_checksum(body: str, data: st.DataObject) -> None:
    token = "ghp_" + body + crc32_base62(body)
    assert found(f"t={token}") == [f"github-pat:{token}"]
    place = data.draw(st.integers(4, 39))
    other = data.draw(st.sampled_from([letter for letter in "0Aaz9" if letter != token[place]]))
    assert found(token[:place] + other + token[place + 1 :]) == []


def test_the_checksum_is_zero_padded_base_62() -> None:
    assert crc32_base62("") == "000000"
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for digit in crc32_base62("123456789"):
        value = value * 62 + alphabet.index(digit)
    assert value == 0xCBF43926, "the check value of CRC-32"


def test_a_key_id_behind_an_escape_is_found() -> None:
    key = "AKIA" + "Q3EGRWL" + "6T7YVZ2XK"
    for text in (
        f"a\\n{key}\\n",
        f"a\\t{key}",
        f"?c=d%3D{key}%26",
        f"/{key}/",
        f'"{key}"',
        f"\u5bc6\u94a5{key}",
    ):
        assert found(text) == [f"aws-access-key:{key}"], text
    for text in (f"n{key}", f"%{key[:0]}D{key}", f"{key}A"):
        assert found(text) == [], text


BEGIN, END = "-----BEGIN RSA ", "-----END RSA "
TAIL = "PRIVATE KEY-----"
BODY = "\n".join(["Ab+/" * 16] * 5 + ["Zz09=="])


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n", " "])
def test_a_private_key_is_found_whole(line_break: str) -> None:
    key = f"{BEGIN}{TAIL}\n{BODY}\n{END}{TAIL}".replace("\n", line_break)
    assert found(f"cat <<E {key}. done") == [f"private-key:{key}"]


def test_half_a_private_key_reaches_to_the_end_of_its_body_and_no_further() -> None:
    half = f"{BEGIN}{TAIL}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{BODY}\n"
    whole = f"{BEGIN}{TAIL}\n{BODY}\n{END}{TAIL}"
    assert found(half + whole) == [f"private-key:{half}", f"private-key:{whole}"]
    assert found(half + "# next, a comment") == [f"private-key:{half}"]


def test_entropy() -> None:
    assert bits_per_character("") == 0.0
    assert bits_per_character("aaaa") == 0.0
    assert bits_per_character("abab") == 1.0
    assert bits_per_character("abcdefgh") == 3.0
