"""The reference page of every rule, in Markdown, from what the rule says about itself."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.lint.acceptance import CODES
from clawforge.lint.levels import CODES as SETTINGS
from clawforge.lint.rule import Rule
from clawforge.problem_code import ProblemCode

INDEX = "README.md"
LOADING = "loading.md"
_HEAD = """\
# Lint rules

`clawforge lint` runs these on the files of a project. An error refuses a plan, here and on the server; a warning and a
note are shown. `clawforge lint --explain RULE` prints a page. Rules look at what could be read: what they say of a
resource with an error of its own is seen once that is mended. `--select` shows what some rules find, and beside it
always what could not be read.

`lint.levels` in `clawforge.yaml` makes a rule `error`, `warning`, `note` or `off`, in all files or in some; a rule that
refuses a project cannot be lowered. One finding is accepted for a while with a comment at its end or on the line above
it, or with a `Waiver` resource; both need a reason and an end.

```yaml
{form}
```

What is found by no rule, such as a key that stands twice, has [a code too](loading.md). Whatever code is printed,
`--explain`, `--select`, `--ignore`, `lint.levels` and a comment understand it.

"""
_BESIDE = """\
Every code that `clawforge lint` prints is a [rule](README.md) or stands here; `clawforge lint --explain CODE` prints
the same. An error refuses the project and cannot be lowered, ignored or accepted."""


def pages(rules: Sequence[Rule]) -> dict[str, str]:
    """Page by file name: one for each rule, one for what no rule finds, and the table of all."""
    found = {f"{rule.id}.md": page(rule) for rule in rules}
    found[LOADING] = _loading()
    found[INDEX] = _index(rules)
    return found


def page(rule: Rule) -> str:
    """What is reported, why, how it is mended, and an example of each."""
    fix = "`clawforge lint --fix` mends it.\n\n" if rule.fix is not None else ""
    return (
        f"# {rule.id}\n\n{rule.name}. Severity: {rule.severity}.\n\n## What it reports\n\n{rule.what}\n\n"
        f"## Why\n\n{rule.why}\n\n{_settings(rule)}## Example\n\n```yaml\n{rule.bad.rstrip()}\n```\n\n"
        f"## Instead\n\n{fix}```yaml\n{rule.good.rstrip()}\n```\n"
    )


def _settings(rule: Rule) -> str:
    return (
        f"## Settings\n\nWith this in `clawforge.yaml`:\n\n```yaml\n{rule.settings.rstrip()}\n```\n\n"
        if rule.settings
        else ""
    )


def code_page(about: ProblemCode) -> str:
    """What is reported under a code that no rule has, why, and what to do."""
    return (
        f"# {about.code}\n\nSeverity: {about.severity}.\n\n## What it reports\n\n{about.what}\n\n"
        f"## Why\n\n{about.why}\n\n## What to do\n\n{about.fix}\n"
    )


def page_of(code: str) -> str | None:
    """The page of a rule or of any other code that lint prints; None for one that does not exist."""
    from clawforge.lint.codes import codes

    about = codes().get(code)
    if about is None:
        return None
    return code_page(about) if isinstance(about, ProblemCode) else page(about)


def _loading() -> str:
    from clawforge.load.codes import CODES as FILES

    parts = ["# What no rule finds", _BESIDE]
    parts += ["## Finding and reading files", *map(_section, FILES)]
    parts += ["## Settings of rules", *map(_section, SETTINGS)]
    parts += ["## Suppressions and waivers", *map(_section, CODES)]
    return "\n\n".join(parts) + "\n"


def _section(about: ProblemCode) -> str:
    return f"### {about.code}\n\nSeverity: {about.severity}. {about.what} {about.why}\n\n{about.fix}"


def _index(rules: Sequence[Rule]) -> str:
    from clawforge.lint.suppression import FORM

    rows = [
        f"| [{rule.id}]({rule.id}.md) | {rule.severity} | {_fixable(rule)} | {_cell(rule.name)} |" for rule in rules
    ]
    table = ["| Rule | Severity | `--fix` | |", "|-|-|-|-|", *rows]
    return _HEAD.format(form=FORM) + "\n".join(table) + "\n"


def _fixable(rule: Rule) -> str:
    return "yes" if rule.fix is not None else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
