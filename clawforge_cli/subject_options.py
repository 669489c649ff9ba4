"""Who is meant by `--user`, `--tag`, `--at` and their like."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.load.project import Project


def parse_moment(text: str | None) -> dt.datetime:
    """A moment in RFC 3339, a date (midnight UTC), or now. Raises InputError."""
    if text is None:
        return dt.datetime.now(dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a moment.", hint="Write it as 2026-11-20T18:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def parse_tags(items: list[str] | None) -> dict[str, str]:
    """`key=value` pairs. Raises InputError for anything else, and for one key with two values."""
    tags: dict[str, str] = {}
    for item in items or []:
        key, equals, value = item.partition("=")
        if not equals or not key or not value:
            raise InputError(f"{item!r} is not a tag.", hint="Write it as key=value.")
        if tags.get(key, value) != value:
            raise InputError(f"The tag {key!r} is given two values.")
        tags[key] = value
    return tags


def declared_name(project: Project, user: str) -> str:
    """The name of a declared user given by name, address or email; what was given when nobody is declared so."""
    from clawforge.resource.user import User
    from clawforge_cli.views.terminal import note, safe

    wanted = user.removeprefix("User/")
    for resource in project.values:
        if isinstance(resource, User) and wanted.lower() in {resource.metadata.name, resource.spec.email}:
            return resource.metadata.name
    note(f"Note: {safe(wanted)} is not declared; judged as a user whom only `everyone` and claims can match.")
    return wanted


def subject_of(
    user: str,
    *,
    instance: str | None,
    agent: str | None,
    context: str | None,
    groups: list[str] | None,
    tags: list[str] | None,
) -> Subject:
    """The subject that the options describe."""
    return Subject(
        user=user,
        instance=instance,
        agent=agent,
        context=context,
        groups=tuple(groups or ()),
        tags=parse_tags(tags),
    )
