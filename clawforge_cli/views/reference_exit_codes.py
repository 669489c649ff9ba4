"""The reference page of the exit codes, in Markdown."""

from __future__ import annotations

from clawforge.field_docs import field_docs
from clawforge_cli.exit_codes import ExitCode

_HEAD = """\
# Exit codes

Every command ends with one of these. Only `--detailed-exitcode` adds a code; no other option changes what a code means.

| Code | Name | |
|-|-|-|
"""


def exit_codes_page() -> str:
    """Every code and what it means to a script."""
    docs = field_docs(ExitCode)
    return _HEAD + "".join(f"| {code.value} | {code.name} | {docs[code.name]} |\n" for code in ExitCode)
