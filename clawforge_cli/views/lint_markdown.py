"""What lint found, as a table in GitHub's Markdown, for a summary or a comment."""

from __future__ import annotations

import re

from clawforge.diagnostic import Severity
from clawforge.lint.report import LintReport
from clawforge_cli.views.human_problems import count_line
from clawforge_cli.views.terminal import Printer, safe

# What means something to Markdown, to GitHub's links and emoji, or to HTML.
_PUNCTUATION = re.compile(r"[!#$&()*+.:<>@\[\\\]^_`{|}~-]")
_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# After these GitHub looks for a person or an issue; an empty comment tells them apart from what follows.
_REFERENCE = frozenset("@#")


def show_markdown(report: LintReport, printer: Printer, *, files: int, resources: int) -> None:
    """The count, then one row a finding."""
    reported = report.reported
    printer.line("### clawforge lint")
    printer.line()
    printer.line(markdown_text(count_line([item.diagnostic for item in reported], files, resources)))
    accepted = len(report.items) - len(reported)
    if accepted:
        printer.line(f"{accepted} accepted by a suppression or a waiver.")
    if not reported:
        return
    printer.line()
    printer.line("| | Rule | Place | What | What to do |")
    printer.line("|-|-|-|-|-|")
    for severity in Severity:
        for item in reported:
            problem = item.diagnostic
            if problem.severity is severity:
                cells = (severity.value, problem.code, problem.location, problem.message, problem.hint)
                printer.line(f"| {' | '.join(markdown_text(cell) for cell in cells)} |")


def markdown_text(text: object) -> str:
    """Untrusted text as text: nothing in it is markup, a link, an address or a mention."""
    return _PUNCTUATION.sub(_escaped, safe(text))


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in _REFERENCE:
        return f"\\{character}<!-- -->"
    return _ENTITY.get(character, f"\\{character}")
