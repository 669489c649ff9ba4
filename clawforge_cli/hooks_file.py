"""The configuration of pre-commit in the repository around a project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clawforge.errors import InputError
from clawforge_cli.repository_files import Surroundings, text_of

if TYPE_CHECKING:
    from clawforge.load.project import Project

FILE = ".pre-commit-config.yaml"
_REPOS = re.compile(r"repos:\s*(#.*)?")
_ITEM = re.compile(r"( *)- ")
_BY_HAND = "Put these lines below `repos:` yourself: `clawforge pre-commit` prints them."


@dataclass(frozen=True, slots=True)
class HooksFile:
    """`before` is what it holds, None if it is not there; `lines` are ours, without the marks around them."""

    surroundings: Surroundings
    before: bytes | None
    after: bytes
    lines: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether writing it changes anything."""
        return self.before != self.after

    @classmethod
    def of(cls, project: Project) -> HooksFile:
        """The file with the hooks in it, read back: all else in it says what it said. Raises InputError where that
        cannot be done."""
        from clawforge.change_control.pre_commit_hooks import hook_lines
        from clawforge.marked_block import Marks, put_block

        surroundings = Surroundings.of(project.root)
        before = surroundings.read(FILE)
        text = text_of(FILE, before)
        marks = Marks(surroundings.prefix or "./", "from the ChangePolicies, by `clawforge pre-commit --write`")
        lines = hook_lines(project.values, surroundings.prefix, owners=_owners(project, surroundings))
        if before is None:
            text = "repos:\n"
        at, indent = _place(text)
        after = put_block(text, marks, lines, at=at, indent=indent).text
        _prove(text, after)
        return cls(surroundings, before, after.encode(), lines)

    def write(self) -> None:
        """Put it into the repository. Raises ConflictError and ClawforgeError."""
        self.surroundings.write(FILE, self.before, self.after)


def _owners(project: Project, surroundings: Surroundings) -> str | None:
    """The forge whose owners are kept in the repository already: nobody is asked to begin with it here."""
    from clawforge.change_control.code_owners import Forge
    from clawforge_cli.owners_file import OwnersFile

    for forge in Forge:
        found = OwnersFile.of(project, forge)
        mark = f"# BEGIN clawforge {surroundings.prefix or './'}:".encode()
        if found.before is not None and mark in found.before:
            sections = re.search(rb"^\[ChangePolicy/", found.before, re.MULTILINE) is not None
            return Forge.GITLAB.value if sections else Forge.GITHUB.value
    return None


def _place(text: str) -> tuple[int, str]:
    """Before which line a new block goes, and how far its items are indented."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = next((number for number, line in enumerate(lines) if _REPOS.fullmatch(line.rstrip())), None)
    if start is None:
        raise InputError(f"{FILE} has no list `repos:` on lines of its own.", hint=_BY_HAND, code="not-written")
    for line in lines[start + 1 :]:
        item = _ITEM.match(line)
        if item is not None:
            return start + 1, item[1]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return start + 1, "  "


def _prove(before: str, after: str) -> None:
    old, new = _read(before), _read(after)
    others = [item for item in new.pop("repos") if not _is_ours(item)]
    kept = [item for item in old.pop("repos", None) or [] if not _is_ours(item)]
    if others != kept or old != new:
        raise InputError(f"{FILE} would not say any more what it says.", hint=_BY_HAND, code="not-written")


def _is_ours(repository: Any) -> bool:
    hooks = repository.get("hooks") if isinstance(repository, dict) else None
    named = [str(hook.get("id")) for hook in hooks if isinstance(hook, dict)] if isinstance(hooks, list) else []
    return bool(named) and all(name.startswith("clawforge-") for name in named)


def _read(text: str) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        found = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InputError(f"{FILE} is no YAML that can be read.", hint=_BY_HAND, code="not-written") from error
    if not isinstance(found, dict) or not isinstance(found.get("repos") or [], list):
        raise InputError(f"{FILE} is no configuration of pre-commit.", hint=_BY_HAND, code="not-written")
    return found
