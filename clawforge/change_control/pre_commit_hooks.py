"""The hooks of pre-commit that a project's ChangePolicies ask for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from clawforge.layout.spell import spelled
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.meta import Resource

_RUNS = (
    ("clawforge-fmt", "clawforge fmt --check"),
    ("clawforge-lint", "clawforge lint"),
    ("clawforge-test", "clawforge test"),
)
_OWNERS = "clawforge-codeowners"


def hook_lines(resources: Iterable[Resource], prefix: str, *, owners: str | None) -> tuple[str, ...]:
    """One repository of local hooks as an item of `repos`, in YAML: the program that is installed here runs.

    `prefix` is the project's folder in the repository, with a slash at its end, or nothing; `owners` is the forge whose
    CODEOWNERS has to say what the ChangePolicies ask for.
    """
    runs = [*_RUNS, *([(_OWNERS, f"clawforge codeowners --check --forge {owners}")] if owners else [])]
    folder = shlex.quote(f"./{prefix.rstrip('/')}") if prefix.startswith("-") else shlex.quote(prefix.rstrip("/"))
    files = f"^{re.escape(prefix)}.*\\.ya?ml$" if prefix else r"\.ya?ml$"
    lines = ["- repo: local", "  hooks:"]
    for name, command in runs:
        lines += [
            f"    - id: {name}",
            f"      name: {command.partition(' --')[0]}",
            f"      entry: {spelled(f'{command} {folder}' if prefix else command)}",
            "      language: system",
            f"      files: {spelled(files if name != _OWNERS else f'{files}|(^|/)CODEOWNERS$')}",
            "      pass_filenames: false",
        ]
    return (*(f"# {text}" for text in _signing(resources)), *lines)


def _signing(resources: Iterable[Resource]) -> list[str]:
    wanting = [item.address for item in resources if isinstance(item, ChangePolicy) and item.spec.signed_commits]
    if not wanting:
        return []
    return [f"{', '.join(sorted(wanting))} wants signed commits: git config commit.gpgsign true"]
