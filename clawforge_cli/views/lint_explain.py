"""What a rule is about."""

from __future__ import annotations

from clawforge.errors import InputError
from clawforge.lint.codes import codes, not_known
from clawforge.lint.pages import page_of
from clawforge.load.problem_list import shown
from clawforge.problem_code import ProblemCode
from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import Printer, wrapped

_WIDTH = 80


def show_text(name: str) -> None:
    """The page of a rule or of any other code. Raises InputError for one that does not exist."""
    text = page_of(name)
    if text is None:
        raise _unknown(name)
    _show_page(text, Printer())


def _show_page(text: str, printer: Printer) -> None:
    """Markdown as a person reads it: headings stand out, examples are indented, sentences are folded between words."""
    room = min(printer.columns, _WIDTH)
    example = False
    for line in text.rstrip().split("\n"):
        if line.startswith("```"):
            example = not example
        elif example:
            printer.line(f"    {line}".rstrip())
        elif line.startswith("#"):
            printer.line(("bold", line.lstrip("# ")))
        else:
            for part in wrapped(line, room):
                printer.line(part)


def show_json(name: str) -> None:
    """`{id, name, severity, what, why, bad, good, fixable}` of a rule, `{id, severity, what, why, fix}` of any other
    code. Raises InputError for one that does not exist.
    """
    about = codes().get(name)
    if about is None:
        raise _unknown(name)
    if isinstance(about, ProblemCode):
        body = {key: getattr(about, key) for key in ("severity", "what", "why", "fix")}
        json_documents.show({"id": about.code, **body})
        return
    body = {key: getattr(about, key) for key in ("id", "name", "severity", "what", "why", "bad", "good")}
    json_documents.show({**body, "fixable": about.fix is not None})


def _unknown(name: str) -> InputError:
    return InputError(f"There is no lint rule {shown(name)}.", hint=not_known(name))
