"""Access key ids of Amazon Web Services."""

from __future__ import annotations

from clawforge.decide.dlp.detector import Detector
from clawforge.decide.dlp.entropy import bits_per_character

_LEAST_BITS = 3.0
_BODY = "Q3EGRWL" + "6T7YVZ2XK"


def _plausible(key: str) -> bool:
    return not key.endswith("EXAMPLE") and bits_per_character(key) >= _LEAST_BITS


DETECTOR = Detector(
    id="aws-access-key",
    what="An AWS access key id: AKIA, ASIA, ABIA, ACCA or A3T and one more, then 16 of A-Z and 2-7. The ids "
    "of AWS's documentation, which end in EXAMPLE, and ids of few different characters are not found.",
    pattern=r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}",
    keywords=("akia", "asia", "abia", "acca", "a3t"),
    alone=True,
    validate=_plausible,
    good=("AKIA" + _BODY, f"aws_key_{'ASIA' + _BODY}", f"id={'A3T' + 'X' + _BODY};"),
    bad=(
        "AKIA" + "IOSFODNN7" + "EXAMPLE",
        "AKIA" + "A" * 16,
        "AKIA" + _BODY + "Q",
        "x" + "AKIA" + _BODY,
        "AKIA" + _BODY[:-1] + "1",
        "flights to ASIA and back",
    ),
)
