"""What lint said about the same files before.

Rules look across files, so only an answer about all of them can be kept. It is found by everything that it was worked
out from: the names of the files, their bytes, what is wrong with those that cannot be read, and the program itself
(`clawforge_cli.build_id`). What depends on the present moment is not in the name: an answer says when it holds.

Which files belong to a project stands in `clawforge.yaml`. Its globs are kept too, by its bytes, as reading it needs
most of the program.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from clawforge.diagnostic import Diagnostic
from clawforge.load.tree import PROJECT_FILE, Globs, Tree

if TYPE_CHECKING:
    from clawforge.lint.outcome import LintOutcome
    from clawforge.load.files import Snapshot
    from clawforge.load.project_file import ProjectFile
    from clawforge_cli.cache import Cache


class LintCache:
    """Answers about one snapshot of a project. `build` names the program that gives them."""

    def __init__(self, cache: Cache, build: str, files: Snapshot) -> None:
        self.files = files
        self._cache = cache
        self._build = build

    def find(self, now: dt.datetime) -> LintOutcome | None:
        """What lint says of these files at this moment, if that is known."""
        from clawforge.lint.outcome import decode_outcome

        globs = self._globs()
        name = None if globs is None else self._name_of_answer(globs)
        data = None if name is None else self._cache.get(name)
        if data is None:
            return None
        try:
            outcome = decode_outcome(data)
        except ValueError:
            return None
        return outcome if now in outcome.report.holds else None

    def keep(self, declared: ProjectFile, outcome: LintOutcome) -> None:
        """Remember what lint found in the very files of the snapshot."""
        import orjson

        from clawforge.lint.outcome import encode_outcome

        include = ("**",) if declared.include is None else declared.include
        name = self._name_of_answer(Globs.compile(include, declared.exclude))
        if name is None:
            return
        try:
            data = encode_outcome(outcome)
        except ValueError:
            return
        self._cache.put(self._name_of_globs(), orjson.dumps([include, declared.exclude]))
        self._cache.put(name, data)

    def _globs(self) -> Globs | None:
        import orjson

        data = self._cache.get(self._name_of_globs())
        try:
            return None if data is None else Globs.compile(*orjson.loads(data))
        except (ValueError, TypeError, AttributeError):
            return None

    def _name_of_globs(self) -> str:
        return self._name("globs", _content(self.files.read(PROJECT_FILE)))

    def _name_of_answer(self, globs: Globs) -> str | None:
        """None for a project that is too large to be sure that what is looked up is what was read."""
        tree = self.files.find(globs)
        contents = []
        for path in (PROJECT_FILE, *tree.files):
            contents.append([path, _content(self.files.read(path))])
            if not self.files.whole:
                return None
        return self._name("lint", contents, _surroundings(tree))

    def _name(self, *parts: Any) -> str:
        import orjson

        return hashlib.sha256(orjson.dumps([self._build, *parts], default=list)).hexdigest()


def _content(data: bytes | Diagnostic) -> Any:
    return hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else astuple(data)


def _surroundings(tree: Tree) -> Any:
    """What was found beside the files: names that are no files of ours, and globs that take in nothing."""
    return [sorted(map(astuple, tree.problems)), sorted(tree.matched)]
