"""Patterns of addresses of resources: `Policy/sre`, `Policy/team-*`, `*/production`."""

from __future__ import annotations

ADDRESS_PATTERN = r"^([A-Z][A-Za-z]{0,63}|\*)/([a-z0-9][a-z0-9-]{0,62}\*?|\*)$"
"""`Kind/name`; the name may end with `*`, and `*` in place of the kind means every kind."""


def address_matches(pattern: str, address: str) -> bool:
    """Whether a pattern such as `Policy/guardrail-*` means an address."""
    wanted_kind, _, wanted = pattern.partition("/")
    kind, _, name = address.partition("/")
    if wanted_kind not in ("*", kind):
        return False
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
