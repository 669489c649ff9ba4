"""Files: decided over all paths and all places of the home and the workspace, by automata."""

from __future__ import annotations

from functools import lru_cache

from clawforge.analysis.language.budget import Budget, TooComplexError
from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, united, with_note
from clawforge.decide.facets import Facets
from clawforge.decide.paths import GlobList, PathGlob, is_in_workspace
from clawforge.decide.resolved_path import Anchor, ResolvedPath, Surroundings, readings, surroundings
from clawforge.effective import EffectivePaths

_UNKNOWN = "~nobody/file"
"""A path that leads nobody knows where."""

_HOME, _WORKSPACE = "/home/user", "/home/user/workspace"
_PLAIN_PATH, _ELSEWHERE = f"{_WORKSPACE}/file", "/elsewhere/file"
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


def plain_paths(before: EffectivePaths, after: EffectivePaths, facets: Facets) -> frozenset[Pair]:
    """Some of the pairs of `path_outcomes`: those of what the globs that differ say most plainly."""
    if facets.paths is None or not (_says(before) or _says(after)):
        return frozenset(FREE)
    found = _plain_paths(before, after, facets.paths != "read")
    return found if facets.path_needed or facets.path_default else found | frozenset(FREE)


def same_folders(before: EffectivePaths, after: EffectivePaths) -> bool:
    """Whether tools that read all that lies below a folder are kept from the same folders, as far as the globs that
    differ tell. The host whose calls are compared has no such tool; others have, and go by the same globs."""
    around = surroundings(_HOME, _WORKSPACE)
    sides = (GlobList(before.deny), GlobList(after.deny))
    for text in {*before.deny} ^ {*after.deny}:
        names = PathGlob.parse(text).folder(around)
        for count in range(1, len(names) + 1):
            folder = ResolvedPath(Anchor.ROOT, names[:count])
            kept = [side.find(folder, around, recursive=True) is not None for side in sides]
            if kept[0] is not kept[1]:
                return False
    return True


def paths_within(rules: EffectivePaths, facets: Facets, globs: tuple[str, ...]) -> Outcomes:
    """The levels of calls that touch a file which the globs mean. Raises TooComplexError."""
    if facets.paths is None:
        return {}
    return _path_outcomes(rules, rules, facets.paths != "read", globs)


@lru_cache(maxsize=4096)
def _plain_paths(before: EffectivePaths, after: EffectivePaths, writes: bool) -> frozenset[Pair]:
    around = surroundings(_HOME, _WORKSPACE)
    globs = {*before.deny, *before.read_only} ^ {*after.deny, *after.read_only}
    found = {(_unknown(before, writes), _unknown(after, writes))}
    for text in (_PLAIN_PATH, _ELSEWHERE, *map(_plain, globs)):
        meant = readings(text, around)
        if len(meant) == 1:
            found.add((_judged(before, writes, meant[0], around), _judged(after, writes, meant[0], around)))
    return frozenset(found)


def _plain(glob: str) -> str:
    """A path that the glob means, unless it has characters of another meaning."""
    return glob.replace("**", "x").replace("*", "x").replace("?", "x")


def _judged(rules: EffectivePaths, writes: bool, path: ResolvedPath, around: Surroundings) -> Level:
    globs = GlobList((*rules.deny, *(rules.read_only if writes else ())))
    return _level(rules, globs.find(path, around) is not None, inside=is_in_workspace(path, around))


def _says(rules: EffectivePaths) -> bool:
    return bool(rules.deny or rules.read_only or rules.workspace_only)


@lru_cache(maxsize=4096)
def _path_outcomes(before: EffectivePaths, after: EffectivePaths, writes: bool, within: Within) -> Outcomes:
    if before == after and within is None and _is_free(before, writes):
        return {(Level.ALLOW, Level.ALLOW): Example({"path": _PLAIN_PATH}, _HOME, _WORKSPACE), _DENIED: Example()}
    from clawforge.analysis.language.paths import path_vectors

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
        raise TooComplexError("Some path globs could not be told apart by an example.")
    unknown = (_unknown(before, writes), _unknown(after, writes))
    found.setdefault(unknown, with_note(Example({"path": _UNKNOWN}), "a path that leads nobody knows where"))
    return found


def _is_free(rules: EffectivePaths, writes: bool) -> bool:
    """Whether an ordinary file passes. Where both sides say the same nothing more has to be known."""
    around = surroundings(_HOME, _WORKSPACE)
    (path,) = readings(_PLAIN_PATH, around)
    return _judged(rules, writes, path, around) is Level.ALLOW


def _level(rules: EffectivePaths, denied: bool, *, inside: bool) -> Level:
    return Level.DENY if denied or (rules.workspace_only and not inside) else Level.ALLOW


def _unknown(rules: EffectivePaths, writes: bool) -> Level:
    """What cannot be known counts as meant by every glob."""
    refused = rules.deny or rules.workspace_only or (writes and rules.read_only)
    return Level.DENY if refused else Level.ALLOW
