"""Exporting an audit log into a file that grows: a broken export goes on where it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.resource.meta import Strict
from clawforge_cli.audit_client import AuditFilter, AuditLog
from clawforge_cli.audit_files import write_whole
from clawforge_cli.views.audit_formats import FORMATS


class Written(NamedTuple):
    """How many records this export wrote, and the number of the last one."""

    records: int
    last: int | None


class _Mark(Strict):
    """How far a file has come: up to which record, and at how many bytes. It stands beside the file."""

    org: str
    format: str
    filters: dict[str, str]
    cursor: int
    size: int


def export_log(
    log: AuditLog,
    org: str,
    wanted: AuditFilter,
    format: str,
    *,
    out: Path | None,
    resume: bool = False,
    after: int | None = None,
) -> Written:
    """Write records oldest first, page by page; with `out`, how far it came is kept in `FILE.cursor` after each page.

    Raises InputError for a file that cannot be resumed, and the errors of the control plane: what was written stays.
    """
    writer = FORMATS[format](org)
    mark = _begin(out, org, wanted, format, resume=resume, after=after)
    records, last, cursor = 0, None, mark.cursor
    with _opened(out, mark.size) as stream:
        if out is not None:
            # Before the first page as well: what is killed at once can be resumed.
            _keep(out, mark)
        if mark.size == 0:
            stream.write(writer.head())
        while True:
            page = log.page(org, wanted, cursor=cursor)
            for event in page.events:
                stream.write(writer.record(event))
                records, last = records + 1, event.seq
            cursor = max(cursor, page.next or (page.events[-1].seq if page.events else cursor))
            stream.flush()
            if out is not None:
                os.fsync(stream.fileno())
                mark = mark.model_copy(update={"cursor": cursor, "size": stream.tell()})
                _keep(out, mark)
            if page.next is None:
                return Written(records, last)


def _begin(out: Path | None, org: str, wanted: AuditFilter, format: str, *, resume: bool, after: int | None) -> _Mark:
    fresh = _Mark(org=org, format=format, filters=wanted.query(), cursor=after or 0, size=0)
    if out is None or not resume or not out.exists():
        if out is not None and out.exists() and not resume:
            raise InputError(f"{out} exists already.", hint="Name another file, or go on with --resume.")
        return fresh
    try:
        mark = _Mark.model_validate_json(_mark_path(out).read_bytes(), strict=True)
    except (OSError, ValidationError) as error:
        raise InputError(
            f"{out} cannot be resumed: {_mark_path(out).name} beside it is missing or damaged.",
            hint="Export into a new file.",
        ) from error
    if (mark.org, mark.format, mark.filters) != (fresh.org, fresh.format, fresh.filters):
        raise InputError(f"{out} was exported with other options.", hint="Use the same org, format and filters.")
    if out.stat().st_size < mark.size:
        raise InputError(f"{out} is shorter than it was.", hint="Export into a new file.")
    return mark


def _keep(out: Path, mark: _Mark) -> None:
    write_whole(_mark_path(out), mark.model_dump_json(by_alias=True).encode())


def _mark_path(out: Path) -> Path:
    return out.with_name(out.name + ".cursor")


@contextmanager
def _opened(out: Path | None, size: int) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        return
    try:
        with out.open("r+b" if size else "wb") as stream:
            # What a broken export wrote beyond the mark is written again.
            stream.truncate(size)
            stream.seek(size)
            yield stream
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
