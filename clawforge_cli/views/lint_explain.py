"""What a rule is about."""

from __future__ import annotations

from clawforge.errors import InputError
from clawforge.lint.acceptance import CODES
from clawforge.lint.pages import acceptance_page, page
from clawforge.lint.registry import RULES
from clawforge.load.problem_list import shown
from clawforge.spelling import nearest
from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import Printer


def show_text(name: str) -> None:
    """The page of the rule. Raises InputError if there is no such rule."""
    rule = next((rule for rule in RULES if rule.id == name), None)
    text = page(rule) if rule is not None else acceptance_page(name)
    if text is None:
        raise _unknown(name)
    printer = Printer()
    for line in text.rstrip().split("\n"):
        printer.line(("bold", line.lstrip("# ")) if line.startswith("#") else line)


def show_json(name: str) -> None:
    """`{id, name, severity, what, why, bad, good, fixable}`. Raises InputError if there is no such rule."""
    rule = next((rule for rule in RULES if rule.id == name), None)
    if rule is not None:
        body = {key: getattr(rule, key) for key in ("id", "name", "severity", "what", "why", "bad", "good")}
        json_documents.show({**body, "fixable": rule.fix is not None})
        return
    about = next((about for about in CODES if about.code == name), None)
    if about is None:
        raise _unknown(name)
    json_documents.show({"id": about.code, "severity": "warning", "what": about.what, "why": about.why})


def _unknown(name: str) -> InputError:
    guess = nearest(name, [rule.id for rule in RULES] + [about.code for about in CODES])
    hint = f"Did you mean `{guess}`?" if guess else "`clawforge rules` lists them."
    return InputError(f"There is no lint rule {shown(name)}.", hint=hint)
