"""What every resource shares: strict frozen models, names, references and the value types of the YAML vocabulary."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import unicodedata
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

API_VERSION = "clawforge/v1"

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"


class Strict(BaseModel):
    """Base of every model that people or programs write: frozen, no unknown field, no silent conversion."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        ser_json_bytes="base64",
    )


def _without_control_characters(text: str) -> str:
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t":
            raise ValueError(f"contains the control character U+{ord(character):04X}")
    return text


Text = Annotated[str, StringConstraints(max_length=4096), AfterValidator(_without_control_characters)]
"""Free text for people; control characters other than newline and tab are refused."""

Reason = Annotated[str, StringConstraints(max_length=4096, pattern=r"\S"), AfterValidator(_without_control_characters)]
"""Text for people that says something."""

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A slug: lower-case letters, digits and dashes, at most 63 characters."""

SubjectName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,253}$")]
"""A user, instance or agent that the files need not declare: a slug, an email address or a host's own id."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[A-Za-z0-9.-]{1,253}$", to_lower=True)]


def as_set(items: tuple[str, ...]) -> tuple[str, ...]:
    """Sorted, each once: the form in which two spellings of one set are equal."""
    return tuple(sorted(set(items)))


SetItem = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
StringSet = Annotated[tuple[SetItem, ...], AfterValidator(as_set)]
"""Strings whose order and repetition mean nothing: kept sorted, so that writing them in another order plans nothing."""

NameSet = Annotated[tuple[Name, ...], AfterValidator(as_set)]
SubjectSet = Annotated[tuple[SubjectName, ...], AfterValidator(as_set)]

_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_LONGEST_DURATION = 10 * 366 * 86_400


def parse_duration(text: Any) -> int:
    """Seconds in a duration such as `15m`, `1h30m` or `7d`. Raises ValueError with a sentence for people."""
    if isinstance(text, int) and not isinstance(text, bool):
        raise ValueError("a duration needs a unit: write 15m, 1h30m, 7d or 30s")
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None or not text:
        raise ValueError("not a duration: write 15m, 1h30m, 7d or 30s")
    seconds = sum(int(count or 0) * size for count, (_, size) in zip(match.groups(), _UNITS, strict=True))
    if seconds > _LONGEST_DURATION:
        raise ValueError("a duration of more than ten years is refused")
    return seconds


def format_duration(seconds: int) -> str:
    """The shortest spelling of a duration: 5400 -> `1h30m`, 0 -> `0s`."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "minLength": 2}),
]
"""Whole seconds, written `15m`, `1h30m`, `7d`."""


def _utc_text(moment: dt.datetime) -> str:
    return format_instant(moment)


def format_instant(moment: dt.datetime) -> str:
    """RFC 3339 in UTC, with a fraction only where there is one: `2026-11-20T10:00:00Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


_DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
_ZONE = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_READ_INSTANT = re.compile(f"{_DAY}{_TIME}{_ZONE}?")
_READ_DAY = re.compile(_DAY)

DAY_PATTERN = f"^{_DAY}$"
INSTANT_PATTERN = f"^{_DAY}{_TIME}{_ZONE}$"


def _instant(written: Any) -> Any:
    """Pydantic would also read seconds since 1970 and shortened forms, which look like something else to people."""
    if not isinstance(written, str):
        return written
    try:
        if _READ_INSTANT.fullmatch(written):
            moment = dt.datetime.fromisoformat(written.upper())
            return moment if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass  # a day that the month does not have, or a moment outside of the years 1 to 9999 in UTC
    raise PydanticCustomError("datetime_parsing", "this is no time as RFC 3339 writes it")


def _day(written: Any) -> Any:
    if not isinstance(written, str):
        return written
    try:
        if _READ_DAY.fullmatch(written):
            return dt.date.fromisoformat(written)
    except ValueError:
        pass  # a day that the month does not have
    raise PydanticCustomError("date_parsing", "this is no day as RFC 3339 writes it")


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_instant),
    PlainSerializer(_utc_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}),
]
"""A moment, RFC 3339 with a zone; compared and written in UTC."""

Day = Annotated[
    dt.date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DAY_PATTERN}),
]
"""A day without a time: `2026-11-20`."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}: use an IANA name such as Europe/Berlin or UTC") from error
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=True))
    except ValueError as error:
        raise ValueError(f"not a network in CIDR form: {error}") from error


Cidr = Annotated[str, AfterValidator(_network)]

Permission = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z-]*):(\*|[a-z][a-z-]*)$")]
"""`resource:verb`, such as `plans:create`; either side may be `*`."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class Ref(NamedTuple):
    """A resource's address, `Kind/name`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Raises ValueError for anything but `Kind/name`."""
        kind, slash, name = text.partition("/")
        if not slash or not kind.isalnum() or not re.fullmatch(NAME_PATTERN, name):
            raise ValueError(f"{text!r} is not an address such as Policy/engineering")
        return cls(kind, name)


class Metadata(Strict):
    """Name, labels and annotations of a resource."""

    name: Name
    """The name that other resources use; unique within the kind."""
    labels: dict[Annotated[str, StringConstraints(max_length=128)], Text] = {}
    """Keys and values that people and programs sort by; they decide nothing."""
    annotations: dict[Annotated[str, StringConstraints(max_length=128)], Text] = {}
    """Notes for people and programs, such as an owner or a ticket; they decide nothing."""


class Resource(Strict):
    """Base of every kind; subclasses narrow `kind` to one literal and give `spec` its model."""

    api_version: Literal["clawforge/v1"]
    """The version of this vocabulary."""
    kind: str
    """What the document is."""
    metadata: Metadata
    """Its name, and notes on it."""
    spec: Any
    """What it says."""

    @property
    def ref(self) -> Ref:
        """The address that other resources use."""
        return Ref(self.kind, self.metadata.name)

    @property
    def address(self) -> str:
        """`Kind/name`."""
        return f"{self.kind}/{self.metadata.name}"
