"""Who is meant by `--user`, `--tag`, `--at` and their like."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.resource.meta import Resource

_LONGEST_NAME = 254


def parse_moment(text: str | None) -> dt.datetime:
    """A moment as RFC 3339 writes it, or now; one without a zone is UTC, and that is said. Raises InputError."""
    if text is None:
        return dt.datetime.now(dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a moment.", hint="Write it as 2026-11-20T18:00:00Z.") from error
    if moment.tzinfo is None:
        from clawforge_cli.views.terminal import note, safe

        note(f"Note: {safe(text)} is taken as UTC.")
        return moment.replace(tzinfo=dt.UTC)
    return moment


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
    from clawforge_cli.views.terminal import note, safe

    name = name_among(project.values, user)
    if name is None:
        name = user.removeprefix("User/")
        note(f"Note: {safe(name)} is not declared; judged as a user whom only `everyone` and claims can match.")
    return name


def name_among(resources: Iterable[Resource], user: str) -> str | None:
    """The name of a declared user given by name, address or email; None when nobody is declared so."""
    from clawforge.resource.user import User

    wanted = user.removeprefix("User/").lower()
    users = (item for item in resources if isinstance(item, User))
    return next((item.metadata.name for item in users if wanted in {item.metadata.name, item.spec.email}), None)


def subject_of(
    user: str,
    *,
    instance: str | None,
    agent: str | None,
    context: str | None,
    groups: list[str] | None,
    tags: list[str] | None,
) -> Subject:
    """The subject that the options describe. Raises InputError for a name that nobody can have."""
    for what, name in (("user", user), ("instance", instance), ("agent", agent), ("context", context)):
        if name is not None:
            checked_name(what, name)
    return Subject(
        user=user,
        instance=instance,
        agent=agent,
        context=context,
        groups=tuple(groups or ()),
        tags=parse_tags(tags),
    )


def checked_name(what: str, name: str) -> str:
    """The name. Raises InputError when it is empty, too long, or holds white space or control characters."""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or any(letter.isspace() for letter in name):
        raise InputError(f"{name!r} names no {what}.", hint="A name is one word of up to 254 characters.")
    return name


def note_unknown(project: Project, subject: Subject) -> None:
    """Say which context and groups no file declares: a misspelt name would answer for another subject."""
    from clawforge.resource.group import Group
    from clawforge.resource.organization import Organization
    from clawforge_cli.views.terminal import note, safe

    groups = {item.metadata.name for item in project.values if isinstance(item, Group)}
    contexts = {name for item in project.values if isinstance(item, Organization) for name in item.spec.contexts}
    for name in subject.groups:
        if name not in groups:
            note(f"Note: no file declares the group {safe(name)}.")
    if subject.context is not None and contexts and subject.context not in contexts:
        note(f"Note: the organization has no context {safe(subject.context)}.")
