"""Whose home a call was made from can matter to rules about files, though it seldom does.

A replay takes everybody's home to be below `/home`, as `can` does. Calls from two homes get the same answer if the
names of both are alike to every glob, and no path of the call says by itself where a home is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from clawforge.decide.call import Tool
from clawforge.decide.paths import PathGlob
from clawforge.decide.resolved_path import Anchor
from clawforge.decide.touched import touched
from clawforge.effective import EffectivePaths

# Paths of one reading, from the root, the home or the workspace.
_PLAIN = re.compile(r"(?:~/|\$HOME/|\$WORKSPACE/)?[/A-Za-z0-9._-]*[A-Za-z0-9._/+=,-]*")
_MOST_KEPT = 100_000
_ORDINARY = re.compile(r"/home/[A-Za-z0-9_-][A-Za-z0-9._-]*")


class HomeNames:
    """Tells which homes are alike to some rules about files."""

    def __init__(self, rules: Iterable[EffectivePaths]) -> None:
        globs = [PathGlob.parse(text) for each in rules for text in (*each.deny, *each.read_only)]
        # Globs below the home or the workspace are held against what lies below it, whatever it is called.
        self._parts = tuple(
            part for glob in globs if glob.anchor is Anchor.ROOT for part in glob.parts if part is not None
        )
        self._known: dict[str, object] = {}

    def likeness(self, home: str) -> object:
        """Equal for homes that are alike to the rules; the home itself if it is an unusual one."""
        known = self._known.get(home)
        if known is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            known = self._known[home] = self._likeness(home)
        return known

    def _likeness(self, home: str) -> object:
        if _ORDINARY.fullmatch(home) is None:
            return home
        name = home.removeprefix("/home/")
        folded = name.casefold()
        return tuple(at for at, part in enumerate(self._parts) if part.matches(name, folded))


def names_no_home(params: Mapping[str, Any], tool: Tool) -> bool:
    """Whether no path of a call can be one of the homes, or lead there, other than through `~` and the workspace."""
    return all(
        _PLAIN.fullmatch(path) is not None and ".." not in path and "/home" not in path.lower()
        for path in touched(params, tool.facets).paths
    )
