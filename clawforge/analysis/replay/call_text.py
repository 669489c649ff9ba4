"""A recorded call in a few words that whoever reads a plan may see: what it does, without the data that it holds."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from clawforge.decide.call import Tool, shown, tool_of
from clawforge.decide.hosts import host_of
from clawforge.decide.touched import command_text, touched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from clawforge.decide.dlp.engine import Scanner

WITHHELD = "(holds sensitive values)"
UNRECORDED = "(arguments not recorded)"

_VERB = re.compile(r"[a-z][a-z0-9-]{0,30}")
_MOST_THINGS = 3


def short_text(host: str, tool: str, params: Mapping[str, Any] | None, *, discreet: bool) -> str:
    """The program and the verb of a command, the files and hosts that are touched, or the names of the parameters.

    Nothing is told of a call that is `discreet`, or in which any detector finds what it looks for, whether or not a
    rule of the org asks for it: plans are read by more people than calls are.
    """
    if params is None:
        return UNRECORDED
    known = tool_of(host, tool)
    text = _command(params) if known.facets.command else _touched(params, known)
    if not text:
        text = ", ".join(sorted(shown(str(name)) for name in params)[: 2 * _MOST_THINGS])
    return WITHHELD if discreet or _is_sensitive(params, known) else shown(text)


def _command(params: Mapping[str, Any]) -> str:
    from clawforge.decide.shell import parse_command

    parts = []
    for command in command_text(params).commands:
        for simple in parse_command(command).commands:
            verb = simple.arguments[0] if simple.arguments else ""
            plain = [verb] if _VERB.fullmatch(verb) else []
            rest = ["…"] if len(simple.arguments) > len(plain) else []
            parts.append(" ".join([simple.program, *plain, *rest]))
    return "; ".join(parts[:_MOST_THINGS])


def _touched(params: Mapping[str, Any], tool: Tool) -> str:
    found = touched(params, tool.facets)
    hosts = [host for url in found.urls if (host := host_of(url)) is not None]
    return ", ".join(shown(item) for item in dict.fromkeys([*found.paths, *hosts][:_MOST_THINGS]))


def _is_sensitive(params: Mapping[str, Any], tool: Tool) -> bool:
    from clawforge.decide.dlp.scan_params import scan_params

    scan = scan_params(_every_detector(), dict(params), tool.name)
    return bool(scan.matches) or scan.truncated


@lru_cache(maxsize=1)
def _every_detector() -> Scanner:
    from clawforge.decide.dlp.engine import Scanner, ScanRule
    from clawforge.decide.dlp.registry import DETECTORS

    return Scanner([ScanRule(detector.id, detector=detector.id) for detector in DETECTORS])
