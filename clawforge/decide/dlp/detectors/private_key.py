"""Private keys in PEM, OpenSSH and OpenPGP armour."""

from __future__ import annotations

from clawforge.decide.dlp.detector import Detector

_LABEL = r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
# No body crosses five dashes, so a key without an END cannot reach into the next one, and time stays linear.
_TO_END = rf"(?:[^-]|-{{1,4}}[^-])*-----END {_LABEL}"
# Without an END (a pasted fragment) the armour's header lines and all that can be key material are taken,
# line breaks written as backslash and n included: too much is better than half a key left behind.
_HEADER_LINE = r"(?:\s|\\+[nr])*[A-Z][A-Za-z]+(?:-[A-Za-z]+)?: (?:[^-\n\\]|-[^-\n\\])*"
_FRAGMENT = rf"(?:{_HEADER_LINE})*[A-Za-z0-9+/=\\\s]*"

_BEGIN, _END = "-----BEGIN ", "-----END "
_PGP = "PGP PRIVATE KEY BLOCK-----"
_BODY = "MIIEpAIBAAKCAQEA" + "x5Vn0" * 9

DETECTOR = Detector(
    id="private-key",
    what="A private key in PEM, OpenSSH or OpenPGP armour, from BEGIN to END; the BEGIN line alone suffices, "
    "and line breaks may be written as backslash and n. Public keys and certificates are not found.",
    pattern=rf"-----BEGIN {_LABEL}(?:{_TO_END}|{_FRAGMENT})",
    keywords=("private key",),
    good=(
        f"{_BEGIN}PRIVATE KEY-----\n{_BODY}\n{_END}PRIVATE KEY-----",
        f"{_BEGIN}RSA PRIVATE KEY-----\\n{_BODY}\\n{_END}RSA PRIVATE KEY-----\\n",
        f"{_BEGIN}{_PGP}\nVersion: GnuPG v2\n\n{_BODY}\n=aB1c\n{_END}{_PGP}",
        f"{_BEGIN}RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n{_BODY}",
    ),
    bad=(
        f"{_BEGIN}PUBLIC KEY-----\n{_BODY}\n{_END}PUBLIC KEY-----",
        f"{_BEGIN}CERTIFICATE-----\n{_BODY}\n{_END}CERTIFICATE-----",
        "keep the private key safe",
        f"{_END}RSA PRIVATE KEY-----",
    ),
)
