"""From recorded calls and a project to narrower policies, written where the present ones stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText
    from clawforge.analysis.replay.answers import Enrolment
    from clawforge.analysis.replay.recorded_call import Misread, RecordedCall
    from clawforge.analysis.suggest.narrowing import Suggestion
    from clawforge.analysis.suggest.suggest import Suggested
    from clawforge.load.project import Project
    from clawforge_cli.gitops.commit_message import CommitMessage


@dataclass(frozen=True, slots=True)
class WrittenSuggestions:
    """The files that change, and the policies whose files are written in a way that is not changed safely."""

    files: tuple[ChangedText, ...]
    unwritten: tuple[str, ...]


def suggested_for(
    project: Project, source: str, server: str | None, *, policy: str | None, variants: int, now: dt.datetime
) -> Suggested:
    """What the policies of a project could be narrowed to. Raises InputError, and the errors of the control plane where
    the calls come from there."""
    from clawforge.analysis.replay.call_reader import CallReader
    from clawforge.analysis.suggest.suggest import suggest
    from clawforge_cli.call_lines import bounded_lines

    only = None if policy is None else _base_policy(project, policy)
    with _calls(project, source, server, now) as (path, enrolments):

        def read() -> Iterator[RecordedCall | Misread]:
            with path.open("rb", buffering=1024 * 1024) as stream:
                yield from CallReader(project.file.org, now).read(bounded_lines(stream))

        return suggest(read, project.values, project.positions, only=only, variants=variants, enrolments=enrolments)


@contextmanager
def _calls(
    project: Project, source: str, server: str | None, now: dt.datetime
) -> Iterator[tuple[Path, Mapping[str, Enrolment]]]:
    from clawforge_cli.call_lines import as_file
    from clawforge_cli.replay_run import Replay, calls_as_file, enrolments
    from clawforge_cli.settings import connection

    asked = Replay.asked(source, None, None)
    if asked is None or asked.seconds is None:
        with as_file(source) as path:
            yield path, {}
        return
    org = project.file.org
    chosen = connection(server, project_server=project.file.server, org=org)
    with calls_as_file(asked, chosen, org, now) as path:
        yield path, enrolments(chosen, org)


def _base_policy(project: Project, name: str) -> str:
    from clawforge.resource.policy import Policy, PolicyMode
    from clawforge.spelling import nearest

    address = name if name.startswith("Policy/") else f"Policy/{name}"
    bases = {item.address for item in project.values if isinstance(item, Policy) and item.spec.mode is PolicyMode.BASE}
    if address not in bases:
        guess = nearest(address, bases)
        raise InputError(
            f"{name!r} is no base policy of this project.",
            hint=f"Did you mean {guess}?" if guess else "Overlays and guardrails only narrow already.",
        )
    return address


def written_into(project: Project, suggestions: tuple[Suggestion, ...]) -> WrittenSuggestions:
    """The suggestions as changes of the project's files. Raises InputError for a file that cannot be read."""
    from clawforge.adoption.live import ChangedText
    from clawforge.layout.rewrite import put_values
    from clawforge.load.yaml import compose

    contents: dict[str, tuple[bytes, bytes]] = {}
    unwritten = []
    for item in suggestions:
        if not item.narrowings:
            continue
        document = project.by_address[item.address].document
        before, after = contents.get(document.file) or (_read(project, document.file),) * 2
        documents, _ = compose(before, file=document.file)
        places = [(each.line, each.col) for each in documents]
        values = {("spec", *narrowing.path.split(".")): narrowing.after for narrowing in item.narrowings}
        place = (document.line, document.col)
        put = put_values(after, places.index(place), values, file=document.file) if place in places else None
        if put is None:
            unwritten.append(item.address)
        contents[document.file] = (before, after if put is None else put)
    changed = (ChangedText(name, before, after) for name, (before, after) in contents.items() if before != after)
    return WrittenSuggestions(tuple(sorted(changed, key=lambda file: file.path)), tuple(unwritten))


def message_of(found: Suggested, source: str, reason: str | None) -> CommitMessage:
    """What a commit of the suggestions says."""
    from clawforge_cli.gitops.commit_message import CommitMessage

    narrowed = [item for item in found.suggestions if item.narrowings]
    subject = f"Narrow {narrowed[0].address}" if len(narrowed) == 1 else f"Narrow {len(narrowed)} policies"
    seen = "\n".join(
        f"{item.address}: {', '.join(change.path for change in item.narrowings)} ({item.calls:,} calls seen)"
        for item in narrowed
    )
    said = reason or "To what was seen to be used; none of those calls turns out differently."
    return CommitMessage(subject, f"{said}\n\n{seen}", "suggest", (("Clawforge-Calls", source),))


def _read(project: Project, name: str) -> bytes:
    try:
        return (project.root / name).read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from error
