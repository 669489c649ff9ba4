"""Audit records for other programs: one class a format, each of which makes a head and one line a record."""

from __future__ import annotations

import csv
import io
import ipaddress
import unicodedata
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from clawforge import __version__
from clawforge.ledger.record import AuditEvent
from clawforge_cli.views.json_documents import escape_beyond_json

_REFUSED = frozenset({"refused", "deny"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CSV_COLUMNS = (
    "seq",
    "at",
    "class",
    "actor",
    "action",
    "outcome",
    "target",
    "revision",
    "address",
    "credential",
    "request",
    "claimed",
    "payloadState",
    "detail",
    "before",
    "after",
    "payload",
    "leaf",
)
_MOST_MESSAGE = 1_023
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class Writer(Protocol):
    """Makes the bytes of a format."""

    def head(self) -> bytes:
        """What stands before the first record."""

    def record(self, event: AuditEvent) -> bytes:
        """One record, with its line end."""


class Ndjson:
    """One JSON document a line, as the server answers it."""

    def __init__(self, org: str) -> None:
        self._org = org

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def record(self, event: AuditEvent) -> bytes:
        """The whole record, with its org."""
        document = {"org": self._org, **event.model_dump(mode="json", by_alias=True, exclude_none=True)}
        return _json_line(document)


class Csv:
    """RFC 4180, safe to open in a spreadsheet: a cell that a spreadsheet would take for a formula begins with an
    apostrophe (owasp.org/www-community/attacks/CSV_Injection)."""

    def __init__(self, org: str) -> None:
        self._org = org

    def head(self) -> bytes:
        """The names of the columns."""
        return self._line(["org", *_CSV_COLUMNS])

    def record(self, event: AuditEvent) -> bytes:
        """The record; documents are JSON text."""
        document = event.model_dump(mode="json", by_alias=True)
        return self._line([self._org, *(_cell(document[name]) for name in _CSV_COLUMNS)])

    @staticmethod
    def _line(cells: list[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow([_visible(_inert(cell), "\\u") for cell in cells])
        return text.getvalue().encode("utf-8", "replace")


class Cef:
    """ArcSight's Common Event Format, version 0."""

    def __init__(self, org: str) -> None:
        self._org = org

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def record(self, event: AuditEvent) -> bytes:
        """The record; the detail is cut at 1,023 characters, as the format asks."""
        severity = 6 if event.outcome in _REFUSED else 2
        head = [
            "CEF:0",
            "clawforge",
            "clawforge",
            __version__,
            _cef_head(event.action),
            _cef_head(f"{event.action} {event.outcome}"),
            str(severity),
        ]
        fields = " ".join(f"{name}={_cef_value(value)}" for name, value in self._fields(event).items())
        return f"{'|'.join(head)}|{fields}\n".encode("utf-8", "replace")

    def _fields(self, event: AuditEvent) -> dict[str, str]:
        fields = {
            "rt": str(int(event.at.timestamp() * 1000)),
            "externalId": str(event.seq),
            "cat": event.class_,
            "act": event.action,
            "outcome": event.outcome,
            "suser": event.actor,
            **_cef_address(event.address),
            "cs1Label": "org",
            "cs1": self._org,
        }
        for label, name, value in (
            ("target", "cs2", event.target),
            ("request", "cs3", event.request),
            ("credential", "cs4", event.credential),
            ("leaf", "cs5", event.leaf),
        ):
            if value:
                fields |= {f"{name}Label": label, name: value}
        if event.revision is not None:
            fields |= {"cn1Label": "revision", "cn1": str(event.revision)}
        if event.detail:
            fields["msg"] = orjson.dumps(event.detail).decode()[:_MOST_MESSAGE]
        return fields


class Ocsf:
    """The Open Cybersecurity Schema Framework 1.3, class API Activity (6003), one JSON document a line."""

    def __init__(self, org: str) -> None:
        self._org = org

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def record(self, event: AuditEvent) -> bytes:
        """The record; what the class has no place for stands in `unmapped`."""
        activity = _ocsf_activity(event.action)
        refused = event.outcome in _REFUSED
        kind, _, name = event.actor.partition(":")
        document: dict[str, Any] = {
            "activity_id": activity,
            "category_uid": 6,
            "class_uid": 6003,
            "type_uid": 600_300 + activity,
            "severity_id": 3 if refused else 1,
            "status_id": 2 if refused else 1,
            "status_detail": event.outcome,
            "time": int(event.at.timestamp() * 1000),
            "metadata": {
                "version": "1.3.0",
                "uid": f"{self._org}/{event.seq}",
                "sequence": event.seq,
                "product": {"name": "clawforge", "vendor_name": "clawforge", "version": __version__},
            },
            "actor": {"user": {"name": name or kind, "type": kind, "type_id": 99, "org": {"name": self._org}}},
            "api": {"operation": event.action, **({"request": {"uid": event.request}} if event.request else {})},
            "src_endpoint": {"ip": event.address} if _is_address(event.address) else {"name": "clawforge"},
            "unmapped": event.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
        if event.target:
            document["resources"] = [{"name": event.target}]
        return _json_line(document)


FORMATS: dict[str, Callable[[str], Writer]] = {"ndjson": Ndjson, "csv": Csv, "cef": Cef, "ocsf": Ocsf}
"""Format -> what writes it, made for an org."""


def _json_line(document: dict[str, Any]) -> bytes:
    """One line for whoever reads it: a terminal, or a program to which U+2028 ends a line."""
    return escape_beyond_json(orjson.dumps(document).decode()).encode() + b"\n"


def _cell(value: Any) -> str:
    if value is None or value == {}:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cef_head(text: str) -> str:
    return _visible(text).replace("\\", "\\\\").replace("|", "\\|")


def _cef_value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")
    return _visible(escaped)


def _visible(text: str, escape: str = "\\\\u") -> str:
    """Without what would end the line, or act on a terminal that shows it."""
    return "".join(
        f"{escape}{ord(character):04x}" if unicodedata.category(character) in _ACTING else character
        for character in text
    )


def _is_address(text: str | None) -> bool:
    try:
        return text is not None and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _cef_address(text: str | None) -> dict[str, str]:
    if text is None or not _is_address(text):
        return {}
    if ipaddress.ip_address(text).version == 4:
        return {"src": text}
    return {"c6a2Label": "Source IPv6 Address", "c6a2": text}


def _ocsf_activity(action: str) -> int:
    verb = action.rpartition(":")[2]
    if verb in ("create", "open", "enroll", "approve"):
        return 1
    if verb in ("read", "list", "call"):
        return 2
    if verb in ("apply", "refresh", "rotate", "update", "suspend", "activate"):
        return 3
    return 4 if verb in ("revoke", "purge", "delete") else 99
