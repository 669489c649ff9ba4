"""The lines of a CODEOWNERS file: on GitHub the last that fits counts, on GitLab the last of each section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clawforge.change_control.code_owners import CodeOwners, Forge, OwnedPaths
from clawforge.change_control.owner_pattern import file_pattern, generic_path, owner_patterns
from clawforge.load.glob import Glob


def owner_lines(found: CodeOwners, forge: Forge, prefix: str, files: Iterable[str]) -> tuple[str, ...]:
    """Lines in a stable order, with what cannot be said as comments.

    `prefix` is the project's folder in the repository, with a slash at its end, or nothing. `files` are those of the
    project: where the owners of one would not be those of every rule that means it, it gets a line of its own.
    """
    said = _sections(found.owned, prefix) if forge is Forge.GITLAB else _one_list(found.owned, prefix, files)
    counts = [item for item in found.owned if item.count > 1 and forge is Forge.GITHUB]
    remarks = [
        *found.remarks,
        *(f"{item.place}: it asks for {item.count}, which owners cannot say." for item in counts),
    ]
    return (*said, *(f"# Not said here: {remark}" for remark in remarks))


def _sections(owned: Sequence[OwnedPaths], prefix: str) -> list[str]:
    """Every section is asked by itself, as every rule is."""
    lines: list[str] = []
    for item in owned:
        lines.append(f"[{item.place}][{item.count}]")
        patterns = dict.fromkeys(pattern for path in item.paths for pattern in owner_patterns(path, prefix))
        lines += [_line(pattern, item.owners) for pattern in patterns]
    return lines


def _one_list(owned: Sequence[OwnedPaths], prefix: str, files: Iterable[str]) -> list[str]:
    """One list for all rules. A line that wins over another one names the owners of both."""
    globs = {path: Glob.compile(path) for item in owned for path in item.paths}
    around = {path: {one for one in globs if _covers(globs[one], path)} | {path} for path in globs}
    order = sorted(globs, key=lambda path: (len(around[path]), path))
    by_glob = {path: _owners(owned, around[path]) for path in order}
    lines: dict[str, tuple[str, ...]] = {}
    for path in order:
        for pattern in owner_patterns(path, prefix):
            before = lines.pop(pattern, ())
            lines[pattern] = tuple(sorted({*before, *by_glob[path]}))
    for file in sorted(files):
        meant = {path for path in order if globs[path].takes(file)}
        last = next((path for path in reversed(order) if path in meant), None)
        owners = _owners(owned, meant)
        if last is not None and by_glob[last] != owners:
            lines[file_pattern(file, prefix)] = owners
    return [_line(pattern, owners) for pattern, owners in lines.items()]


def _covers(wide: Glob, path: str) -> bool:
    return wide.text != path and wide.takes(generic_path(path))


def _owners(owned: Sequence[OwnedPaths], paths: Iterable[str]) -> tuple[str, ...]:
    wanted = frozenset(paths)
    return tuple(sorted({owner for item in owned if wanted.intersection(item.paths) for owner in item.owners}))


def _line(pattern: str, owners: Sequence[str]) -> str:
    return f"{pattern} {' '.join(owners)}"
