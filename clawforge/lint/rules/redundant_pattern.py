"""An entry that another one covers, or that stands there already, does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.edit import Edit
from clawforge.lint.list_entry import neighbours
from clawforge.lint.redundancy import Redundancy
from clawforge.lint.rule import Rule
from clawforge.resolve.field import policy_fields
from clawforge.resource.merge import Vocabulary
from clawforge.resource.policy import Policy

if TYPE_CHECKING:
    from clawforge.load.project import Project


def _check(context: LintContext) -> Iterable[Finding]:
    redundancy = Redundancy(context)
    for policy in context.each(Policy):
        for pointer, entry, owner in redundancy.entries_of(policy):
            message = f"`{entry}` says nothing that `{owner}` does not say."
            hint = "Remove it; or remove `*`, if only what is named is meant." if owner == "*" else "Remove it."
            yield Finding("redundant-pattern", policy.address, pointer, message, hint, Severity.NOTE)


def _check_files(project: Project) -> Iterable[Finding]:
    """Sets are kept without what they repeat, so that only the files tell."""
    for loaded in project.resources:
        for again in loaded.repeated():
            line = loaded.document.location(again.first).line
            here = loaded.location(again.pointer).line
            where = "" if line == here else f", on line {line}"
            message = f"`{again.item}` stands in this list already{where}."
            yield Finding("redundant-pattern", loaded.address, again.pointer, message, "Remove it.", Severity.NOTE)


def _fix(context: LintContext, finding: Finding) -> Iterable[Edit]:
    """What a set repeats goes, wherever it stands. Nothing where `*` makes the others superfluous, as it may be the
    mistake; nor in lists of paths and commands, which agents get as they are written and give as reasons.
    """
    kept = len(neighbours(context, finding))
    if 0 < kept <= int(finding.pointer.rpartition("/")[2]):
        yield Edit(finding.address, finding.pointer)
        return
    fields = {field.pointer: field.merge.of for field in policy_fields()}
    of = fields.get(finding.pointer.rpartition("/")[0])
    if of is not None and of is not Vocabulary.LITERALS and "*" not in neighbours(context, finding):
        yield Edit(finding.address, finding.pointer)


RULE = Rule(
    id="redundant-pattern",
    name="Lists should not say things twice",
    severity=Severity.NOTE,
    what="Entries of any list of texts that stand in it a second time, and entries of a list of tools, servers, "
    "sources, domains, paths or commands that another entry of the same list covers. Paths and commands are compared "
    "as they are written. `--fix` takes out what stands there twice, unless the list is one that keeps its order. "
    "What another entry covers it takes out of lists of names and domains, but not where `*` covers them, which may "
    "itself be the mistake, and not out of lists of paths and commands, which agents get as they are written.",
    why="Whoever removes one of the two entries believes that something changed.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["~/.ssh/**", "~/.ssh/id_rsa"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  paths: {deny: ["~/.aws/**", "~/.ssh/**"]}
""",
    check=_check,
    check_files=_check_files,
    fix=_fix,
)
