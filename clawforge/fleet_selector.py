"""Choosing machines of a fleet: `user=ann,tag:env=prod,version:host<2026.9`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from clawforge.errors import InputError
from clawforge.spelling import nearest
from clawforge.version_range import VersionRange, version_key

PLAIN_KEYS = ("instance", "user", "group", "host", "state", "status", "enforces", "versions", "crashing", "protocol")
_NAMED_KEYS = ("tag", "version")
COMPONENTS = ("host", "plugin", "runtime")
UNKNOWN = "unknown"
"""The version of a component that a machine does not report."""

_MOST_CONDITIONS = 64
_HINT = "Write it as user=ann, group=eng, tag:env=prod, state=active, status=stale or version:host<2026.9."
_CONDITION = re.compile(r"^\s*([a-z]+)(?::([^=<>!\s]{1,128}))?\s*(!=|<=|>=|=|<|>)\s*(\S.*?)\s*$")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "state": ("active", "quarantined", "pending", "expired", "rejected", "revoked"),
    "status": ("online", "stale", "offline", "never"),
    "enforces": ("in-force", "behind", "offline", "unacknowledged"),
    "versions": ("ok", "unknown", "warned", "in-grace", "blocked"),
    "crashing": ("yes", "no"),
    "protocol": ("agent", "plugin"),
}


class Candidate(NamedTuple):
    """What can be asked about a machine. `values` are those of the plain keys; a machine may have several of one."""

    values: Mapping[str, frozenset[str]]
    tags: Mapping[str, str]
    versions: Mapping[str, str]


class FleetCondition(NamedTuple):
    """One comparison; `name` is that of a tag or component. With `=` one of several `values` is enough."""

    key: str
    name: str
    operator: str
    values: tuple[str, ...]

    def holds(self, machine: Candidate) -> bool:
        """Whether a machine fits."""
        if self.key == "version":
            return self._holds_version(machine.versions.get(self.name))
        if self.key == "tag":
            held = machine.tags.get(self.name)
            found = held is not None and any(_fits(held, value) for value in self.values)
        else:
            found = any(_fits(held, value) for held in machine.values.get(self.key, ()) for value in self.values)
        return found == (self.operator == "=")

    def _holds_version(self, version: str | None) -> bool:
        if self.operator in ("=", "!="):
            return any(_is_version(version, value) for value in self.values) == (self.operator == "=")
        try:
            # A version that nobody knows is neither older nor newer than another.
            return version is not None and VersionRange(((self.operator, self.values[0]),)).contains(version)
        except ValueError:
            return False


FleetSelector = tuple[FleetCondition, ...]
"""Conditions that must all hold; none at all fits every machine."""


def fits(selector: FleetSelector, machine: Candidate) -> bool:
    """Whether a machine fits every condition."""
    return all(condition.holds(machine) for condition in selector)


def parse_selector(texts: Iterable[str]) -> FleetSelector:
    """Conditions separated by commas, in one text or several. A value may be several, `a|b`, and end in `*`.

    Raises InputError for what is no condition.
    """
    parts = [part for text in texts for part in text.split(",")]
    if len(parts) > _MOST_CONDITIONS:
        raise InputError(f"A selector has at most {_MOST_CONDITIONS} conditions.", code="bad-selector")
    return tuple(map(_condition, parts))


def _condition(text: str) -> FleetCondition:
    match = _CONDITION.match(text)
    if match is None:
        raise InputError(f"{text.strip()!r} is no condition on machines.", hint=_HINT, code="bad-selector")
    key, name, operator, value = match[1], match[2] or "", match[3], match[4]
    known = _NAMED_KEYS if name else PLAIN_KEYS
    if key not in known:
        guess = nearest(key, [*PLAIN_KEYS, *_NAMED_KEYS])
        hint = f"Did you mean {guess!r}? {_HINT}" if guess else _HINT
        raise InputError(f"{text.strip()!r} asks about nothing that machines have.", hint=hint, code="bad-selector")
    if key == "version":
        _check_version(text, name, operator, value)
    elif operator not in ("=", "!="):
        raise InputError(f"{text.strip()!r}: only versions are older or newer.", hint=_HINT, code="bad-selector")
    values = tuple(part.strip() for part in value.split("|"))
    choices = _CHOICES.get(key)
    for one in values:
        if not one or (choices is not None and one not in choices):
            words = f"It is one of {', '.join(choices)}." if choices is not None else _HINT
            raise InputError(f"{text.strip()!r} has no such value.", hint=words, code="bad-selector")
    return FleetCondition(key, name, operator, values)


def _check_version(text: str, component: str, operator: str, value: str) -> None:
    if component not in COMPONENTS:
        words = f"A component is one of {', '.join(COMPONENTS)}."
        raise InputError(f"{text.strip()!r} names no component.", hint=words, code="bad-selector")
    if operator in ("=", "!="):
        return
    try:
        version_key(value)
    except ValueError as error:
        raise InputError(f"{text.strip()!r}: {error}.", code="bad-selector") from error


def _fits(held: str, wanted: str) -> bool:
    return held.startswith(wanted[:-1]) if wanted.endswith("*") else held == wanted


def _is_version(version: str | None, wanted: str) -> bool:
    if wanted == UNKNOWN or version is None:
        return version is None and wanted == UNKNOWN
    if version == wanted:
        return True
    try:
        return version_key(version) == version_key(wanted)
    except ValueError:
        return _fits(version, wanted)
