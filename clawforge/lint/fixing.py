"""The safe fixes for what lint found, as new contents of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.lint.context import LintContext
from clawforge.lint.text_edit import Change, change_text
from clawforge.load.pointer import steps
from clawforge.load.yaml import compose

if TYPE_CHECKING:
    from clawforge.lint.edit import Edit
    from clawforge.lint.report import LintReport, Reported
    from clawforge.load.document import Document
    from clawforge.load.project import LoadedResource, Project


_MOST_TRIED_ALONE = 200

Place = tuple["LoadedResource", str, str | None]
"""A resource, the pointer of a value of it, and what to write there; None removes an item of a list."""


@dataclass(frozen=True, slots=True)
class FileFix:
    """The changes to one file, one group for each finding that they mend."""

    file: str
    groups: tuple[tuple[Place, ...], ...]

    def apply(self, data: bytes) -> tuple[bytes, int] | None:
        """The new content and how many findings it mends; None if the file is not the one that was checked, or no
        change can be made exactly.
        """
        documents, _ = compose(data, file=self.file)
        at = {(document.line, document.col): index for index, document in enumerate(documents)}
        changes = [self._changes(documents, at, group) for group in self.groups]
        groups = [group for group in changes if group is not None]
        changed = self._together(data, groups)
        if changed is None:
            # One of them stands in the way: keep those that can be made by themselves.
            alone = groups[:_MOST_TRIED_ALONE]
            groups = [group for group in alone if change_text(data, group, file=self.file) is not None]
            changed = self._together(data, groups)
        return None if changed is None else (changed, len(groups))

    def _together(self, data: bytes, groups: Sequence[list[Change]]) -> bytes | None:
        return change_text(data, [change for group in groups for change in group], file=self.file)

    def _changes(
        self, documents: Sequence[Document], at: Mapping[tuple[int, int], int], group: Iterable[Place]
    ) -> list[Change] | None:
        changes = []
        for loaded, pointer, replacement in group:
            index = at.get((loaded.document.line, loaded.document.col))
            if index is None or documents[index].value != loaded.document.value:
                return None
            path = steps(documents[index].value, loaded.written(pointer))
            if path is None:
                return None
            changes.append(Change(index, path, replacement))
        return changes


def fixes(project: Project, report: LintReport) -> Iterator[FileFix]:
    """One fix a file, sorted by file, of what is reported and has a safe mending.

    Each list is changed for one rule at a time, as what one rule takes out may be why another calls its neighbour
    superfluous: apply the fixes, check again, and ask again.
    """
    context = LintContext.of(project.values, org=project.declared.org if project.declared else None)
    by_file: dict[str, list[tuple[Place, ...]]] = {}
    owners: dict[tuple[str, str], str] = {}
    for item, loaded in _fixable(project, sorted(report.reported, key=lambda item: item.rule)):
        file = loaded.document.file
        edits = _edits(item, context)
        lists = [(edit.address, edit.pointer.rpartition("/")[0]) for edit in edits]
        if any(owners.setdefault(place, item.rule) != item.rule for place in lists):
            continue
        places = tuple((project.by_address[edit.address], edit.pointer, edit.replacement) for edit in edits)
        if places and all(place[0].document.file == file for place in places):
            by_file.setdefault(file, []).append(places)
    for file, groups in sorted(by_file.items(), key=lambda pair: pair[0]):
        yield FileFix(file, tuple(groups))


def _fixable(project: Project, items: Iterable[Reported]) -> Iterator[tuple[Reported, LoadedResource]]:
    for item in items:
        if item.finding is not None and item.finding.address in project.by_address:
            yield item, project.by_address[item.finding.address]


def _edits(item: Reported, context: LintContext) -> list[Edit]:
    from clawforge.lint.registry import RULES

    fix = next((rule.fix for rule in RULES if rule.id == item.rule), None)
    return list(fix(context, item.finding)) if fix is not None and item.finding is not None else []
