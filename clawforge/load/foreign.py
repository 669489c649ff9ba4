"""YAML of other programs that lies in a project: what to do about it is said where it is first met."""

from __future__ import annotations

import re
from dataclasses import replace

from clawforge.diagnostic import Diagnostic
from clawforge.resource.registry import BY_KIND

_OURS = re.compile(rb"clawforge/v|^[\"']?kind[\"']?\s*:\s*[\"']?(?:%s)\b" % "|".join(BY_KIND).encode(), re.MULTILINE)


def looks_foreign(data: bytes) -> bool:
    """Whether nothing in a file speaks of this program or of a kind that it knows."""
    return _OURS.search(data) is None


def with_way_out(problems: list[Diagnostic]) -> list[Diagnostic]:
    """The problems of one foreign file, the first of them with how to leave the file out."""
    if not problems:
        return []
    first, *others = problems
    way_out = f"If this file is not meant for clawforge, add `{first.location.file}` to `exclude` in clawforge.yaml."
    hint = way_out if first.code == "not-a-resource" else f"{first.hint} {way_out}".strip()
    return [replace(first, hint=hint), *others]
