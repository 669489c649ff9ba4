"""The regular expressions of the models in words; a test holds this table complete."""

from __future__ import annotations

from clawforge.resource.meta import NAME_PATTERN

SPELLED_PATTERNS: dict[str, str] = {
    NAME_PATTERN: "lower-case letters, digits and dashes, at most 63, beginning with a letter or digit",
    r"^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,253}$": "letters, digits and . _ @ + : -, beginning with a letter or digit",
    r"^[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,253}$": "an email address such as alice@example.com",
    r"^(\*|[a-z][a-z-]*):(\*|[a-z][a-z-]*)$": "a permission such as plans:create; either side may be `*`",
    r"^sha256:[0-9a-f]{64}$": "`sha256:` and 64 lower-case hexadecimal digits",
    r"^Policy/[a-z0-9][a-z0-9-]{0,62}$": "the address of a policy, such as Policy/engineering",
    r"^[A-Z][A-Za-z]{0,63}/[a-z0-9][a-z0-9-]{0,62}$": "the address of a resource, such as Policy/engineering",
    r"^([A-Z][A-Za-z]{0,63}|\*)/([a-z0-9][a-z0-9-]{0,62}\*?|\*)$": "an address such as Policy/sre or Policy/team-*",
    r"^(100|[1-9]?[0-9])%$": "a share such as 20%",
    r"^(/[^/]*)*$": "a JSON pointer such as /spec/tools/allow/0",
    r"\S": "in words: say why",
    r"^[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}$": "a key of letters, digits and . _ / @ -, at most 128 characters",
    r"^https://[^\s?#]+$": "an address that begins with https:// and has no query",
    r"^https?://[^\s?#]+$": "an address that begins with https:// or http:// and has no query",
}
