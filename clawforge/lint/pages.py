"""The reference page of every rule, in Markdown, from what the rule says about itself."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.lint.acceptance import CODES
from clawforge.lint.rule import Rule

INDEX = "README.md"
_HEAD = """\
# Lint rules

`clawforge lint` runs these on the files of a project. An error refuses a plan, here and on the server; a warning and a
note are shown. `clawforge lint --explain RULE` prints a page.

`lint.levels` in `clawforge.yaml` makes a rule `error`, `warning`, `note` or `off`; a rule that refuses a project cannot
be lowered. One finding is accepted for a while with a comment at its end or on the line above it, or with a
`Waiver` resource; both need a reason and an end.

```yaml
{form}
```

"""


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Page by file name: one for each rule, and the table of all."""
    found = {f"{rule.id}.md": page(rule) for rule in rules}
    found[INDEX] = _index(rules)
    return found


def page(rule: Rule) -> str:
    """What is reported, why, how it is mended, and an example of each."""
    fix = "`clawforge lint --fix` mends it.\n\n" if rule.fix is not None else ""
    return (
        f"# {rule.id}\n\n{rule.name}. Severity: {rule.severity}.\n\n## What it reports\n\n{rule.what}\n\n"
        f"## Why\n\n{rule.why}\n\n## Example\n\n```yaml\n{rule.bad.rstrip()}\n```\n\n"
        f"## Instead\n\n{fix}```yaml\n{rule.good.rstrip()}\n```\n"
    )


def acceptance_page(code: str) -> str | None:
    """What is known about a code that no rule has but acceptances do; None for any other."""
    for about in CODES:
        if about.code == code:
            return (
                f"# {code}\n\nSeverity: warning.\n\n## What it reports\n\n{about.what}\n\n## Why\n\n{about.why}\n\n"
                + (f"## What to do\n\n{about.fix}\n")
            )
    return None


def _index(rules: Sequence[Rule]) -> str:
    from clawforge.lint.suppression import FORM

    rows = [
        f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {_fixable(rule)} | {_cell(rule.name)} |" for rule in rules
    ]
    table = ["| Rule | Severity | `--fix` | |", "|-|-|-|-|", *rows]
    beside = [f"| {about.code} | {_cell(about.what)} {_cell(about.fix)} |" for about in CODES]
    others = ["## About suppressions and waivers", "", "| Code | |", "|-|-|", *beside]
    return _HEAD.format(form=FORM) + "\n".join([*table, "", *others]) + "\n"


def _fixable(rule: Rule) -> str:
    return "yes" if rule.fix is not None else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
