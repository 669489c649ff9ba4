"""What commands about the audit log read and write beside it: moments, checkpoint files, requests."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from clawforge.errors import InputError, UnavailableError
from clawforge.resource.meta import Instant, format_instant, parse_duration
from clawforge.wire_audit import CheckpointList, PurgeRequest
from clawforge_cli.audit_verification import ExportedCheckpoint

_LARGEST = 1024 * 1024


def moment(option: str, text: str | None) -> str | None:
    """RFC 3339 in UTC for what was typed: a moment, or a duration before now. Raises InputError."""
    if text is None:
        return None
    try:
        if text[:1].isdigit() and text[-1:] in "smhd" and text[-1:]:
            return format_instant(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=parse_duration(text)))
        adapter: TypeAdapter[dt.datetime] = TypeAdapter(Instant)
        return format_instant(adapter.validate_strings(text))
    except (OverflowError, ValidationError, ValueError) as error:
        raise InputError(
            f"{option}: this is no moment.", hint="Write 2026-11-20T10:00:00Z, or 24h for a day ago."
        ) from error


def read_checkpoint(path: Path) -> ExportedCheckpoint:
    """A file of `audit checkpoint`. Raises InputError."""
    try:
        data = path.read_bytes()[: _LARGEST + 1]
        return ExportedCheckpoint.model_validate_json(data, strict=True)
    except OSError as error:
        raise InputError(f"The checkpoint {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} is no checkpoint.", hint="`clawforge audit checkpoint --out FILE` writes one."
        ) from error


def write_checkpoint(found: CheckpointList, path: Path) -> int:
    """Write the newest checkpoint; its size. Raises UnavailableError when the server cannot sign."""
    if found.damage or not found.checkpoints:
        raise UnavailableError(
            found.damage or "There is nothing in the log yet.",
            hint="`clawforge audit verify` says what is wrong.",
            code="ledger-damaged",
        )
    newest = found.checkpoints[-1]
    exported = ExportedCheckpoint(org=found.org, root_key=found.root_key, signed=newest.signed)
    write_whole(path, exported.model_dump_json(by_alias=True, indent=2).encode() + b"\n")
    return newest.size


def write_whole(path: Path, data: bytes) -> None:
    """The file as a whole, durably, or not at all. Raises InputError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def purge_request(reason: str, older_than: str | None, classes: list[str]) -> PurgeRequest:
    """The request for what was typed. Raises InputError."""
    try:
        if older_than is not None:
            parse_duration(older_than)
        return PurgeRequest.model_validate({"reason": reason, "olderThan": older_than, "classes": tuple(classes)})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"--{first['loc'][0]}: {first['msg']}.".replace("_", "-")) from error
    except ValueError as error:
        raise InputError(f"--older-than: {error}.") from error
