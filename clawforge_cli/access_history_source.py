"""Where the history of an answer comes from: the revisions of the control plane, or the commits of the branch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.errors import InputError
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.analysis.access_history import AccessHistory, Edit
    from clawforge.mark import Mark
    from clawforge.resource.meta import Resource
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.gitops.objects import CommitObject, Objects

_MOST_VERSIONS = 2_000
"""Versions of the files that are loaded; a branch with more is looked at so far back."""


def history_from_server(
    client: AskingClient,
    subject: Subject,
    tool: str,
    params: dict[str, Any],
    moment: dt.datetime | None,
    *,
    every: bool,
) -> AccessHistory:
    """Ask the control plane, page by page until the answer is there. `every` asks for all changes, not the latest."""
    from clawforge.wire_asking import AccessHistoryRequest

    request = AccessHistoryRequest(
        user=subject.user,
        tool=tool,
        params=params,
        instance=subject.instance,
        agent=subject.agent,
        context=subject.context,
        groups=subject.groups,
        tags=subject.tags,
        at=moment,
        all=every,
    )
    found = client.access_history(request)
    while found.next is not None and (every or not found.flips):
        page = client.access_history(request.model_copy(update={"before": found.next, "at": found.at}))
        found = found.model_copy(
            update={"flips": (*found.flips, *page.flips), "oldest": page.oldest, "next": page.next}
        )
    return found


def history_from_git(
    path: Path, subject: Subject, tool: str, params: dict[str, Any], moment: dt.datetime, *, every: bool
) -> AccessHistory:
    """Look at the commits of the present branch, first parents only, from HEAD back. Files that are not committed are
    left out. Raises InputError without a repository, and for a HEAD that cannot be judged.
    """
    from clawforge.analysis.access_history import AccessHistory, Backwards, Flip, Question
    from clawforge_cli.gitops.objects import NoObjectsError, open_objects
    from clawforge_cli.past_project import project_of

    flips: list[Flip] = []
    oldest, cut = None, ""
    try:
        with open_objects(path) as objects:
            project = project_of(path, objects, objects.head(), moment)
            newest = {item.address: item for item in project.values}
            question = Question(subject, tool, params, moment)
            back = Backwards(newest, question, positions=project.positions)
            try:
                for edit in _edits(path, objects, newest, moment):
                    oldest = edit.mark
                    flip = back.undo(edit)
                    flips += [] if flip is None else [flip]
                    if flips and not every:
                        break
            except NoObjectsError as error:
                cut = f"{error}."
    except NoObjectsError as error:
        raise InputError(f"The history of {path} cannot be read: {error}.") from error
    return AccessHistory(
        subject=subject, tool=tool, at=moment, decision=back.decision, flips=tuple(flips), oldest=oldest, cut=cut
    )


def _edits(path: Path, objects: Objects, newest: Mapping[str, Resource], moment: dt.datetime) -> Iterator[Edit]:
    """What each version of the files changed, newest first. Several commits may hold one version: the oldest of them
    made it. Raises NoObjectsError where the history is cut off.
    """
    from clawforge.analysis.access_history import edits_between
    from clawforge_cli.gitops.first_parents import first_parents
    from clawforge_cli.gitops.objects import NoObjectsError

    newer, made_by = newest, objects.head()
    folder = objects.project_tree(made_by.tree)
    skipped: list[str] = []
    seen = 0
    for commit in first_parents(objects):
        here = objects.project_tree(commit.tree)
        if here == folder:
            made_by = made_by if skipped else commit
            continue
        folder, seen = here, seen + 1
        if seen > _MOST_VERSIONS:
            raise NoObjectsError(f"more than {_MOST_VERSIONS:,} versions of the files are not looked at")
        older = _resources(path, objects, commit, moment)
        if older is None:
            skipped.append(commit.id)
            continue
        yield edits_between(newer, older, _mark(made_by), tuple(skipped))
        newer, made_by, skipped = older, commit, []
    yield edits_between(newer, {}, _mark(made_by), tuple(skipped))


def _resources(
    path: Path, objects: Objects, commit: CommitObject, moment: dt.datetime
) -> Mapping[str, Resource] | None:
    """The resources of a commit: none where the project was not there yet. None if its files have errors."""
    from clawforge_cli.past_project import project_of

    if objects.project_tree(commit.tree) is None:
        return {}
    try:
        return {item.address: item for item in project_of(path, objects, commit, moment).values}
    except InputError:
        return None


def _mark(commit: CommitObject) -> Mark:
    from clawforge.mark import Mark

    return Mark(commit=commit.id, at=commit.committed, author=commit.author, subject=commit.subject)
