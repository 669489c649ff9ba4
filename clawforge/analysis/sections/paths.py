"""Files: decided over all paths and all places of the home and the workspace, by automata."""

from __future__ import annotations

from functools import lru_cache

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.paths import path_vectors
from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, united, with_note
from clawforge.decide.facets import Facets
from clawforge.decide.paths import GlobList
from clawforge.decide.resolved_path import readings, surroundings
from clawforge.effective import EffectivePaths

_UNKNOWN = "~nobody/file"
"""A path that leads nobody knows where."""

_HOME, _WORKSPACE = "/home/user", "/home/user/workspace"
_PLAIN_PATH = f"{_WORKSPACE}/file"
_DENIED = (Level.DENY, Level.DENY)

Within = tuple[str, ...] | None
"""Globs of which one must mean the path; None for any path."""


def path_outcomes(before: EffectivePaths, after: EffectivePaths, facets: Facets) -> Outcomes:
    """The pairs of calls to a tool that touches files. Raises TooComplexError."""
    if facets.paths is None or not (_says(before) or _says(after)):
        return FREE
    writes = facets.paths != "read"
    parts = [] if facets.path_needed or facets.path_default else [FREE]
    return united((*parts, _path_outcomes(before, after, writes, None)))


def paths_within(rules: EffectivePaths, facets: Facets, globs: tuple[str, ...]) -> Outcomes:
    """The levels of calls that touch a file which the globs mean. Raises TooComplexError."""
    if facets.paths is None:
        return {}
    return _path_outcomes(rules, rules, facets.paths != "read", globs)


def _says(rules: EffectivePaths) -> bool:
    return bool(rules.deny or rules.read_only or rules.workspace_only)


@lru_cache(maxsize=4096)
def _path_outcomes(before: EffectivePaths, after: EffectivePaths, writes: bool, within: Within) -> Outcomes:
    if before == after and within is None and _is_free(before, writes):
        return {(Level.ALLOW, Level.ALLOW): Example({"path": _PLAIN_PATH}, _HOME, _WORKSPACE), _DENIED: Example()}
    lists = [before.deny, after.deny, *((before.read_only, after.read_only) if writes else ())]
    distinct = list(dict.fromkeys([*lists, *(() if within is None else (within,))]))
    vectors = path_vectors(distinct, Budget())
    found: dict[Pair, Example] = {}
    for vector, place in vectors.found.items():
        if within is not None and not vector[distinct.index(within)]:
            continue
        inside = vector[-1]
        denied = [vector[distinct.index(globs)] for globs in lists]
        pair = (
            _level(before, any(denied[0::2]), inside=inside),
            _level(after, any(denied[1::2]), inside=inside),
        )
        found.setdefault(pair, Example({"path": place.path}, place.home, place.workspace))
    if vectors.unverified:
        from clawforge.analysis.language.budget import TooComplexError

        raise TooComplexError("Some path globs could not be told apart by an example.")
    unknown = (_unknown(before, writes), _unknown(after, writes))
    found.setdefault(unknown, with_note(Example({"path": _UNKNOWN}), "a path that leads nobody knows where"))
    return found


def _is_free(rules: EffectivePaths, writes: bool) -> bool:
    """Whether an ordinary file passes. Where both sides say the same nothing more has to be known."""
    around = surroundings(_HOME, _WORKSPACE)
    (path,) = readings(_PLAIN_PATH, around)
    globs = (*rules.deny, *(rules.read_only if writes else ()))
    return GlobList(globs).find(path, around) is None


def _level(rules: EffectivePaths, denied: bool, *, inside: bool) -> Level:
    return Level.DENY if denied or (rules.workspace_only and not inside) else Level.ALLOW


def _unknown(rules: EffectivePaths, writes: bool) -> Level:
    """What cannot be known counts as meant by every glob."""
    refused = rules.deny or rules.workspace_only or (writes and rules.read_only)
    return Level.DENY if refused else Level.ALLOW
