"""What a source looked like on the control plane when somebody here saw it last, for plans without one.

It is kept after an apply of the whole project, and after a plan that found nothing to change: then the files are what
is in force. What other sources own is not known.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from clawforge.errors import InputError
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Instant, Strict, format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from clawforge.load.project_file import ProjectFile
    from clawforge_cli.compared import Compared
    from clawforge_cli.manifest import Manifest


class _Seen(Strict):
    revision: Annotated[int, Field(ge=0)]
    at: Instant
    resources: tuple[dict[str, Any], ...]
    positions: dict[str, ResourcePosition]


def remember(directory: Path | None, manifest: Manifest, revision: int, now: dt.datetime) -> None:
    """Keep what the files say as what is in force at a revision; perhaps."""
    from clawforge_cli.cache import Cache

    if directory is None:
        return
    moment = format_instant(now.replace(microsecond=0)).encode()
    parts = (revision, moment, manifest.resources, manifest.positions)
    Cache(directory).put(_name(manifest.file), b'{"revision":%d,"at":"%s","resources":%s,"positions":%s}' % parts)


def recall(directory: Path | None, file: ProjectFile) -> Compared:
    """What was in force when it was seen last. Raises InputError if it never was, or cannot be read any more."""
    from clawforge.load.resource import parse_resource
    from clawforge.resource.meta import Resource
    from clawforge_cli.cache import Cache
    from clawforge_cli.compared import Compared

    data = None if directory is None else Cache(directory).get(_name(file))
    try:
        seen = None if data is None else _Seen.model_validate_json(data)
    except ValidationError:
        seen = None
    resources = [parse_resource(value) for value in seen.resources] if seen is not None else []
    if seen is None or not all(isinstance(resource, Resource) for resource in resources):
        raise InputError(
            "The state of this project on a control plane was not seen here yet.",
            hint="Apply it once from here, or compare with other files by --against.",
        )
    return Compared(
        org=file.org,
        source=file.source,
        values=tuple(item for item in resources if isinstance(item, Resource)),
        positions=seen.positions,
        name=f"revision {seen.revision}, as it was seen at {format_instant(seen.at)}",
    )


def _name(file: ProjectFile) -> str:
    return hashlib.sha256(f"last-seen\n{file.org}\n{file.source}".encode()).hexdigest()
