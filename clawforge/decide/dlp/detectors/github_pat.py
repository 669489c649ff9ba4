"""Classic personal access tokens of GitHub."""

from __future__ import annotations

from clawforge.decide.dlp.checksum import crc32_base62
from clawforge.decide.dlp.detector import Detector

_PREFIX = "ghp_"
_RANDOM = 30
_BODY = "a1B2c3D4e5F6g7H" + "8i9J0kLmNoPqRsT"


def _checksum_holds(token: str) -> bool:
    body = token.removeprefix(_PREFIX)
    return crc32_base62(body[:_RANDOM]) == body[_RANDOM:]


_TOKEN = _PREFIX + _BODY + crc32_base62(_BODY)

DETECTOR = Detector(
    id="github-pat",
    what="A classic GitHub personal access token: ghp_, 30 letters and digits, and their CRC-32 in six "
    "base-62 digits. Look-alikes whose checksum does not hold are not found.",
    pattern=_PREFIX + "[0-9A-Za-z]{36}",
    keywords=(_PREFIX,),
    alone=True,
    validate=_checksum_holds,
    good=(_TOKEN, f"https://{_TOKEN}@github.com/acme/site.git", f"GH_TOKEN_{_TOKEN}"),
    bad=(
        _PREFIX + "x" * 36,
        _TOKEN[:-1],
        _TOKEN + "0",
        "x" + _TOKEN,
        _TOKEN.lower(),
        _PREFIX + "YOUR_TOKEN_HERE",
    ),
)
