"""What a project says about its lint rules: how much their findings count, and in which files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.load.glob import Glob
from clawforge.load.lint_settings import LintLevel, RuleSetting, named_globs, setting_of
from clawforge.load.tree import PROJECT_FILE
from clawforge.problem_code import ProblemCode

if TYPE_CHECKING:
    from clawforge.load.project import Project

CODES = (
    ProblemCode(
        "lint-glob-matches-nothing",
        "A glob of `include` or `exclude` of a lint rule in clawforge.yaml that no file of the project matches.",
        "A folder was renamed or is misspelt: the rule now counts where it should not, or nowhere at all.",
        "Mend the spelling, or remove the glob.",
        Severity.WARNING,
    ),
    ProblemCode(
        "lint-level",
        "A lint rule that refuses a project, lowered or limited to some files in clawforge.yaml.",
        "What such a rule finds cannot be planned or applied, whatever the settings say.",
        "Remove the setting and mend what the rule finds.",
    ),
    ProblemCode(
        "unknown-lint-rule",
        "A setting in clawforge.yaml of a lint rule that does not exist.",
        "The rule that was meant goes on as if nothing had been written.",
        "Mend the spelling, or remove it: `clawforge rules` lists the rules.",
    ),
)
"""What is said about the settings themselves, sorted by code."""


class Levels:
    """The settings of a project, asked for a rule and a file."""

    def __init__(self, written: Mapping[str, LintLevel | RuleSetting]) -> None:
        self._settings = {code: setting_of(level) for code, level in written.items()}
        self._globs: dict[str, Glob] = {}

    def level(self, code: str, file: str) -> LintLevel | None:
        """What the findings of a rule in a file count as; None for what they count as by themselves."""
        setting = self._settings.get(code)
        if setting is None:
            return None
        included = setting.include is None or any(self._takes(glob, file) for glob in setting.include)
        if not included or any(self._takes(glob, file) for glob in setting.exclude):
            return LintLevel.OFF
        return setting.level

    def _takes(self, glob: str, file: str) -> bool:
        if glob not in self._globs:
            self._globs[glob] = Glob.compile(glob)
        return self._globs[glob].takes(file)


def setting_problems(project: Project) -> Iterator[Diagnostic]:
    """What is wrong with the settings of rules in the project file."""
    for code, written in project.declared.lint.levels.items() if project.declared else ():
        yield from _problems(project, code, setting_of(written))


def _problems(project: Project, code: str, setting: RuleSetting) -> Iterator[Diagnostic]:
    from clawforge.lint.codes import not_known, severity_of

    pointer = f"/lint/levels/{code}"
    place = project.file_location(pointer)
    severity = severity_of(code)
    if severity is None:
        message = f"There is no lint rule `{code}`."
        yield Diagnostic("unknown-lint-rule", message, place, not_known(code))
        return
    if severity is Severity.ERROR:
        hint = "Remove it, and mend what the rule finds."
        if setting.level not in (None, LintLevel.ERROR):
            message = f"The lint rule `{code}` refuses the project and cannot be lowered."
            yield Diagnostic("lint-level", message, place, hint)
        if setting.include is not None or setting.exclude:
            message = f"The lint rule `{code}` refuses the project and cannot be limited to some files."
            yield Diagnostic("lint-level", message, place, hint)
        return
    files = (PROJECT_FILE, *project.files)
    for below, text in named_globs(setting):
        glob = Glob.compile(text)
        if not any(map(glob.takes, files)):
            message = f"`{text}` matches no file of this project."
            at = project.file_location(pointer + below)
            yield Diagnostic("lint-glob-matches-nothing", message, at, CODES[0].fix, Severity.WARNING)
